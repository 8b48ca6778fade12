"""One filled view for each state of the pages on coming in and deciding; every invented name ends in "(mẫu)"."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.doors.person.views import AccountView, AppView, AskView, Duration, Recipient
from gateway.doors.person.views_access import (
    ChangePasswordView,
    ConnectionRow,
    ConnectionsView,
    ErrorView,
    FirstView,
    SignInView,
)
from gateway.doors.person.views_consent import (
    ConfirmAccountView,
    ConsentView,
    Keeper,
    KeptAsk,
    Notice,
    RequestEndedView,
)
from gateway.doors.person.views_short import ChooseAccountView, CoolDownView, ShortView
from gateway.doors.person.views_sign_in import ProviderButton, SignedOutView, WayRow, WaysView
from gateway.ground.web.frame import Contact, Frame, Lang, PageView, Site
from gateway.terms.ids import AskId

NOW: Final = datetime(2026, 11, 21, 3, 42, 7, tzinfo=UTC)
SITE: Final = Site(
    domain="quyen.example",
    protection=Contact("Phạm Thu Lan (mẫu)", ("Trả lời trong 2 ngày làm việc",), "dulieu@quyen.example"),
    authority=Contact("Cơ quan do người vận hành khai báo (mẫu)", ("1 Phố Mẫu, Hà Nội",)),
)


OWNER: Final = frozenset({"owner"})
NOBODY: Final[frozenset[str]] = frozenset()


def frame(
    lang: Lang = "vi", *, visitor: str = "Trần Minh Hạnh (mẫu)", query: str = "", roles: frozenset[str] = OWNER
) -> Frame:
    """Return a frame as a handler would fill it."""
    return Frame(
        site=SITE, lang=lang, query=query, csrf_token="token-mau", visitor=visitor, roles=roles if visitor else NOBODY
    )


MAKER: Final = Recipient("Công ty TNHH Sổ Bán Hàng (mẫu)", "Việt Nam")
HOST: Final = Recipient("Công ty Máy Chủ An Bình (mẫu)", "Xin-ga-po")
APP: Final = AppView(
    name="Sổ bán hàng (mẫu)",
    legal_name=MAKER.name,
    domain="sobanhang.example",
    contact="dulieu@sobanhang.example",
    verified_at=NOW - timedelta(days=18),
)
UNKNOWN_APP: Final = replace(APP, name="Giao hàng (mẫu)", legal_name="Công ty Giao Hàng (mẫu)", verified_at=None)
BAKERY: Final = AccountView(
    "ac_1", "Tiệm Bánh Hoa Sữa (mẫu)", "Zalo OA", "4000000000000001", "quản trị viên", NOW - timedelta(days=9)
)
STORE: Final = replace(BAKERY, id="ac_2", name="Kho Sỉ Hoa Sữa (mẫu)", external_id="4000000000000002")

PROFILE: Final = AskView(
    id="profile",
    name="Xem tên, ảnh đại diện, ảnh bìa và mô tả của OA",
    purpose="hiện đúng tên OA trên màn hình bán hàng, để bạn biết đang làm việc với OA nào.",
    refusal_effect="không nối được OA này với Sổ bán hàng. OA và các ứng dụng khác của bạn giữ nguyên.",
    data_types=("Tên", "ảnh đại diện", "ảnh bìa", "mô tả"),
    kept_days=30,
    recipients=(MAKER,),
    required=True,
    required_why="không có mục này, ứng dụng không biết mình đang nối với OA nào.",
)
ORDERS: Final = AskView(
    id="order_update",
    name="Gửi tin nhắn từ OA thay bạn – báo tình trạng đơn",
    purpose="báo cho người mua khi đơn được nhận, đóng gói và giao.",
    refusal_effect="bạn tự nhắn cho người mua. Các phần khác vẫn chạy.",
    data_types=("Nội dung tin báo đơn",),
    kept_days=0,
    recipients=(MAKER,),
)
PROMO: Final = replace(
    ORDERS,
    id="promo",
    name="Gửi tin nhắn từ OA thay bạn – tin khuyến mãi",
    purpose="gửi tin khuyến mãi do bạn soạn và bấm gửi.",
    refusal_effect="không có tin khuyến mãi nào được gửi. Tin báo đơn không bị ảnh hưởng.",
    data_types=("Nội dung tin khuyến mãi",),
    advertising=True,
)
PHONE: Final = AskView(
    id="follower_phone",
    name="Xem số điện thoại người quan tâm OA",
    purpose="ghép người nhắn tin với đơn hàng cũ của họ.",
    refusal_effect="bạn tự nhập số điện thoại khi tạo đơn. Các phần khác vẫn chạy.",
    data_types=("Số điện thoại",),
    kept_days=90,
    recipients=(MAKER,),
    about_others=True,
    basis="contract",
    agreement="HD-2026/014 (mẫu)",
    agreed_on="05/01/2026",
)
CHAT: Final = replace(
    PHONE,
    id="order_chat",
    name="Xem tin nhắn giữa OA và từng người",
    purpose="tìm tin đặt hàng và tạo đơn nháp cho bạn duyệt.",
    refusal_effect="bạn tự tạo đơn từ tin nhắn. Các phần khác vẫn chạy.",
    data_types=("Nội dung tin nhắn", "giờ gửi"),
    kept_days=7,
    recipients=(MAKER, HOST),
    sensitive_why="tin nhắn cho thấy hành vi của người gửi trên mạng xã hội.",
    explanation="Ứng dụng đọc tin nhắn giữa OA và từng người, và được báo ngay khi có tin.",
    can=("Xem nội dung tin nhắn, tệp, ảnh, vị trí gửi kèm và giờ gửi", "Nhận tin ngay khi có"),
    cannot=("Không gửi được tin nhắn",),
)
LOCATION: Final = replace(
    ORDERS,
    id="location",
    name="Lấy vị trí hiện tại của bạn",
    purpose="chọn kho gần bạn nhất khi tạo đơn.",
    refusal_effect="bạn tự chọn kho.",
    data_types=("Vị trí",),
    enforced_by_app=True,
    is_new=True,
)
DURATIONS: Final = tuple(Duration(f"P{days}D", NOW + timedelta(days=days)) for days in (1, 30, 90, 180, 365))
CONSENT: Final = ConsentView(
    request_id="rq_7K2M94QDmau",
    app=replace(APP, returns_to="ve.sobanhang.example"),
    platform="Zalo OA",
    accounts=(BAKERY, STORE),
    asks=(PROFILE, ORDERS, PROMO, PHONE, CHAT),
    durations=DURATIONS,
    keeper=Keeper("Công ty Bán Lẻ Hoa Sữa (mẫu)", "business"),
    notice=Notice("TB-ZOA-014", 3, NOW - timedelta(days=20), "tiếng Việt"),
    expires_at=NOW + timedelta(minutes=30),
)
LINK: Final = ConnectionRow(BAKERY, "zalo", "live", NOW - timedelta(days=9), 2)
LINKS: Final = (
    LINK,
    replace(LINK, upstream_id="ua_1", through="Sổ bán hàng (mẫu)"),
    replace(LINK, upstream_id="ua_2", through="Giao hàng (mẫu)", state="none", since=None),
    replace(LINK, upstream_id="ua_3", through="Tích điểm (mẫu)", state="lost"),
    replace(LINK, account=STORE, state="lost"),
    replace(LINK, platform_slug="zalosocial", state="lost", is_own=True),
    replace(
        LINK,
        account=replace(BAKERY, id="ac_3", platform="Matrix", external_id="@hoa-sua:matrix.example", role=""),
        platform_slug="matrix",
        state="lost",
    ),
)
SHORT: Final = ShortView(
    "rq_1",
    CONSENT.app,
    BAKERY,
    (KeptAsk(PROFILE.name, "granted", NOW + timedelta(days=80), by=None), KeptAsk(ORDERS.name, "paused", NOW)),
    CONSENT.notice,
    CONSENT.expires_at,
    seen=4,
    may_choose=True,
)
FAILED: Final = ErrorView(503, "no_verdict", "01JD8Q4ZK7NRM2VX", NOW)

COMPANY, ZALO = ProviderButton("oidc", "Tài khoản Công ty (mẫu)"), ProviderButton("zalo", "Zalo", is_for_followers=True)
WAYS = (
    WayRow(COMPANY, "8d1f-22", NOW, by_operator=True, is_present=True),
    WayRow(ZALO, "<b>" + "x" * 200, NOW),
)
PERSON_PAGES: Final[dict[str, PageView]] = {
    "first": FirstView(),
    "change-password": ChangePasswordView(),
    "sign-in": SignInView("/consent/rq_1", for_app=APP.name),
    "sign-in-followers": SignInView("/", providers=[COMPANY, ZALO]),
    "sign-in-wrong": SignInView("/", "wrong", login="chu-shop-1"),
    "sign-in-limited": SignInView("/", "limited"),
    "sign-in-provider": SignInView("/sign-in/ways", "again", providers=[COMPANY, ZALO]),
    "signed-out": SignedOutView("Tài khoản Công ty (mẫu)", "https://id.example/session/end?client_id=quyen"),
    "ways": WaysView([COMPANY, ZALO], "chu-shop-1", WAYS, may_unlink=True, done="linked"),
    "ways-staff": WaysView([COMPANY], "", WAYS[:1], shut="staff"),
    "ways-unproven": WaysView([COMPANY, ZALO], "", WAYS[1:], shut="unproven"),
    "connections": ConnectionsView(
        LINKS, ("zalo", "zalosocial", "matrix", "kiotviet"), linked=BAKERY, return_to="/consent/rq_1"
    ),
    "connections-missed": ConnectionsView(LINKS, ("zalo",), linked=BAKERY, missed=STORE),
    "connections-unlinked": ConnectionsView(LINKS, ("zalosocial",), unlinked=True),
    "connections-empty": ConnectionsView(
        (),
        ("zalo", "matrix", "kiotviet"),
        error="wrong_secret",
        error_platform="kiotviet",
        typed={"retailer": "tiembanhhoasuamau", "client_id": "83a5bcbe-0000-4000-8000-000000000001"},
    ),
    "consent": CONSENT,
    "consent-one": replace(
        CONSENT,
        accounts=(BAKERY,),
        app=UNKNOWN_APP,
        keeper=Keeper("Zalo (mẫu)", "platform"),
        upstream_app="2233445566778899001",
    ),
    "consent-none": replace(CONSENT, accounts=(), error="unknown_duration"),
    "consent-more": replace(
        CONSENT,
        accounts=(BAKERY,),
        asks=(LOCATION,),
        kept=(
            KeptAsk("Xem tên của OA", "granted"),
            KeptAsk("Gửi tin khuyến mãi", "withdrawn"),
            KeptAsk("Xem nhãn", "paused"),
        ),
    ),
    "consent-difference": replace(
        CONSENT,
        accounts=(BAKERY,),
        asks=(replace(PHONE, is_new=True), CHAT),
        refused={AskId(CHAT.id): NOW - timedelta(days=3)},
        standing=(
            KeptAsk(PROFILE.name, "granted", NOW + timedelta(days=80)),
            KeptAsk(ORDERS.name, "paused", NOW + timedelta(days=80), by="Lê Văn Tú (mẫu)"),
        ),
        kept=(KeptAsk("Xem nhãn", "withdrawn"),),
        durations=(*CONSENT.durations[:2], Duration("standing", NOW + timedelta(days=80))),
        seen=4,
        may_choose=True,
    ),
    "consent-outdated": replace(CONSENT, accounts=(BAKERY,), seen=4, error="outdated"),
    "consent-whole": replace(
        CONSENT, accounts=(BAKERY,), leaving={AskId("profile"): NOW + timedelta(days=80)}, picks_account=True, seen=4
    ),
    "consent-short": SHORT,
    "consent-short-device": replace(SHORT, app=APP, by_device=True),
    "consent-short-again": replace(SHORT, app=APP, upstream_app="2233445566778899001"),
    "cool-down": CoolDownView("rq_1", UNKNOWN_APP, NOW - timedelta(days=3), CONSENT.notice, CONSENT.expires_at),
    "choose-account": ChooseAccountView("rq_1", APP, (BAKERY, STORE), CONSENT.notice, CONSENT.expires_at, "no_account"),
    "consent-again": replace(CONSENT, accounts=(BAKERY,), asks=(CHAT,), reconsider=True),
    "confirm-account": ConfirmAccountView("rq_1", APP, (BAKERY, STORE), (PROFILE, PHONE), NOW),
    "request-expired": RequestEndedView("expired", APP, NOW),
    "request-decided": RequestEndedView("decided", APP, NOW, "gr_1"),
    "error": FAILED,
    "error-app": replace(FAILED, status=400, code="invalid_scope", detail="zalo.nothing", back="/"),
    "wrong-role": replace(FAILED, status=403, code="forbidden", needs="operator"),
    "wrong-role-owners": replace(FAILED, status=403, code="forbidden", needs="owner"),
    "own-first": FirstView(),
    "error-other": replace(FAILED, status=418, code="a_code_without_words"),
}
