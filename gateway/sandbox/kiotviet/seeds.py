"""Who lives in the stand-in: two invented shops with their branches, staff, customers and goods.

Every name ends in "(mẫu)"; phones are 84000000NNN and mail ends in `.example`, which nobody can have; of each shop's
customers two have a Facebook id above 2^53, and the last one gave no phone number. The shops' names in the header
`Retailer` are letters and digits, as the platform's are, so they end in "mau".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seed:
    """What one shop is made from.

    Args:
        retailer: its name in the header `Retailer`.
        retailer_id: its number; all its ids begin with it.
        name: for people.
        first_phone: the customers' numbers go on from here.
        branches: names.
        staff: login and name.
        customers: names; the last one gave no phone.
        goods: name, price, cost.
    """

    retailer: str
    retailer_id: int
    name: str
    first_phone: int
    branches: tuple[str, ...]
    staff: tuple[tuple[str, str], ...]
    customers: tuple[str, ...]
    goods: tuple[tuple[str, float, float], ...]


BAKERY = Seed(
    retailer="tiembanhhoasuamau",
    retailer_id=5001,
    name="Tiệm Bánh Hoa Sữa (mẫu)",
    first_phone=84000000501,
    branches=("Hoa Sữa Cầu Giấy (mẫu)", "Hoa Sữa Tây Hồ (mẫu)"),
    staff=(("thungan", "Nguyễn Thu Ngân (mẫu)"), ("banhang", "Phan Văn Bán (mẫu)"), ("quanly", "Đỗ Quản Lý (mẫu)")),
    customers=(
        "Trần Thị Ngọc Ánh (mẫu)",
        "Lê Quang Huy (mẫu)",
        "Phạm Thu Trang (mẫu)",
        "Võ Minh Khôi (mẫu)",
        "Đặng Hải Yến (mẫu)",
        "Bùi Gia Bảo (mẫu)",
        "Hoàng Lan Chi (mẫu)",
    ),
    goods=(
        ("Bánh mì bơ tỏi (mẫu)", 25000.0, 11200.5),
        ("Bánh kem dâu (mẫu)", 320000.0, 141000.0),
        ("Bánh su kem (mẫu)", 18000.0, 7600.25),
        ("Trà sữa hạt sen (mẫu)", 39000.0, 14800.0),
        ("Hộp quà trung thu (mẫu)", 450000.0, 263000.0),
    ),
)

FLORIST = Seed(
    retailer="hoatuoimienmau",
    retailer_id=5002,
    name="Hoa Tươi Miền (mẫu)",
    first_phone=84000000601,
    branches=("Hoa Tươi Quận 3 (mẫu)",),
    staff=(("camhoa", "Trịnh Cắm Hoa (mẫu)"), ("giaohoa", "Lý Giao Hoa (mẫu)")),
    customers=("Ngô Thanh Tâm (mẫu)", "Dương Khánh Vy (mẫu)", "Mai Đức Long (mẫu)", "Tạ Bích Hằng (mẫu)"),
    goods=(
        ("Bó hồng đỏ (mẫu)", 280000.0, 120000.5),
        ("Giỏ hướng dương (mẫu)", 350000.0, 171000.0),
        ("Lẵng khai trương (mẫu)", 900000.0, 512000.75),
    ),
)

SHOPS = {seed.retailer: seed for seed in (BAKERY, FLORIST)}
