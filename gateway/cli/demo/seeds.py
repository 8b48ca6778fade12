"""Who and what stands in a fresh demo: invented people, apps and asks. Every name ends in "(mẫu)"."""

from dataclasses import dataclass
from typing import Any

FIRST_APP = "Sổ bán hàng (mẫu)"
SECOND_APP = "Giao hàng (mẫu)"


@dataclass(frozen=True, slots=True)
class SeedPerson:
    """Someone who signs in to the demo."""

    login: str
    name: str
    role: str


PEOPLE = (
    SeedPerson("chu-shop-1", "Trần Minh Hạnh (mẫu)", "owner"),
    SeedPerson("chu-shop-2", "Lê Quốc Bảo (mẫu)", "owner"),
    SeedPerson("khach-1", "Phạm Thu Lan (mẫu)", "follower"),
    SeedPerson("dev-1", "Võ Anh Khoa (mẫu)", "developer"),
    SeedPerson("van-hanh-1", "Đỗ Hải Yến (mẫu)", "operator"),
)


def list_apps(callback: str) -> list[dict[str, Any]]:
    """Return the registrations of the two sample apps, as `quyen app register` takes them."""
    return [_first(callback), _second(callback)]


def _first(callback: str) -> dict[str, Any]:
    company = "Công ty TNHH Sổ Bán Hàng (mẫu)"
    keeper = [{"name": company, "country": "VN"}]
    return {
        "name": FIRST_APP,
        "legal_entity": company,
        "address": "1 Phố Mẫu, Hà Nội (mẫu)",
        "contact": "dulieu@sobanhang.example",
        "domain": "sobanhang.example",
        "country": "VN",
        "owner_login": "dev-1",
        "kind": "confidential",
        "dialect": "zalo",
        "reviewed": True,
        "redirect_uris": [callback],
        "asks": _first_asks(keeper),
    }


def _first_asks(keeper: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [
        _ask(
            "oa_profile",
            "zalo.profile.read#shop",
            30,
            keeper,
            vi=("hiện đúng tên và ảnh OA trên màn hình bán hàng.", "không nối được OA này với Sổ bán hàng."),
            en=("show the OA's name and picture in the sales screen.", "this OA cannot be connected."),
            why=(
                "không có mục này, ứng dụng không biết mình đang nối với OA nào.",
                "without it the app does not know which OA it is connected to.",
            ),
        ),
        _ask(
            "crm_name",
            "zalo.follower.name.read#crm",
            90,
            keeper,
            vi=("ghép người nhắn tin với khách đã có trong sổ.", "sổ chỉ hiện mã khách, không hiện tên."),
            en=("match who writes with customers in the book.", "the book shows codes instead of names."),
        ),
        _ask(
            "crm_phone",
            "zalo.follower.phone.read#crm",
            90,
            keeper,
            vi=("ghép người nhắn tin với đơn hàng cũ của họ.", "bạn tự nhập số điện thoại khi tạo đơn."),
            en=("match who writes with their earlier orders.", "you type the phone number yourself."),
        ),
        _ask(
            "ship_address",
            "zalo.follower.address.read#delivery",
            90,
            keeper,
            vi=("điền sẵn địa chỉ khi bạn tạo phiếu giao hàng.", "bạn tự nhập địa chỉ giao hàng."),
            en=("fill in the address on a delivery note.", "you type the address yourself."),
        ),
        _ask(
            "chat_read",
            "zalo.message.read#orders",
            7,
            keeper,
            vi=("tìm tin đặt hàng và tạo đơn nháp cho bạn duyệt.", "bạn tự tạo đơn từ tin nhắn."),
            en=("find orders in messages and draft them for you.", "you create orders from messages yourself."),
        ),
        _ask(
            "order_send",
            "zalo.message.send#orders",
            0,
            keeper,
            vi=("báo cho người mua khi đơn được nhận, đóng gói và giao.", "bạn tự nhắn cho người mua."),
            en=("tell buyers when an order is taken, packed and delivered.", "you write to buyers yourself."),
        ),
        _ask(
            "tag_read",
            "zalo.tag.read#pricing",
            90,
            keeper,
            vi=("dùng lại nhãn “khách quen”, “khách sỉ” khi tính giá.", "bạn tự chọn loại khách cho từng đơn."),
            en=("reuse labels such as regular or wholesale for prices.", "you choose the kind of customer."),
        ),
    ]


def _second(callback: str) -> dict[str, Any]:
    company = "Công ty CP Giao Hàng (mẫu)"
    keeper = [{"name": company, "country": "VN"}]
    return {
        "name": SECOND_APP,
        "legal_entity": company,
        "address": "2 Phố Mẫu, Đà Nẵng (mẫu)",
        "contact": "dulieu@giaohang.example",
        "domain": "giaohang.example",
        "country": "VN",
        "owner_login": "dev-1",
        "kind": "public",
        "reviewed": True,
        "redirect_uris": [callback],
        "asks": [
            _ask(
                "who",
                "zalo.follower.name.read#delivery",
                30,
                keeper,
                vi=("ghi tên người nhận lên phiếu giao.", "phiếu giao chỉ có mã khách."),
                en=("write the receiver's name on the delivery note.", "the note bears a code only."),
            ),
            _ask(
                "where",
                "zalo.follower.address.read#delivery",
                30,
                keeper,
                vi=("chỉ đường cho người giao hàng.", "bạn đọc địa chỉ cho người giao hàng."),
                en=("show the courier the way.", "you tell the courier the address."),
            ),
            _ask(
                "call",
                "zalo.follower.phone.read#delivery",
                7,
                keeper,
                vi=("người giao hàng gọi trước khi đến.", "người giao hàng không gọi trước được."),
                en=("the courier calls before arriving.", "the courier cannot call before arriving."),
            ),
        ],
    }


def _ask(
    ask_id: str,
    name: str,
    retention_days: int,
    recipients: list[dict[str, str]],
    *,
    vi: tuple[str, str],
    en: tuple[str, str],
    why: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    scope, _, purpose = name.partition("#")
    return {
        "id": ask_id,
        "scope": scope,
        "purpose": purpose,
        "required": bool(why[0]),
        "retention_days": retention_days,
        "recipients": recipients,
        "vi": {"purpose": vi[0], "refusal_effect": vi[1], "why_required": why[0]},
        "en": {"purpose": en[0], "refusal_effect": en[1], "why_required": why[1]},
    }
