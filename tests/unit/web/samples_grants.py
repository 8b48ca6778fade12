"""One filled view for each state of the pages on grants, receipts and trace; every invented name ends in "(mẫu)"."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.doors.person.views import Choice
from gateway.doors.person.views_confirm import ConfirmWithdrawView
from gateway.doors.person.views_credentials import CredentialRow, CredentialsView, MadeView
from gateway.doors.person.views_families import FamiliesView, FamilyRow
from gateway.doors.person.views_grants import (
    ActDone,
    GrantCard,
    GrantView,
    HistoryEvent,
    PermissionRow,
    PermissionsView,
)
from gateway.doors.person.views_records import (
    NoticeView,
    Proof,
    ReceiptItem,
    ReceiptLine,
    ReceiptsView,
    ReceiptView,
    TraceRow,
    TraceView,
    VerifyView,
)
from gateway.doors.person.views_stops import Stop
from gateway.ground.web.frame import PageView
from gateway.ground.web.local import HANOI
from tests.unit.web.samples import (
    APP,
    BAKERY,
    CHAT,
    DURATIONS,
    MAKER,
    NOW,
    ORDERS,
    PHONE,
    PROFILE,
    PROMO,
    STORE,
    UNKNOWN_APP,
)

CHOICES: Final = (Choice("", "Tất cả"), Choice("granted", "Đang hiệu lực", selected=True))
GRANT: Final = GrantCard(
    id="gr_1",
    app_name=APP.name,
    account=BAKERY,
    state="granted",
    marks=("granted", "granted", "granted", "paused", "withdrawn", "refused"),
    granted_at=NOW - timedelta(days=3),
    expires_at=NOW + timedelta(days=87),
    last_used_at=NOW - timedelta(minutes=30),
    calls_30_days=1204,
)
GRANTS: Final = (
    GRANT,
    replace(
        GRANT,
        id="gr_2",
        app_name="Giao hàng (mẫu)",
        marks=("granted", "granted", "refused"),
    ),
    replace(
        GRANT,
        id="gr_3",
        app_name="Chăm khách (mẫu)",
        account=STORE,
        state="paused",
        marks=("paused",) * 3,
        last_used_at=None,
        calls_30_days=0,
    ),
    replace(
        GRANT,
        id="gr_4",
        app_name="Gửi tin nhanh (mẫu)",
        state="refused",
        marks=("refused",) * 4,
        granted_at=None,
        ended_at=NOW - timedelta(days=12),
    ),
    replace(
        GRANT,
        id="gr_5",
        app_name="Bếp nhà (mẫu)",
        state="withdrawn",
        marks=("withdrawn",) * 3,
        ended_at=NOW - timedelta(days=80),
    ),
)
SUSPENDED: Final = Stop("suspended", NOW - timedelta(hours=2), "gọi thay cho ứng dụng khác")
LOST: Final = Stop("lost", NOW - timedelta(hours=1))
STOPPED: Final = (
    replace(GRANT, stops=(SUSPENDED,)),
    replace(
        GRANT, id="gr_6", app_name="Giao hàng (mẫu)", stops=(replace(SUSPENDED, since=None, was_restored=True), LOST)
    ),
    replace(GRANT, id="gr_7", state="paused", marks=("paused",), account=STORE, stops=(LOST,), is_of_follower=True),
    replace(GRANT, id="gr_8", account=STORE, stops=(Stop("unlinked", NOW, through="Giao hàng (mẫu)"),)),
    replace(GRANT, id="gr_9", account=STORE, stops=(Stop("unlinked"),)),
)
ROWS: Final = (
    PermissionRow(PROFILE, "granted", NOW - timedelta(days=3), "", NOW + timedelta(days=87), 240, NOW),
    PermissionRow(ORDERS, "granted", NOW - timedelta(days=3), "", NOW + timedelta(days=87)),
    PermissionRow(
        replace(ORDERS, id="tags", name="Xem các nhãn OA đã đặt"), "paused", NOW, "Lê Văn Tú (mẫu)", blocked_calls=3
    ),
    PermissionRow(PHONE, "granted", NOW - timedelta(days=3), "", NOW + timedelta(days=87), 1, NOW),
    PermissionRow(PROMO, "withdrawn", NOW),
    PermissionRow(CHAT, "refused", NOW - timedelta(days=3)),
    PermissionRow(replace(ORDERS, id="old", name="Xem đơn hàng cũ"), "expired", NOW),
    PermissionRow(replace(ORDERS, id="child", name="Xem tên của bạn"), "pending", NOW),
    PermissionRow(replace(ORDERS, id="again", name="Xem ảnh của bạn"), "reconfirm", NOW),
)
HISTORY: Final = (
    HistoryEvent("withdraw", NOW, "Rút lại “Tin khuyến mãi”", "Bạn, trên trang này", 4, "BN-5T1C-77HE"),
    HistoryEvent("pause", NOW, "Tạm dừng “Xem nhãn”", "Lê Văn Tú (mẫu), quản trị viên OA", 3, "BN-2M8K-10QS"),
    HistoryEvent("look_up", NOW, "Người vận hành đã tra cứu quyền này", "Lý do ghi lại: trả lời khiếu nại số 192"),
    HistoryEvent("agree", NOW - timedelta(days=3), "Đồng ý 5 mục, từ chối 1 mục", "Bạn", 1, "BN-7K2M-94QD"),
)
ONE: Final = GrantView(
    id="gr_1",
    app=APP,
    account=BAKERY,
    state="granted",
    rows=ROWS,
    history=HISTORY,
    shorter=DURATIONS[:2],
    receipts=("BN-5T1C-77HE", "BN-2M8K-10QS", "BN-7K2M-94QD"),
    expires_at=NOW + timedelta(days=87),
    families=2,
    done=ActDone("withdraw", NOW, "Gửi tin khuyến mãi", "BN-5T1C-77HE"),
)
LOOK: Final = TraceRow(
    id="tr_1",
    at=NOW,
    who=APP.name,
    verb="do",
    thing="đọc số điện thoại",
    result="passed",
    people=1,
    data_types=("số điện thoại",),
    purpose="ghép với đơn cũ",
    recipient=MAKER.name,
)
LOOKS: Final = (
    replace(LOOK, by="Máy tính quầy 1 (mẫu)"),
    replace(LOOK, id="tr_2", thing="đọc danh sách người quan tâm", result="masked", people=20),
    replace(LOOK, id="tr_4", thing="gửi tin báo đơn", people=1, note="Nội dung không được lưu ở cổng."),
    replace(
        LOOK,
        id="tr_5",
        thing="đọc nhãn của OA",
        result="blocked",
        people=None,
        note="Mục này bạn đã tạm dừng ngày 20/11/2026.",
    ),
    replace(LOOK, id="tr_9", at=NOW - timedelta(days=1), result="failed", people=None),
    replace(LOOK, id="tr_10", at=NOW - timedelta(days=1), result="cut", people=None),
    replace(LOOK, id="tr_11", at=NOW - timedelta(days=1), result="open", people=None),
    TraceRow(
        "tr_12",
        NOW - timedelta(days=1),
        "Người vận hành VH-03",
        "look_up",
        "quyền của bạn",
        "seen",
        note="Lý do ghi lại: trả lời khiếu nại số 192.",
    ),
)
PROOF: Final = Proof(
    log_index=48127,
    log_size=48213,
    leaf_hash="9f3a51c807deb24e66a01d93f8b52c749f3a51c807deb24e66a01d93f8b52c74",
    checkpoint="quyen.example/log\n48213\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— quyen.example Az3grlgtzPIC",
    key_name="quyen.example+a1b2c3d4",
)
RECEIPT: Final = ReceiptView(
    code="BN-7K2M-94QD",
    event="given",
    at=NOW,
    person="Trần Minh Hạnh (mẫu)",
    account=BAKERY,
    app=APP,
    items=tuple(
        ReceiptItem(
            ask.name,
            ask.purpose,
            ask.kept_days,
            "refused" if ask is CHAT else "granted",
            basis=ask.basis,
            data_types=ask.data_types,
            explanation=ask.explanation,
            can=ask.can,
            cannot=ask.cannot,
        )
        for ask in (PROFILE, ORDERS, PROMO, replace(ORDERS, name="Xem các nhãn OA đã đặt"), PHONE, CHAT)
    ),
    recipients=("Công ty TNHH Sổ Bán Hàng (mẫu), Việt Nam",),
    notice="TB-ZOA-014, bản 3, tiếng Việt",
    verify_url="https://quyen.example/receipts/verify?code=BN-7K2M-94QD",
    proof=PROOF,
    starts_at=NOW,
    ends_at=NOW + timedelta(days=90),
    json_path="/permissions/receipts/BN-7K2M-94QD.json",
    notice_path="/permissions/notices/" + "ab" * 32,
)
LINES: Final = tuple(
    ReceiptLine(f"BN-7K2M-{number}", NOW, event, APP.name, BAKERY.name, (state, "granted", "refused"))
    for number, (event, state) in enumerate(
        (
            ("given", "granted"),
            ("reconnected", "granted"),
            ("refused", "refused"),
            ("shortened", "granted"),
            ("paused", "paused"),
            ("resumed", "granted"),
            ("reconfirm", "reconfirm"),
            ("withdrawn", "withdrawn"),
            ("expired", "expired"),
        ),
        start=1000,
    )
)
KEY: Final = CredentialRow(
    "gc_7K2M94QD000000000000aa", "Máy tính quầy 1 (mẫu)", "x7Qd", "live", NOW - timedelta(days=2), "", NOW, None
)
KEYS: Final = CredentialsView(
    id="gr_1",
    app=APP,
    account=BAKERY,
    rows=(
        KEY,
        replace(
            KEY, id="gc_2", name="Đoạn mã gửi đơn (mẫu)", state="paused", made_by="Lê Thị B (mẫu)", last_used_at=None
        ),
        replace(KEY, id="gc_3", name="W" * 60, state="ended", ended_at=NOW),
    ),
    asks=(PROFILE, replace(PHONE, only=("!tom:localhost",), only_name="Chỉ trong các phòng này:")),
    making="open",
    sign_in="/sign-in?again=1&return_to=%2Fpermissions%2Fgr_1%2Fcredentials",
    token_url="https://quyen.example/oauth/token",
)
FAMILY: Final = FamilyRow(
    "fa_1", "live", "sobanhang.example", NOW - timedelta(days=2), "", (PROFILE.name, PHONE.name), NOW, None
)
FAMILIES: Final = FamiliesView(
    id="gr_1",
    app=APP,
    account=BAKERY,
    rows=(
        FAMILY,
        replace(FAMILY, id="fa_2", state="paused", host="", begun_by="Lê Thị B (mẫu)", last_token_at=None),
        replace(FAMILY, id="fa_3", state="ended", asks=(), ended_at=NOW),
    ),
    is_cut_off=True,
)
GRANT_PAGES: Final[dict[str, PageView]] = {
    "permissions": PermissionsView(GRANTS, CHOICES, CHOICES, done=ActDone("pause", NOW, receipt_code="BN-1")),
    "permissions-empty": PermissionsView(()),
    "permissions-filtered": PermissionsView((), CHOICES, CHOICES, is_filtered=True),
    "permissions-damaged": PermissionsView((), damaged=("gr_0123456789", "st_0123456789")),
    "grant-unread": replace(ONE, unread=("crm_phone",)),
    "permissions-stopped": PermissionsView(STOPPED, CHOICES, CHOICES),
    "grant": ONE,
    "grant-stopped": replace(ONE, stops=(SUSPENDED, LOST)),
    "grant-stopped-follower": replace(ONE, stops=(LOST,), shop=STORE.name),
    "grant-ended": replace(ONE, state="withdrawn", rows=ROWS[4:7], shorter=(), expires_at=None, done=None, receipts=()),
    "families": FAMILIES,
    "families-none": replace(FAMILIES, rows=(), is_cut_off=False),
    "credentials": KEYS,
    "credentials-made": replace(KEYS, made=MadeView("gc_" + "0" * 22, "Quầy 2 (mẫu)", "qcs_" + "0" * 49)),
    "credentials-bad-name": replace(KEYS, name="…", is_bad_name=True),
    **{f"credentials-{why}": replace(KEYS, rows=(), making=why) for why in ("sign_in", "full", "nothing", "staff")},
    "withdraw-ask": ConfirmWithdrawView("/permissions/gr_1", (PHONE.name,), APP, BAKERY, PHONE, remaining=2),
    "withdraw-app": ConfirmWithdrawView("/permissions/gr_1", (PROFILE.name, PHONE.name), APP, BAKERY),
    "withdraw-both": ConfirmWithdrawView(
        "/permissions/gr_1", (PROFILE.name, PHONE.name), APP, BAKERY, contracts=(f"{PHONE.name} (hợp đồng)",)
    ),
    "withdraw-all": ConfirmWithdrawView("/permissions", (APP.name, UNKNOWN_APP.name)),
    "trace-several": TraceView(
        (replace(LOOK, account=BAKERY.name), replace(LOOK, id="tr_2", account=STORE.name)),
        NOW,
        accounts=CHOICES,
        totals={NOW.astimezone(HANOI).date(): 1204},
        older="/permissions/trace?cursor=x",
    ),
    "trace-bad-outcome": TraceView((), NOW, CHOICES, CHOICES, error="bad_outcome"),
    "trace-suspended": TraceView(
        LOOKS[:1],
        NOW,
        suspended=(replace(SUSPENDED, app=APP.name), replace(SUSPENDED, app="Giao hàng (mẫu)", since=None)),
    ),
    "trace": TraceView(LOOKS, NOW, CHOICES, CHOICES, older="/permissions/trace?cursor=x"),
    "trace-empty": TraceView((), NOW),
    "trace-bad-day": TraceView((), NOW, CHOICES, CHOICES, after="31/02", error="bad_day", is_filtered=True),
    "receipts": ReceiptsView(LINES, 730, newer="/permissions/receipts"),
    "receipts-empty": ReceiptsView((), 730),
    "receipt": RECEIPT,
    "receipt-shortened": replace(RECEIPT, event="shortened", starts_at=None, items=RECEIPT.items[:2]),
    "notice": NoticeView(
        "ab" * 32, "vi", "tiếng Việt", "Sổ bán hàng (mẫu) xin phép\n[ ] Xem nhãn\n[Không đồng ý]\n", NOW
    ),
    "verify": VerifyView(),
    "verify-genuine": VerifyView("genuine", "BN-7K2M-94QD", NOW, "given", PROOF),
    "verify-genuine-changed": VerifyView("genuine", "BN-7K2M-94QD", NOW, "given", PROOF, is_record_changed=True),
    "verify-unsigned-changed": VerifyView("unsigned", "BN-7K2M-94QD", NOW, "given", PROOF, is_record_changed=True),
    "verify-altered": VerifyView("altered", "BN-7K2M-94QD"),
    "verify-record-changed": VerifyView("record_changed", "BN-7K2M-94QD", is_record_changed=True),
    "verify-unknown": VerifyView("unknown", "BN-0000-0000"),
    "verify-unreadable": VerifyView("unreadable"),
}
