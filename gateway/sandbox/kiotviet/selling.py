"""Orders and invoices: placed, changed, cancelled; sums are the platform's to work out (facts B3)."""

from dataclasses import dataclass
from typing import Any

from gateway.sandbox.kiotviet.errors import KiotError
from gateway.sandbox.kiotviet.reading import Visit
from gateway.sandbox.kiotviet.state import Row

Body = dict[str, Any]
CANCELLED = 2
CHANGEABLE = ("purchaseDate", "description", "saleChannelId", "status", "usingCod", "discount", "totalPayment")


@dataclass(frozen=True)
class Kind:
    """How a sale of one kind is spelled."""

    name: str
    code: str
    details: str
    sent_delivery: str
    kept_delivery: str


ORDER = Kind("orders", "DH", "orderDetails", "orderDelivery", "orderDelivery")
INVOICE = Kind("invoices", "HD", "invoiceDetails", "deliveryDetail", "invoiceDelivery")
_KINDS = {kind.name: kind for kind in (ORDER, INVOICE)}


def place_order(visit: Visit, body: Body) -> Row:
    """`POST /orders`; `makeInvoice` makes its invoice too."""
    order = _place(visit, ORDER, body, buyer=_find_buyer(visit, body.get("customer")))
    if body.get("makeInvoice"):
        sold = {**body, "invoiceDetails": body["orderDetails"], "orderId": order["id"]}
        _place(visit, INVOICE, sold, buyer=visit.shelf.find("customers", "id", order["customerId"]))
    return order


def place_invoice(visit: Visit, body: Body) -> Row:
    """`POST /invoices`: the buyer is a customer that the shop knows, or nobody."""
    number = body.get("customerId")
    buyer = None if number is None else visit.shelf.get("customers", number)
    return _told(_place(visit, INVOICE, body, buyer=buyer))


def change_sale(visit: Visit, name: str, number: str, body: Body) -> Row:
    """`PUT /orders/{id}` and `PUT /invoices/{id}`: what is sent replaces what was."""
    kind, row = _KINDS[name], visit.shelf.get(name, number)
    changes: Row = {one: body[one] for one in CHANGEABLE if one in body}
    if kind.details in body:
        changes |= {kind.details: _details(visit, body[kind.details])}
        changes["total"] = _sum(changes[kind.details], body.get("discount") or row["discount"])
    if kind.sent_delivery in body:
        changes[kind.kept_delivery] = {**(row.get(kind.kept_delivery) or {}), **body[kind.sent_delivery]}
    changed = visit.shelf.change(row, changes)
    return _told(changed) if kind is INVOICE else changed


def cancel_invoice(visit: Visit, body: Body) -> Row:
    """`DELETE /invoices`: the id stands in the body; the invoice stays, cancelled."""
    row = visit.shelf.get("invoices", body.get("id"))
    return _told(visit.shelf.change(row, {"status": CANCELLED, "statusValue": "Đã hủy"}))


def _place(visit: Visit, kind: Kind, body: Body, *, buyer: Row | None) -> Row:
    branch = visit.shelf.find("branches", "id", body.get("branchId"))
    if branch is None:
        raise KiotError("validation", "Chi nhánh không tồn tại")
    details = _details(visit, body.get(kind.details))
    seller = visit.shelf.find("users", "id", body.get("soldById")) or visit.shelf.list_rows("users")[0]
    paid, discount = body.get("totalPayment") or 0, body.get("discount") or 0
    buyer = buyer or {"id": None, "code": None, "name": None}
    sale: Row = {
        "purchaseDate": body.get("purchaseDate", visit.shelf.now),
        "branchId": branch["id"],
        "branchName": branch["branchName"],
        "soldById": seller["id"],
        "soldByName": seller["givenName"],
        "customerId": buyer["id"],
        "customerCode": buyer["code"],
        "customerName": buyer["name"],
        "total": _sum(details, discount),
        "totalPayment": paid,
        "discount": discount,
        "method": body.get("method", "Cash"),
        "status": 1,
        "statusValue": "Phiếu tạm" if kind is ORDER else "Hoàn thành",
        "description": body.get("description", ""),
        "usingCod": body.get("usingCod", False),
        "saleChannelId": body.get("saleChannelId"),
        **({} if kind is ORDER else {"orderId": body.get("orderId")}),
        kind.details: details,
        kind.kept_delivery: body.get(kind.sent_delivery),
        "payments": [_payment(visit, paid, body)] if paid else [],
    }
    return visit.shelf.add(kind.name, sale, code=kind.code)


def _payment(visit: Visit, amount: object, body: Body) -> Row:
    account = visit.shelf.find("BankAccounts", "id", body.get("accountId"))
    return {
        "id": len(visit.shelf.list_rows("cashflow")) + 1,
        "code": "TT",
        "amount": amount,
        "method": body.get("method", "Cash"),
        "status": 0,
        "statusValue": "Đã thanh toán",
        "transDate": visit.shelf.now,
        "bankAccount": None if account is None else account["accountNumber"],
        "accountId": None if account is None else account["id"],
    }


def _details(visit: Visit, lines: object) -> list[Row]:
    if not isinstance(lines, list) or not lines or not all(isinstance(one, dict) for one in lines):
        raise KiotError("validation", "Chưa có hàng hóa")
    return [_detail(visit, one) for one in lines]


def _detail(visit: Visit, line: Body) -> Row:
    product = visit.shelf.find("products", "id", line.get("productId")) or visit.shelf.find(
        "products", "code", line.get("productCode")
    )
    if product is None:
        raise KiotError("validation", "Hàng hóa không tồn tại")
    return {
        "productId": product["id"],
        "productCode": product["code"],
        "productName": product["fullName"],
        "isMaster": True,
        "quantity": line.get("quantity", 1),
        "price": product["basePrice"] if line.get("price") is None else line["price"],
        "discount": line.get("discount") or 0,
        "note": line.get("note", ""),
    }


def _sum(details: list[Row], discount: Any) -> Any:
    return sum(one["quantity"] * one["price"] - one["discount"] for one in details) - discount


def _find_buyer(visit: Visit, sent: Any) -> Row | None:
    """The customer that an order names by id or code, or a new one made from what it says."""
    if not isinstance(sent, dict):
        return None
    for field in ("id", "code"):
        known = visit.shelf.find("customers", field, sent.get(field)) if field in sent else None
        if known is not None:
            return known
    kept = {name: value for name, value in sent.items() if name not in {"id", "comment"}}
    return visit.shelf.add("customers", {"name": "", **kept, "debt": 0.0, "rewardPoint": 0}, code="KH")


def _told(invoice: Row) -> Row:
    """How a write tells an invoice: its delivery under another name than a read does."""
    told = {name: value for name, value in invoice.items() if name != INVOICE.kept_delivery}
    return {**told, INVOICE.sent_delivery: invoice.get(INVOICE.kept_delivery)}
