"""What a stocked shop has bought from its supplier, and the goods that moved between its branches."""

from gateway.sandbox.kiotviet.seeds import Seed
from gateway.sandbox.kiotviet.state import Row

Rows = dict[str, list[Row]]


def list_bought(rows: Rows, seed: Seed) -> Rows:
    """Make the rows of the lists that tell of buying."""
    supplier, user = rows["suppliers"][0], rows["users"][0]
    bought = {
        "branchId": rows["branches"][0]["id"],
        "supplierId": supplier["id"],
        "supplierCode": supplier["code"],
        "supplierName": supplier["name"],
        "status": 3,
        "discount": 0.0,
        "total": _cost(rows) * 100,
    }
    first = seed.retailer_id * 10_000 + 8_000
    return {
        "purchaseorders": [{"id": first, "code": "PN000001", **bought, **_received(rows, user)}],
        "ordersuppliers": [{"id": first + 100, "code": "PDN000001", **bought, **_ordered(rows, user)}],
        "transfers": [{"id": first + 200, "code": "CH000001", **_moved(rows)}],
    }


def _cost(rows: Rows) -> float:
    return float(rows["products"][0]["inventories"][0]["cost"])


def _line(rows: Rows) -> Row:
    return {"productId": rows["products"][0]["id"], "quantity": 100.0, "price": _cost(rows), "discount": 0.0}


def _received(rows: Rows, user: Row) -> Row:
    product = rows["products"][0]
    known = {"productCode": product["code"], "productName": product["fullName"]}
    return {
        "purchaseDate": "",
        "branchName": rows["branches"][0]["branchName"],
        "partnerType": "S",
        "purchaseById": user["id"],
        "purchaseName": user["givenName"],
        "purchaseOrderDetails": [{**_line(rows), **known}],
        "payments": [],
    }


def _ordered(rows: Rows, user: Row) -> Row:
    return {
        "orderDate": "",
        "userId": user["id"],
        "createdBy": user["id"],
        "description": "",
        "totalQty": 100.0,
        "paidAmount": 0.0,
        "supplierDebt": rows["suppliers"][0]["debt"],
        "orderSupplierDetails": [{"id": 1, **_line(rows), "subTotal": _cost(rows) * 100}],
    }


def _moved(rows: Rows) -> Row:
    product, cost = rows["products"][0], _cost(rows)
    line = {
        "productId": product["id"],
        "productCode": product["code"],
        "sendQuantity": 5.0,
        "receiveQuantity": 5.0,
        "price": cost,
        "sendPrice": cost * 5,
        "receivePrice": cost * 5,
    }
    return {
        "fromBranchId": rows["branches"][0]["id"],
        "toBranchId": rows["branches"][-1]["id"],
        "status": 3,
        "description": "",
        "transferDetails": [line],
    }
