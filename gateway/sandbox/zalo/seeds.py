"""Who lives in the sandbox: two invented Official Accounts with twelve invented followers each.

Of each twelve, six have a phone, four an address; the seventh's phone is the number 0, the eighth has no `shared_info`
at all, the rest have one without a phone; the ninth is a minor (`is_sensitive`). The twelfth was last seen 12 days
ago, so no message may be sent to them. Every name ends in "(mẫu)"; phones are 84000000NNN, which nobody can have; ids
exceed 2^53, as the platform's do.
"""

from dataclasses import dataclass
from datetime import timedelta

from gateway.sandbox.zalo.people import Contact, Follower, OfficialAccount, SeedLine

BAKERY_ID = "2511530240960241001"
FLORIST_ID = "2511530240960241002"

WITH_PHONE = range(6)
PLACE_OF_MINOR = 8
PLACE_OF_ZERO_PHONE = 6
PLACE_OF_NO_CONTACT = 7
PLACE_OF_LONG_GONE = 11
WITH_BIRTHDAY = (0, 2)
ID_STEP = 7919
STEP_BY_APP = 104_729

Address = tuple[str, str, str]


@dataclass(frozen=True)
class Crowd:
    """What the twelve followers of one OA are made from."""

    first_id: int
    first_id_by_app: int
    first_phone: int
    names: tuple[str, ...]
    addresses: tuple[Address, ...]
    tags: tuple[str, ...]


def list_followers(crowd: Crowd) -> tuple[Follower, ...]:
    """Make the followers; what each one shared follows from their place."""
    return tuple(_follower(crowd, place) for place in range(len(crowd.names)))


def _follower(crowd: Crowd, place: int) -> Follower:
    return Follower(
        user_id=str(crowd.first_id + ID_STEP * place),
        id_by_app=str(crowd.first_id_by_app + STEP_BY_APP * place),
        display_name=crowd.names[place],
        contact=None if place == PLACE_OF_NO_CONTACT else _contact(crowd, place),
        tags=(crowd.tags[place % len(crowd.tags)],) if place % 2 == 0 else (),
        alias="Khách quen" if place == 0 else "",
        is_sensitive=place == PLACE_OF_MINOR,
        notes=("Thích bánh ít ngọt (mẫu)",) if place == 0 else (),
        came_by="quay-1" if place == 1 else "",
        seen_ago=timedelta(days=12) if place == PLACE_OF_LONG_GONE else timedelta(hours=3 + 9 * place),
    )


def _contact(crowd: Crowd, place: int) -> Contact:
    street, district, city = crowd.addresses[place] if place < len(crowd.addresses) else ("", "", "")
    phone = 0 if place == PLACE_OF_ZERO_PHONE else crowd.first_phone + place if place in WITH_PHONE else None
    born = "15/06/1990" if place in WITH_BIRTHDAY else ""
    return Contact(crowd.names[place], phone=phone, address=street, district=district, city=city, born=born)


BAKERY_TAGS = ("Khách quen", "Đặt bánh sinh nhật", "Giao tận nhà")
BAKERY = OfficialAccount(
    oa_id=BAKERY_ID,
    name="Tiệm Bánh Hoa Sữa (mẫu)",
    description="Bánh mì, bánh kem và trà, mở cửa từ 6 giờ sáng.",
    category="Ẩm thực",
    tags=BAKERY_TAGS,
    followers=list_followers(
        Crowd(
            4620160001000000137,
            8137520046001000239,
            84000000101,
            (
                "Trần Thị Ngọc Ánh (mẫu)",
                "Lê Quang Huy (mẫu)",
                "Phạm Thu Trang (mẫu)",
                "Võ Minh Khôi (mẫu)",
                "Đặng Hải Yến (mẫu)",
                "Bùi Gia Bảo (mẫu)",
                "Hồ Thanh Tùng (mẫu)",
                "Ngô Bích Thủy (mẫu)",
                "Dương Quốc Việt (mẫu)",
                "Lý Kim Ngân (mẫu)",
                "Mai Đức Thắng (mẫu)",
                "Đỗ Phương Linh (mẫu)",
            ),
            (
                ("12 ngõ Hoa Mẫu", "Quận Ba Đình", "Hà Nội"),
                ("Tầng 3, số 45 phố Ví Dụ", "Quận Cầu Giấy", "Hà Nội"),
                ("8B đường Thử Nghiệm", "Quận Đống Đa", "Hà Nội"),
                ("Nhà 27, xóm Mẫu", "Huyện Gia Lâm", "Hà Nội"),
            ),
            BAKERY_TAGS,
        )
    ),
    chat=(
        SeedLine(0, 4300, "user", "Tiệm ơi còn bánh kem dâu cỡ nhỏ không?"),
        SeedLine(0, 4291, "oa", "Dạ còn ạ, chị lấy mấy giờ để tiệm giữ?"),
        SeedLine(0, 4285, "user", "Khoảng 5 giờ chiều, ghi tên bé Bông giúp chị."),
        SeedLine(1, 2900, "user", "Cho mình đặt 20 ổ bánh mì thịt sáng thứ Bảy."),
        SeedLine(1, 2880, "oa", "Tiệm nhận đơn 20 ổ, giao 7 giờ sáng thứ Bảy ạ."),
        SeedLine(1, 2871, "user", "Giao giúp tới tầng 3 nhé, gọi trước 10 phút."),
        SeedLine(4, 1500, "user", "Bánh hôm qua ngon lắm."),
        SeedLine(4, 1490, "oa", "Cảm ơn chị, tuần này có thêm bánh bông lan trứng muối."),
        SeedLine(6, 700, "user", "Tiệm có giao sang Long Biên không?"),
        SeedLine(6, 690, "oa", "Có ạ, đơn từ 150.000đ miễn phí giao."),
        SeedLine(2, 240, "user", "Mình muốn đổi lịch nhận bánh sang 18 giờ."),
        SeedLine(2, 230, "oa", "Dạ tiệm đã đổi sang 18 giờ hôm nay."),
        SeedLine(2, 225, "user", "Cảm ơn tiệm."),
    ),
)

FLORIST_TAGS = ("Khách sỉ", "Đặt hoa cưới", "Hoa định kỳ")
FLORIST = OfficialAccount(
    oa_id=FLORIST_ID,
    name="Tiệm Hoa Cúc Trắng (mẫu)",
    description="Hoa tươi theo mùa, giao trong ngày.",
    category="Mua sắm & bán lẻ",
    tags=FLORIST_TAGS,
    followers=list_followers(
        Crowd(
            4620160002000000331,
            8137520046002000561,
            84000000201,
            (
                "Nguyễn Hoài An (mẫu)",
                "Trịnh Công Danh (mẫu)",
                "Phan Mỹ Duyên (mẫu)",
                "Huỳnh Nhật Nam (mẫu)",
                "Tạ Thùy Dung (mẫu)",
                "Vương Bảo Châu (mẫu)",
                "Cao Xuân Phúc (mẫu)",
                "Đinh Tố Uyên (mẫu)",
                "La Chí Kiên (mẫu)",
                "Quách Diễm My (mẫu)",
                "Thái Hữu Lộc (mẫu)",
                "Tô Khánh Vân (mẫu)",
            ),
            (
                ("101 đường Hoa Thử", "Quận 3", "TP. Hồ Chí Minh"),
                ("Lô B2 chung cư Ví Dụ", "Quận Bình Thạnh", "TP. Hồ Chí Minh"),
                ("6/14 hẻm Mẫu", "Quận Phú Nhuận", "TP. Hồ Chí Minh"),
                ("Sạp 9, chợ Thử Nghiệm", "Quận 10", "TP. Hồ Chí Minh"),
            ),
            FLORIST_TAGS,
        )
    ),
    chat=(
        SeedLine(0, 3900, "user", "Shop nhận làm hoa cưới tháng sau không?"),
        SeedLine(0, 3880, "oa", "Dạ nhận ạ, anh cho shop xin ngày và tông màu."),
        SeedLine(0, 3860, "user", "Ngày 20, tông trắng xanh."),
        SeedLine(3, 2100, "user", "Tuần này giao giúp em 2 bó cúc họa mi."),
        SeedLine(3, 2080, "oa", "Shop xếp lịch giao sáng thứ Sáu ạ."),
        SeedLine(1, 1300, "user", "Giá sỉ hoa hồng hôm nay thế nào?"),
        SeedLine(1, 1290, "oa", "Hôm nay 90.000đ một bó 50 cành ạ."),
        SeedLine(1, 1280, "user", "Lấy 4 bó, chiều mình ghé."),
        SeedLine(8, 400, "user", "Hoa hôm qua tươi lâu ghê."),
        SeedLine(8, 390, "oa", "Cảm ơn anh, shop gửi kèm gói dưỡng hoa đó ạ."),
        SeedLine(2, 95, "user", "Đổi địa chỉ giao sang văn phòng giúp mình."),
        SeedLine(2, 90, "oa", "Dạ shop đã đổi ạ."),
    ),
)

ACCOUNTS = {account.oa_id: account for account in (BAKERY, FLORIST)}
"""Every OA of the sandbox by its id; the first is meant for owner `chu-shop-1`, the second for `chu-shop-2`."""

_BY_APP_ID = {one.id_by_app: one for account in ACCOUNTS.values() for one in account.followers}


def find_by_app_id(id_by_app: str) -> Follower | None:
    """Find a seeded person by the id that the app knows them by."""
    return _BY_APP_ID.get(id_by_app)
