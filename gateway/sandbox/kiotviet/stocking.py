"""Stocks a shop from its seed: the rows of every list, dated back from the moment of the first start."""

from datetime import datetime, timedelta
from itertools import count

from gateway.sandbox.kiotviet.seeds import Seed
from gateway.sandbox.kiotviet.shelf import write_time
from gateway.sandbox.kiotviet.state import Row, Shop
from gateway.sandbox.kiotviet.trading import list_trade

STREETS = ("12 Phố Mẫu", "7 Ngõ Mẫu", "88 Đường Mẫu", "3 Hẻm Mẫu")
FIRST_PSID = 7_100_000_000_000_000_001
LOCATIONS = ("Hà Nội - Quận Cầu Giấy", "Hà Nội - Quận Tây Hồ", "Hồ Chí Minh - Quận 3")


def stock_shop(seed: Seed, now: datetime) -> Shop:
    """Make a shop's rows."""
    rows: dict[str, list[Row]] = {
        "settings": [
            {
                "retailerId": seed.retailer_id,
                "ManagerCustomerByBranch": False,
                "AllowOrderWhenOutStock": True,
                "AllowSellWhenOrderOutStock": True,
                "AllowSellWhenOutStock": False,
            }
        ],
        "branches": _branches(seed),
        "users": _users(seed),
        "BankAccounts": _accounts(seed),
        "groups": _groups(seed),
        "customers": _customers(seed),
        "products": _products(seed),
        "suppliers": _suppliers(seed),
        "locations": [
            {"id": at, "name": name, "normalName": f"dia danh {at}"} for at, name in enumerate(LOCATIONS, start=1)
        ],
        "vouchers": [],
        "coupons": [{"code": "MAU10", "isUsed": False}, {"code": "MAU20", "isUsed": True}],
    }
    for at, name in enumerate(("branches", "users", "BankAccounts", "customers", "products", "suppliers")):
        _date(seed, rows[name], now - timedelta(days=30 - at))
    rows |= list_trade(rows, seed, write_time(now - timedelta(days=2)))
    return Shop(rows=rows, next_id=seed.retailer_id * 10_000 + 9_000)


def _date(seed: Seed, rows: list[Row], first: datetime) -> None:
    for at, row in enumerate(rows):
        row["retailerId"] = seed.retailer_id
        row["createdDate"] = row["modifiedDate"] = write_time(first + timedelta(hours=7 * at))


def _branches(seed: Seed) -> list[Row]:
    return [
        {
            "id": seed.retailer_id * 10 + at,
            "branchName": name,
            "branchCode": f"CN{at:03}",
            "contactNumber": str(seed.first_phone + 80 + at),
            "email": f"chinhanh{at}@{seed.retailer}.example",
            "address": f"{STREETS[at]}, {LOCATIONS[at]}",
        }
        for at, name in enumerate(seed.branches)
    ]


def _users(seed: Seed) -> list[Row]:
    return [
        {
            "id": seed.retailer_id * 10_000 + 100 + at,
            "userName": login,
            "givenName": name,
            "address": STREETS[at],
            "mobilePhone": str(seed.first_phone + 50 + at),
            "email": f"{login}@{seed.retailer}.example",
            "description": "Nhân viên",
            "birthDate": f"199{at}-04-12T00:00:00.0000000",
        }
        for at, (login, name) in enumerate(seed.staff)
    ]


def _accounts(seed: Seed) -> list[Row]:
    return [
        {
            "id": seed.retailer_id * 10 + at,
            "bankName": f"Ngân hàng {letter} (mẫu)",
            "accountNumber": f"000{seed.retailer_id}00{at}",
            "description": "",
        }
        for at, letter in enumerate("AB")
    ]


def _groups(seed: Seed) -> list[Row]:
    first = seed.retailer_id * 10_000 + 1_000
    return [
        {
            "id": seed.retailer_id * 10 + at,
            "name": name,
            "description": "",
            "createdDate": "2026-01-05T08:00:00.0000000",
            "createdBy": seed.retailer_id * 10_000 + 100,
            "retailerId": seed.retailer_id,
            "discount": discount,
            "customerGroupDetails": [
                {"id": first + member, "customerId": first + member, "groupId": seed.retailer_id * 10 + at}
                for member in range(at, len(seed.customers), 2)
            ],
        }
        for at, (name, discount) in enumerate((("Khách quen", 5.5), ("Khách lẻ", None)))
    ]


def _customers(seed: Seed) -> list[Row]:
    last = len(seed.customers) - 1
    return [
        {
            "id": seed.retailer_id * 10_000 + 1_000 + at,
            "code": f"KH{at + 1:06}",
            "name": name,
            "gender": at % 2 == 1,
            "birthDate": f"19{80 + at}-0{at + 1}-15T00:00:00.0000000",
            "contactNumber": str(seed.first_phone + at) if at != last else "",
            "address": f"{STREETS[at % len(STREETS)]}",
            "locationName": LOCATIONS[at % len(LOCATIONS)],
            "wardName": f"Phường Mẫu {at + 1}",
            "email": f"khach{at + 1}@{seed.retailer}.example",
            "organization": "",
            "comments": "Hay mua cuối tuần" if at == 0 else "",
            "taxCode": f"01000005{at}" if at == 1 else "",
            "debt": 125000.5 if at % 3 == 0 else 0.0,
            "totalInvoiced": 1250000.0 + 37500.25 * at,
            "totalPoint": 12.0 + at,
            "totalRevenue": 1250000.0,
            "rewardPoint": 12 + at,
            "groups": "Khách quen" if at % 2 == 0 else "Khách lẻ",
            "groupId": seed.retailer_id * 10 + at % 2,
            "psidFacebook": FIRST_PSID + seed.retailer_id + at if at < 2 else None,
            "IdentificationNumber": f"00009900000{at}",
        }
        for at, name in enumerate(seed.customers)
    ]


def _products(seed: Seed) -> list[Row]:
    numbers = count(seed.retailer_id * 10_000 + 2_000)
    return [_product(seed, next(numbers), good=good, place=at) for at, good in enumerate(seed.goods)]


def _product(seed: Seed, number: int, *, good: tuple[str, float, float], place: int) -> Row:
    name, price, cost = good
    code = f"SP{place + 1:06}"
    return {
        "id": number,
        "code": code,
        "barCode": f"893000{number}",
        "name": name,
        "fullName": name,
        "categoryId": seed.retailer_id * 10 + place % 2,
        "categoryName": ("Hàng bán chạy", "Hàng theo mùa")[place % 2],
        "tradeMarkId": seed.retailer_id * 10,
        "tradeMarkName": seed.name,
        "type": 2,
        "allowsSale": True,
        "isActive": True,
        "hasVariants": False,
        "attributes": [],
        "unit": "cái",
        "units": [],
        "images": [],
        "basePrice": price,
        "weight": 200.0,
        "inventories": [
            {
                "productId": number,
                "productCode": code,
                "productName": name,
                "branchId": seed.retailer_id * 10 + at,
                "branchName": branch,
                "onHand": 20.0 + place + at,
                "cost": cost,
                "onOrder": 0.0,
                "reserved": 1.0,
                "minQuality": 0.0,
                "maxQuality": 999.0,
            }
            for at, branch in enumerate(seed.branches)
        ],
        "priceBooks": [
            {
                "priceBookId": seed.retailer_id * 10,
                "priceBookName": "Giá sỉ",
                "productId": number,
                "isActive": True,
                "startDate": "2026-01-01T00:00:00.0000000",
                "endDate": "2027-01-01T00:00:00.0000000",
                "price": price * 0.9,
            }
        ],
    }


def _suppliers(seed: Seed) -> list[Row]:
    return [
        {
            "id": seed.retailer_id * 10_000 + 3_000,
            "code": "NCC000001",
            "name": "Nhà cung cấp Ban Mai (mẫu)",
            "contactNumber": str(seed.first_phone + 70),
            "email": f"banmai@{seed.retailer}.example",
            "address": STREETS[3],
            "locationName": LOCATIONS[0],
            "wardName": "Phường Mẫu 9",
            "organization": "Ban Mai (mẫu)",
            "taxCode": "0100000990",
            "comments": "",
            "groups": "Nguyên liệu",
            "isActive": True,
            "branchId": seed.retailer_id * 10,
            "createdBy": seed.staff[0][1],
            "debt": 4300000.75,
            "totalInvoiced": 12600000.0,
            "totalInvoicedWithoutReturn": 12000000.0,
        }
    ]
