"""What a stocked shop has traded: orders, invoices, money that came in, what holds for the whole shop."""

from gateway.sandbox.kiotviet.buying import list_bought
from gateway.sandbox.kiotviet.seeds import Seed
from gateway.sandbox.kiotviet.state import Row

Rows = dict[str, list[Row]]
SALES = 4


def list_trade(rows: Rows, seed: Seed, at: str) -> Rows:
    """Make the rows of every list that tells of trade, all of one moment."""
    sales = [_sale(rows, place) for place in range(SALES)]
    orders = [_order(seed, sale, place=place) for place, sale in enumerate(sales)]
    invoices = [_invoice(seed, sale, place=place, order=orders[place]) for place, sale in enumerate(sales)]
    traded = {
        "orders": orders,
        "invoices": invoices,
        "returns": [_returned(seed, invoices[0])],
        "cashflow": [_receipt(seed, invoice, place=place) for place, invoice in enumerate(invoices)],
        **list_bought(rows, seed),
        **_shop_wide(rows, seed),
    }
    for listed in traded.values():
        for row in listed:
            row |= {"retailerId": seed.retailer_id, "createdDate": at, "modifiedDate": at}
            row |= {key: at for key in ("purchaseDate", "returnDate", "transDate", "orderDate") if key in row}
    return traded


def _sale(rows: Rows, place: int) -> Row:
    customer = rows["customers"][place % len(rows["customers"])]
    branch = rows["branches"][place % len(rows["branches"])]
    seller = rows["users"][place % len(rows["users"])]
    product = rows["products"][place % len(rows["products"])]
    return {
        "purchaseDate": "",
        "branchId": branch["id"],
        "branchName": branch["branchName"],
        "soldById": seller["id"],
        "soldByName": seller["givenName"],
        "customerId": customer["id"],
        "customerCode": customer["code"],
        "customerName": customer["name"],
        "total": product["basePrice"] * 2 - 500.5,
        "totalPayment": product["basePrice"],
        "discount": 500.5,
        "status": 1,
        "statusValue": "Hoàn thành",
        "description": "Gọi trước khi giao",
        "usingCod": place % 2 == 0,
        "payments": [
            {
                "id": 1 + place,
                "code": f"TT{place + 1:06}",
                "amount": product["basePrice"],
                "method": "Transfer",
                "status": 0,
                "statusValue": "Đã thanh toán",
                "transDate": "2026-11-01T09:00:00.0000000",
                "bankAccount": rows["BankAccounts"][0]["accountNumber"],
                "accountId": rows["BankAccounts"][0]["id"],
            }
        ],
        "_line": {
            "productId": product["id"],
            "productCode": product["code"],
            "productName": product["fullName"],
            "isMaster": True,
            "quantity": 2.0,
            "price": product["basePrice"],
            "discount": 0.0,
            "note": "",
        },
        "_delivery": {
            "deliveryCode": f"GH{place + 1:06}",
            "type": 0,
            "price": 25000.0,
            "receiver": customer["name"],
            "contactNumber": customer["contactNumber"],
            "address": customer["address"],
            "locationId": 1,
            "locationName": customer["locationName"],
            "weight": 400.0,
            "partnerDeliveryId": None,
        },
    }


def _order(seed: Seed, sale: Row, *, place: int) -> Row:
    kept = {name: value for name, value in sale.items() if not name.startswith("_")}
    own = {"id": seed.retailer_id * 10_000 + 4_000 + place, "code": f"DH{place + 1:06}", "saleChannelId": None}
    return {**own, **kept, "orderDetails": [dict(sale["_line"])], "orderDelivery": dict(sale["_delivery"])}


def _invoice(seed: Seed, sale: Row, *, place: int, order: Row) -> Row:
    kept = {name: value for name, value in sale.items() if not name.startswith("_")}
    own = {"id": seed.retailer_id * 10_000 + 5_000 + place, "code": f"HD{place + 1:06}"}
    delivery = {**sale["_delivery"], "status": 1 + place, "usingPriceCod": True, "priceCodPayment": 25000.5}
    channel = {"Id": 1, "Name": "Kênh khác", "Position": 1, "IsActivate": True, "IsNotDelete": True}
    return {
        **own,
        **kept,
        "orderId": order["id"],
        "orderCode": order["code"],
        "invoiceDetails": [dict(sale["_line"])],
        "invoiceDelivery": delivery,
        "SaleChannel": channel,
    }


def _returned(seed: Seed, invoice: Row) -> Row:
    kept = ("branchId", "branchName", "soldByName", "customerId", "customerCode", "customerName", "payments")
    return {
        "id": seed.retailer_id * 10_000 + 6_000,
        "code": "TH000001",
        "invoiceId": invoice["id"],
        "returnDate": "",
        "receivedById": invoice["soldById"],
        **{name: invoice[name] for name in kept},
        "returnTotal": invoice["total"],
        "returnDiscount": 0.0,
        "returnFee": 0.0,
        "totalPayment": invoice["totalPayment"],
        "status": 1,
        "statusValue": "Đã trả",
        "returnDetails": [
            {**{name: value for name, value in one.items() if name != "discount"}, "usePoint": False}
            for one in invoice["invoiceDetails"]
        ],
    }


def _receipt(seed: Seed, invoice: Row, *, place: int) -> Row:
    return {
        "id": seed.retailer_id * 10_000 + 7_000 + place,
        "code": f"PT{place + 1:06}",
        "address": invoice["invoiceDelivery"]["address"],
        "branchId": invoice["branchId"],
        "wardName": "Phường Mẫu 1",
        "contactNumber": invoice["invoiceDelivery"]["contactNumber"],
        "createdBy": invoice["soldById"],
        "usedForFinancialReporting": 1,
        "cashFlowGroupId": None,
        "method": "Transfer",
        "partnerType": "C",
        "partnerId": invoice["customerId"],
        "partnerName": invoice["customerName"],
        "status": 0,
        "statusValue": "Đã thanh toán",
        "transDate": "",
        "amount": invoice["totalPayment"],
        "user": invoice["soldByName"],
        "AccountId": invoice["payments"][0]["accountId"],
        "Description": "",
    }


def _shop_wide(rows: Rows, seed: Seed) -> Rows:
    branch, user, first = rows["branches"][0], rows["users"][0], seed.retailer_id * 10
    spans = {"startDate": "2026-01-01T00:00:00.0000000", "endDate": "2027-01-01T00:00:00.0000000"}
    for_all = {"isActive": True, "isGlobal": True, "forAllCusGroup": True, "forAllUser": True, **spans}
    return {
        "surchages": [
            {"id": first, "surchargeCode": "TK1", "surchargeName": "Phí gói quà", "value": 15000.0, "valueRatio": None}
        ],
        "salechannel": [{"id": first, "name": "Kênh khác", "isActive": True, "img": "", "isNotDelete": True}],
        "trademark": [{"tradeMarkId": first, "tradeMarkName": seed.name}],
        "pricebooks": [
            {
                "id": first,
                "name": "Giá sỉ",
                **for_all,
                "priceBookBranches": [{"id": 1, "priceBookId": first, "branchId": branch["id"]}],
                "priceBookCustomerGroups": [],
                "priceBookUsers": [
                    {"id": 1, "priceBookId": first, "userId": user["id"], "userName": user["givenName"]}
                ],
            }
        ],
        "vouchercampaign": [
            {
                "id": first,
                "code": "PHVC01",
                "name": "Mừng khai trương",
                **for_all,
                "expireTime": 30,
                "prereqCategoryIds": [],
                "prereqProductIds": [rows["products"][0]["id"]],
                "prereqPrice": 100000.0,
                "quantity": 100,
                "price": 20000.0,
                "useVoucherCombineInvoice": False,
                "voucherBranchs": [{"branchId": branch["id"], "branchName": branch["branchName"]}],
                "voucherUsers": [{"userId": user["id"], "userName": user["givenName"]}],
            }
        ],
    }
