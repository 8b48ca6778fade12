"""One filled view for each state of each console page; every invented name ends in "(mẫu)"."""

from dataclasses import replace
from typing import Final

from gateway.doors.consoles.developers.views import AppLine, AppPageView, AppsView, AskCounts, KeyLine
from gateway.doors.consoles.operators.views import Integrity, LogRow, LogView, QueryError, RecordView
from gateway.ground.web.frame import PageView
from tests.unit.web.samples import NOW

WHOLE: Final = Integrity("whole", 48213, NOW)
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
    replace(ROW, record_id="tr_4", source="trace", act="call", title="GET /zalo/v3.0/oa/user/detail", seq=None),
    replace(ROW, record_id="lr_5", act="look_up", title="Người vận hành xem", app="", asks="", seq=48209),
    replace(ROW, record_id="lr_6", act="an_act_of_tomorrow", title="Việc mới", seq=48208),
)
LOG: Final = LogView(
    query='after:"2026-11-20 10:42" source:log',
    integrity=WHOLE,
    rows=LOG_ROWS,
    older="/operators/log?cursor=x",
    exports=tuple((kind, f"/operators/log/export?format={kind}") for kind in ("csv", "ndjson", "json", "ocsf")),
)
RECORD: Final = RecordView(
    row=ROW,
    facts=(("Người quyết", "Trần Minh Hạnh (mẫu)"), ("Thông báo", "TB-ZOA-014, bản 3")),
    integrity=WHOLE,
    changes=(("profile", "", "granted"), ("promo", "granted", "withdrawn")),
    leaf_hash="9f3a51c807deb24e66a01d93f8b52c749f3a51c807deb24e66a01d93f8b52c74",
    payload_hash="0d93f8b52c749f3a51c807deb24e66a01d93f8b52c749f3a51c807deb24e66a0",
)
ASKS: Final = tuple(
    AskCounts(name, scope, purpose, name == "profile", 410, 27, 1204)
    for name, scope, purpose in (
        ("profile", "zalo.profile.read", "hiện đúng tên OA"),
        ("order_update", "zalo.message.send#order_update", "báo tình trạng đơn"),
        ("follower_phone", "zalo.follower.phone.read", "ghép với đơn cũ"),
    )
)
APP_PAGE: Final = AppPageView(
    name="Sổ bán hàng (mẫu)",
    legal_name="Công ty TNHH Sổ Bán Hàng (mẫu)",
    domain="sobanhang.example",
    state="reviewed",
    client_id="ap_4f7Kq2mau",
    redirect_uris=("https://sobanhang.example/tro-ve", "com.example.sobanhang:/tro-ve"),
    asks=ASKS,
    keys=(KeyLine("Khóa chính", "k7Qd", NOW), KeyLine("Khóa cũ", "02Ax", NOW, ended_at=NOW)),
    dialect="Zalo",
)
LINE: Final = AppLine("ap_1", "Sổ bán hàng (mẫu)", "sobanhang.example", "reviewed", 6, 1204)

CONSOLE_PAGES: Final[dict[str, PageView]] = {
    "log": LOG,
    "log-empty": replace(LOG, rows=(), query="app:khong-co", integrity=Integrity("unknown", 0), exports=()),
    "log-new": replace(LOG, rows=(), query="", exports=()),
    "log-error": replace(LOG, rows=(), query="ap:x", error=QueryError(1, "ap:", "app:x"), exports=()),
    "log-error-plain": replace(LOG, rows=(), query='"', error=QueryError(1, '"'), exports=()),
    "log-reason": replace(LOG, rows=(), query="person:khach-1", needs_reason=True, exports=()),
    "log-broken": replace(LOG, integrity=Integrity("broken", 48213, NOW), reason="trả lời khiếu nại số 192"),
    "record": RECORD,
    "record-trace": replace(RECORD, row=LOG_ROWS[3], facts=(), changes=(), leaf_hash="", payload_hash="", erased=True),
    "apps": AppsView((LINE, replace(LINE, id="ap_2", name="Giao hàng (mẫu)", state="unreviewed"))),
    "apps-empty": AppsView(()),
    "app": APP_PAGE,
    "app-suspended": replace(APP_PAGE, state="suspended", keys=(), asks=(), dialect=""),
    "app-public": replace(APP_PAGE, state="unreviewed", keys=(), is_public=True),
}
