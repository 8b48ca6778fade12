"""One filled view for each state of each console page; every invented name ends in "(mẫu)"."""

from dataclasses import replace
from typing import Final

from gateway.doors.consoles.developers.views import AppLine, AppPageView, AppsView, AskLine, KeyLine
from gateway.doors.consoles.developers.views_notices import ConfirmNoticesView, NoticeKeyLine, NoticeLine, NoticesView
from gateway.doors.consoles.operators.views import (
    Change,
    ExportView,
    IdentityView,
    Integrity,
    LogRow,
    LogView,
    PartView,
    ProofView,
    QueryError,
    RecordView,
)
from gateway.ground.web.frame import PageView
from gateway.records.grants.types import AskTally
from tests.unit.web.samples import CONSENT, NOW

WHOLE: Final = Integrity("whole", 48213, 48213, NOW, 48100)
FAULTS: Final = ("lr_8: bản ghi đã bị sửa hoặc mất", "lr_9: quyền không như nhật ký nói")
BROKEN: Final = Integrity("broken", 48213, 48100, NOW, 48100, FAULTS, 3, 60)
ROW: Final = LogRow(
    source="log",
    record_id="lr_48213",
    at=NOW,
    act="agree",
    title="Đồng ý 4/6 mục",
    app="Sổ bán hàng (mẫu)",
    account="OA Cà Phê Góc Phố (mẫu)",
    asks="profile, order_update, tags, follower_phone",
    seq=48213,
)
LOG_ROWS: Final = (
    ROW,
    replace(ROW, record_id="lr_2", act="refuse", title="Từ chối", asks="6 mục", seq=48212),
    replace(
        ROW,
        record_id="lr_3",
        act="suspend",
        title="Đình chỉ ứng dụng",
        account="Người vận hành VH-01",
        asks="Lý do: gọi sai mục đích",
        seq=48211,
    ),
    replace(
        ROW,
        record_id="tr_4",
        source="trace",
        act="call",
        title="GET /zalo/v3.0/oa/user/detail",
        reason="limited",
        seq=None,
    ),
    replace(ROW, record_id="lr_5", act="look_up", title="Người vận hành xem", app="", asks="", seq=48209),
    replace(ROW, record_id="lr_6", act="an_act_of_tomorrow", title="Việc mới", seq=48208),
)
LOG: Final = LogView(
    query='after:"2026-11-20 10:42" source:log',
    integrity=WHOLE,
    rows=LOG_ROWS,
    older="/operators/log?cursor=x",
    values=(("outcome:", ("done", "open", "passed", "refused", "failed", "cut")), ("source:", ("log", "trace"))),
)
EXPORT: Final = ExportView("app:so", ("csv", "ndjson", "json"))
HASH: Final = "9f3a51c807deb24e66a01d93f8b52c749f3a51c807deb24e66a01d93f8b52c74"
RECORD: Final = RecordView(
    row=ROW,
    facts=(("Người quyết", "ps_4f7Kq2mau"), ("Thông báo", "TB-ZOA-014, bản 3")),
    integrity=WHOLE,
    changes=(Change("profile", "", "granted"), Change("promo", "granted", "withdrawn")),
    proof=ProofView("holds", 48212, HASH, 48213, "quyen.example/log\n48213\nnzpRyAfeskyg\n\n— quyen.example/log mau\n"),
    parts=(PartView("evidence", "ps_4f7Kq2mau", HASH), PartView("identity", "ps_4f7Kq2mau", HASH, is_erased=True)),
    may_open=True,
)
ASKS: Final = tuple(
    AskLine(ask, f"zalo.scope.{ask.id}#mau", AskTally(410, 3, 1204, 27, 1, 12), unlinked_refusals=2)
    for ask in CONSENT.asks
)
APP_PAGE: Final = AppPageView(
    name="Sổ bán hàng (mẫu)",
    legal_name="Công ty TNHH Sổ Bán Hàng (mẫu)",
    address="1 Phố Mẫu, Hà Nội (mẫu)",
    contact="dulieu@sobanhang.example",
    country="Việt Nam",
    domain="sobanhang.example",
    state="reviewed",
    registered_at=NOW,
    reviewed_at=NOW,
    client_id="ap_4f7Kq2mau",
    redirect_uris=("https://sobanhang.example/tro-ve", "com.example.sobanhang:/tro-ve"),
    asks=ASKS,
    keys=(KeyLine("k7Qd", NOW), KeyLine("02Ax", NOW, ended_at=NOW)),
    may_refresh=True,
    may_use_devices=True,
    dialect="Zalo",
    upstreams=("Zalo OA · 2233445566778899001",),
)
NOTICES: Final = NoticesView(
    client_id="ap_4f7Kq2mau",
    name="Sổ bán hàng (mẫu)",
    state="live",
    url="https://sobanhang.example/thong-bao",
    keys=(NoticeKeyLine("k7Qd", "whpk_" + "A" * 43 + "=", NOW),),
    lines=tuple(
        NoticeLine(f"nt_{state}", "quyen.grant.withdrawn", "gr_4f7Kq2mau", 7, state, tries, outcome, NOW, next_try_at)
        for state, tries, outcome, next_try_at in (
            ("waiting", 0, "", NOW),
            ("waiting", 2, "không nối được", NOW),
            ("delivered", 1, "200", None),
            ("superseded", 1, "503", None),
            ("given_up", 10, "404", None),
            ("gone", 1, "410", None),
        )
    ),
    older="/developers/ap_4f7Kq2mau/notices?cursor=x",
)
CONFIRM: Final = ConfirmNoticesView(
    NOTICES.client_id,
    NOTICES.name,
    NOTICES.url,
    "rotate",
    (*NOTICES.keys, NoticeKeyLine("02Ax", "whpk_x", NOW)),
    "nk_1",
)
LINE: Final = AppLine("ap_1", "Sổ bán hàng (mẫu)", "sobanhang.example", "reviewed", 6, 1204)

CONSOLE_PAGES: Final[dict[str, PageView]] = {
    "notices": NOTICES,
    "notices-none": replace(NOTICES, state="none", url="", keys=(), lines=(), older=""),
    "notices-cleared": replace(NOTICES, state="none", url="", keys=(), is_cleared=True),
    "notices-confirm-rotate": CONFIRM,
    "notices-confirm-clear": replace(CONFIRM, action="clear"),
    "notices-secret": replace(NOTICES, raw_secret="whsec_" + "A" * 48),
    "notices-bad": replace(NOTICES, is_bad_url=True, url="http://x"),
    "notices-local": replace(NOTICES, is_local=True, url="http://127.0.0.1:8403/notices"),
    "notices-gone": replace(NOTICES, state="gone", newest="/developers/ap_4f7Kq2mau/notices"),
    "log": LOG,
    "log-empty": replace(LOG, rows=(), query="app:khong-co", integrity=Integrity("unknown", 0)),
    "log-new": replace(LOG, rows=(), query=""),
    "log-error": replace(LOG, rows=(), query="ap:x", error=QueryError(1, "ap:", "app:x")),
    "log-error-plain": replace(LOG, rows=(), query='"', error=QueryError(1, '"')),
    "log-reason": replace(LOG, rows=(), query="person:khach-1", needs_reason=True),
    "log-broken": replace(LOG, integrity=BROKEN, reason="trả lời khiếu nại số 192", newest="/operators/log?q=x"),
    "export": EXPORT,
    "export-reason": replace(EXPORT, chosen="json", needs_reason=True),
    "export-format": replace(EXPORT, has_bad_format=True),
    "export-error": replace(EXPORT, query="ap:x", error=QueryError(1, "ap:", "app:x")),
    "record": RECORD,
    "record-reason": replace(RECORD, needs_reason=True, reason="  "),
    "record-opened": replace(
        RECORD, is_opened=True, identities=(IdentityView("ps_1", "Trần Minh Hạnh (mẫu)", "chu-shop-1"),)
    ),
    "record-erased": replace(RECORD, may_open=False, is_opened=True),
    "record-stuck": replace(RECORD, is_stuck=True),
    "record-broken": replace(RECORD, integrity=BROKEN, proof=ProofView("broken", 7, HASH), parts=()),
    "record-unsigned": replace(RECORD, proof=ProofView("unsigned", 7, HASH), parts=(), changes=()),
    "record-damaged": replace(
        RECORD, row=replace(ROW, act="damaged"), is_damaged=True, facts=(), changes=(), proof=None, parts=()
    ),
    "record-trace": replace(RECORD, row=LOG_ROWS[3], facts=(), changes=(), proof=None, parts=()),
    "apps": AppsView((LINE, replace(LINE, id="ap_2", name="Giao hàng (mẫu)", state="unreviewed"))),
    "apps-empty": AppsView(()),
    "app": APP_PAGE,
    "app-suspended": replace(
        APP_PAGE, state="suspended", keys=(), asks=(), dialect="", suspended_because="gọi sai mục đích"
    ),
    "app-restored": replace(APP_PAGE, state="suspended", keys=(), asks=(), dialect="", was_restored=True),
    "app-own-keys": replace(APP_PAGE, keys=(), own_keys=("ec-1", "ed-2026"), must_push=True, binds_tokens=True),
    "app-public": replace(APP_PAGE, state="unreviewed", keys=(), is_public=True, reviewed_at=None),
}
