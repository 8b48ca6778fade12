"""Each endpoint of the catalogue with a good call of it: what the tests of every endpoint run through."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.kiotviet.seeds import BAKERY

FIRST = BAKERY.retailer_id * 10_000
CUSTOMER, PRODUCT, SUPPLIER, ORDER, INVOICE, RETURN, PURCHASE = (
    FIRST + number for number in (1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000)
)
BRANCH = BAKERY.retailer_id * 10
LINES = [{"productId": PRODUCT, "quantity": 2, "price": 25000.75, "discount": None}]
RECIPIENT = {"receiver": "Người nhận (mẫu)", "contactNumber": "84000000577", "address": "9 Phố Mẫu"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One good call.

    Args:
        route: the route's id.
        method, path: as the platform has them.
        scopes: all of these are needed for this call.
        body: what is sent.
        people: how many people it is about, as the trace counts them.
    """

    route: str
    method: str
    path: str
    scopes: tuple[str, ...]
    body: Mapping[str, Any] | None = None
    people: int = 0

    def options(self) -> dict[str, Any]:
        """Return what a client sends beside the target."""
        return {} if self.body is None else {"json": self.body}


def _get(route: str, path: str, scope: str, people: int = 0) -> Endpoint:
    return Endpoint(route, "GET", path, (f"kiotviet.{scope}",), None, people)


_CUSTOMERS = len(BAKERY.customers)
READS = (
    _get("list_customers", "/customers?pageSize=100&includeTotal=true", "customer.read", _CUSTOMERS),
    _get("list_customers", "/customers?contactNumber=84000000501", "customer.contact.read", 1),
    _get("view_customer", f"/customers/{CUSTOMER}", "customer.finance.read", 1),
    _get("view_customer", f"/customers/{CUSTOMER}", "customer.note.read", 1),
    _get("view_customer", f"/customers/{CUSTOMER}", "customer.birth.read", 1),
    _get("view_customer_by_code", "/customers/code/KH000001", "customer.read", 1),
    _get("view_customer_by_code", "/customers/code/KH000002", "customer.read", 1),
    _get("list_customer_groups", "/customers/group", "customer.read", _CUSTOMERS),
    _get("list_orders", "/orders?includePayment=true&includeOrderDelivery=true", "order.read", 4),
    _get("view_order", f"/orders/{ORDER}", "order.delivery.read", 1),
    _get("view_order_by_code", "/orders/code/DH000002", "order.read", 1),
    _get("list_invoices", "/invoices?includeInvoiceDelivery=true&SaleChannel=true", "invoice.read", 4),
    _get("view_invoice", f"/invoices/{INVOICE}", "invoice.delivery.read", 1),
    _get("view_invoice_by_code", "/invoices/code/HD000002", "invoice.read", 1),
    _get("list_products", f"/products?includeInventory=true&BranchIds={BRANCH},{BRANCH + 1}", "product.read"),
    _get("view_product", f"/products/{PRODUCT}", "product.cost.read"),
    _get("view_product_by_code", "/products/code/SP000001", "product.read"),
    _get("list_stock", f"/productOnHands?branchIds={BRANCH}", "product.read"),
    _get("list_branches", "/branches?orderBy=branchName&orderDirection=Desc", "shop.read"),
    _get("list_users", "/users", "staff.read", len(BAKERY.staff)),
    _get("list_bank_accounts", "/BankAccounts", "finance.read"),
    _get("list_cash_flow", "/cashflow?partnerType=C&startDate=2026-01-01", "finance.read", 4),
    Endpoint("list_cash_flow", "GET", "/cashflow", ("kiotviet.finance.read", "kiotviet.finance.party.read"), people=4),
    _get("list_surcharges", "/surchages", "shop.read"),
    _get("view_settings", "/settings", "shop.read"),
    _get("list_locations", "/locations", "shop.read"),
    _get("list_sale_channels", "/salechannel", "shop.read"),
    _get("list_price_books", "/pricebooks?includePriceBookUsers=true", "product.read"),
    _get("list_trademarks", "/trademark", "shop.read"),
    _get("list_voucher_campaigns", "/vouchercampaign?includeVoucherUsers=true", "shop.read"),
    _get("list_returns", "/returns?includePayment=true", "invoice.read", 1),
    _get("view_return", f"/returns/{RETURN}", "invoice.read", 1),
    _get("view_return_by_code", "/returns/code/TH000001", "invoice.read", 1),
    _get("list_transfers", "/transfers", "purchase.read"),
    _get("list_purchases", "/purchaseorders", "purchase.read", 1),
    _get("view_purchase", f"/purchaseorders/{PURCHASE}", "purchase.read", 1),
    _get("list_purchase_orders", "/ordersuppliers", "purchase.read", 1),
    _get("list_suppliers", "/suppliers?includeTotal=true", "supplier.read", 1),
    _get("view_supplier", f"/suppliers/{SUPPLIER}", "supplier.read", 1),
)
_CW, _CCW = "kiotviet.customer.write", "kiotviet.customer.contact.write"
_OW, _ODW = "kiotviet.order.write", "kiotviet.order.delivery.write"
_IW, _IDW = "kiotviet.invoice.write", "kiotviet.invoice.delivery.write"
_PW, _PCW = "kiotviet.product.write", "kiotviet.product.cost.write"
_CONTACT = {"contactNumber": "84000000588", "address": "3 Phố Mẫu", "birthDate": None}
_STOCK = {"inventories": [{"branchId": BRANCH, "onHand": 7.5, "cost": 900.25}]}
WRITES = (
    Endpoint("add_customer", "POST", "/customers", (_CW,), {"name": "Khách (mẫu)", "groupIds": [BRANCH]}, 1),
    Endpoint("add_customer", "POST", "/customers", (_CW, _CCW), {"name": "Khách (mẫu)", **_CONTACT}, 1),
    Endpoint("change_customer", "PUT", f"/customers/{CUSTOMER + 3}", (_CCW,), _CONTACT, 1),
    Endpoint("change_customer", "PUT", f"/customers/{CUSTOMER + 3}", (_CW,), {"gender": None}, 1),
    Endpoint("delete_customer", "DELETE", f"/customers/{CUSTOMER + 6}", ("kiotviet.customer.delete",), people=1),
    Endpoint("add_customers", "POST", "/listaddcutomers", (_CW,), {"listCustomers": [{"name": "Khách (mẫu)"}]}),
    Endpoint(
        "change_customers",
        "PUT",
        "/listupdatecustomers",
        (_CCW,),
        {"listCustomers": [{"id": CUSTOMER + 2, "email": "khach@mau.example"}]},
        1,
    ),
    Endpoint(
        "place_order",
        "POST",
        "/orders",
        (_OW, _ODW),
        {"branchId": BRANCH, "orderDetails": LINES, "customer": {"id": CUSTOMER}, "orderDelivery": RECIPIENT},
        1,
    ),
    Endpoint(
        "place_order",
        "POST",
        "/orders",
        (_OW, _CW, _CCW),
        {"branchId": BRANCH, "orderDetails": LINES, "customer": {"name": "Mới (mẫu)", "contactNumber": "84000000589"}},
        1,
    ),
    Endpoint("change_order", "PUT", f"/orders/{ORDER + 1}", (_ODW,), {"orderDelivery": RECIPIENT}, 1),
    Endpoint("delete_order", "DELETE", f"/orders/{ORDER + 3}?IsVoidPayment=true", ("kiotviet.order.delete",)),
    Endpoint(
        "make_invoice",
        "POST",
        "/invoices",
        (_IW, _IDW),
        {"branchId": BRANCH, "customerId": CUSTOMER, "invoiceDetails": LINES, "deliveryDetail": RECIPIENT},
        1,
    ),
    Endpoint("change_invoice", "PUT", f"/invoices/{INVOICE + 1}", (_IDW,), {"deliveryDetail": {"status": 3}}, 1),
    Endpoint("cancel_invoice", "DELETE", "/invoices", ("kiotviet.invoice.delete",), {"id": INVOICE + 2}, 1),
    Endpoint("add_product", "POST", "/products", (_PW, _PCW), {"name": "Hàng (mẫu)", "basePrice": 1.5, **_STOCK}),
    Endpoint("change_product", "PUT", f"/products/{PRODUCT + 1}", (_PW,), {"basePrice": 12000.125}),
    Endpoint("delete_product", "DELETE", f"/products/{PRODUCT + 4}", ("kiotviet.product.delete",)),
    Endpoint("add_products", "POST", "/listaddproducts", (_PW,), {"listProducts": [{"name": "Hàng (mẫu)"}]}),
    Endpoint(
        "change_products", "PUT", "/listupdatedproducts", (_PW,), {"listProducts": [{"id": PRODUCT + 2, "unit": "hộp"}]}
    ),
    Endpoint(
        "add_vouchers",
        "POST",
        "/voucher",
        ("kiotviet.voucher.write",),
        {"voucherCampaignId": BRANCH, "data": [{"code": "VC9"}]},
    ),
    Endpoint("use_coupons", "POST", "/coupons/setused", ("kiotviet.voucher.write",), {"coupons": [{"code": "MAU10"}]}),
)
ENDPOINTS = (*READS, *WRITES)
