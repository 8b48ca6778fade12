"""Writing: what the platform does with a body, and what it answers (facts B3)."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.sandbox.kiotviet.errors import KiotError
from gateway.sandbox.kiotviet.reading import Visit
from gateway.sandbox.kiotviet.selling import cancel_invoice, change_sale, place_invoice, place_order
from gateway.sandbox.kiotviet.state import Row

DELETED: Row = {"message": "Xóa dữ liệu thành công"}
CUSTOMER = (
    "code",
    "name",
    "gender",
    "birthDate",
    "contactNumber",
    "subNumber",
    "IdentificationNumber",
    "address",
    "locationName",
    "wardName",
    "email",
    "comments",
    "taxCode",
)
PRODUCT = (
    "code",
    "name",
    "barCode",
    "fullName",
    "categoryId",
    "allowsSale",
    "description",
    "hasVariants",
    "attributes",
    "unit",
    "masterProductId",
    "masterUnitId",
    "conversionValue",
    "inventories",
    "basePrice",
    "weight",
    "images",
    "isActive",
    "isRewardPoint",
)
Body = dict[str, Any]


def add_customer(visit: Visit, body: Body) -> Row:
    """`POST /customers`: the row, with the national id that was sent."""
    _check_named(visit, "customers", body)
    row = visit.shelf.add("customers", {**_picked(body, CUSTOMER), "debt": 0.0, "rewardPoint": 0}, code="KH")
    groups = [{"id": row["id"], "customerId": row["id"], "groupId": one} for one in body.get("groupIds", [])]
    return {**row, "type": 0, "customerGroupDetails": groups}


def change_customer(visit: Visit, number: str, body: Body) -> Row:
    """`PUT /customers/{id}`."""
    return visit.shelf.change(visit.shelf.get("customers", number), _picked(body, CUSTOMER))


def add_customers(visit: Visit, body: Body) -> Row:
    """`POST /listaddcutomers`, spelled so."""
    for one in _rows(body, "listCustomers"):
        add_customer(visit, one)
    return {"message": "Thêm mới danh sách khách hàng thành công"}


def change_customers(visit: Visit, body: Body) -> Row:
    """`PUT /listupdatecustomers`."""
    for one in _rows(body, "listCustomers"):
        change_customer(visit, str(one.get("id")), one)
    return {"message": "Cập nhật danh sách khách hàng thành công"}


def add_product(visit: Visit, body: Body) -> Row:
    """`POST /products`."""
    _check_named(visit, "products", body)
    row = {"fullName": body["name"], "inventories": [], "isActive": True, "type": 2, **_picked(body, PRODUCT)}
    return visit.shelf.add("products", row, code="SP")


def change_product(visit: Visit, number: str, body: Body) -> Row:
    """`PUT /products/{id}`."""
    return visit.shelf.change(visit.shelf.get("products", number), _picked(body, PRODUCT))


def add_products(visit: Visit, body: Body) -> Row:
    """`POST /listaddproducts`."""
    for one in _rows(body, "listProducts"):
        add_product(visit, one)
    return {"message": "Thêm mới danh sách sản phẩm thành công"}


def change_products(visit: Visit, body: Body) -> Row:
    """`PUT /listupdatedproducts`."""
    for one in _rows(body, "listProducts"):
        change_product(visit, str(one.get("id")), one)
    return {"message": "Cập nhật danh sách sản phẩm thành công"}


def add_vouchers(visit: Visit, body: Body) -> Row:
    """`POST /voucher`: codes of a campaign that runs."""
    campaign = visit.shelf.get("vouchercampaign", body.get("voucherCampaignId"))
    codes = [{"code": one.get("code")} for one in _rows(body, "data")]
    visit.shelf.list_rows("vouchers").extend(codes)
    visit.shelf.change(campaign, {"quantity": campaign["quantity"] + len(codes)})
    return {"message": "Thêm mới voucher thành công"}


def use_coupons(visit: Visit, body: Body) -> Row:
    """`POST /coupons/setused`: each code that is not there, or was used, is told."""
    wrong = []
    for one in _rows(body, "coupons"):
        coupon = visit.shelf.find("coupons", "code", one.get("code"))
        if coupon is None or coupon["isUsed"]:
            wrong.append({"code": f"{one.get('code')}: mã không dùng được"})
        else:
            visit.shelf.change(coupon, {"isUsed": True})
    return {"message": "Cập nhật trạng thái Coupon", "dataError": wrong}


def _delete_from(name: str) -> "Callable[[Visit, str, Body], Row]":
    def delete(visit: Visit, number: str, _body: Body) -> Row:
        visit.shelf.remove(name, visit.shelf.get(name, number))
        return DELETED

    return delete


def _check_named(visit: Visit, name: str, body: Body) -> None:
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise KiotError("validation", "Tên không được để trống")
    if "code" in body and visit.shelf.find(name, "code", body["code"]) is not None:
        raise KiotError("validation", f"Mã {body['code']} đã tồn tại")


def _picked(body: Body, names: tuple[str, ...]) -> Row:
    return {name: body[name] for name in names if name in body}


def _rows(body: Body, name: str) -> list[Body]:
    rows = body.get(name)
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise KiotError("validation", f"{name} không hợp lệ")
    return rows


WHOLE: Mapping[tuple[str, str], Callable[[Visit, Body], Row]] = {
    ("POST", "customers"): add_customer,
    ("POST", "listaddcutomers"): add_customers,
    ("PUT", "listupdatecustomers"): change_customers,
    ("POST", "products"): add_product,
    ("POST", "listaddproducts"): add_products,
    ("PUT", "listupdatedproducts"): change_products,
    ("POST", "orders"): place_order,
    ("POST", "invoices"): place_invoice,
    ("DELETE", "invoices"): cancel_invoice,
    ("POST", "voucher"): add_vouchers,
    ("POST", "coupons/setused"): use_coupons,
}
ONE: Mapping[tuple[str, str], Callable[[Visit, str, Body], Row]] = {
    ("PUT", "customers"): change_customer,
    ("DELETE", "customers"): _delete_from("customers"),
    ("PUT", "products"): change_product,
    ("DELETE", "products"): _delete_from("products"),
    ("PUT", "orders"): lambda visit, number, body: change_sale(visit, "orders", number, body),
    ("DELETE", "orders"): _delete_from("orders"),
    ("PUT", "invoices"): lambda visit, number, body: change_sale(visit, "invoices", number, body),
}
