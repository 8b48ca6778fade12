"""The lists that can be read: what narrows each, what comes only when asked for, how its removed ids are called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.sandbox.kiotviet.state import Row

Keeps = Callable[[Row, str], bool]


def same(name: str) -> Keeps:
    """Rows whose member is the value."""
    return lambda row, value: str(row.get(name)) == value


def holds(name: str) -> Keeps:
    """Rows whose member holds the text."""
    return lambda row, value: value.casefold() in str(row.get(name) or "").casefold()


def among(name: str) -> Keeps:
    """Rows whose member is one of the values, which are written with commas (how lists are written: undocumented)."""
    return lambda row, value: str(row.get(name)) in value.split(",")


def flag(name: str) -> Keeps:
    """Rows whose member is true, or is not."""
    return lambda row, value: bool(row.get(name)) == (value.casefold() == "true")


def since(name: str) -> Keeps:
    """Rows from a moment on."""
    return lambda row, value: str(row.get(name) or "") >= value


def until(name: str) -> Keeps:
    """Rows up to a moment."""
    return lambda row, value: str(row.get(name) or "") <= value


@dataclass(frozen=True)
class Collection:
    """One list.

    Args:
        narrowing: what each query key keeps.
        on_request: members that come in the list only when the query key is `true`; a detail has them all.
        removed_as: what the list of removed ids is called; empty: there is none.
        is_paged: whether `pageSize` and `timestamp` come with it.
        details: the members by which one row can be asked for.
    """

    narrowing: Mapping[str, Keeps] = field(default_factory=dict)
    on_request: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed_as: str = "removeIds"
    is_paged: bool = True
    details: tuple[str, ...] = ()


_SOLD: Mapping[str, Keeps] = {
    "branchIds": among("branchId"),
    "customerIds": among("customerId"),
    "customerCode": same("customerCode"),
    "status": among("status"),
    "toDate": until("modifiedDate"),
    "createdDate": since("createdDate"),
}
_PARTNER: Mapping[str, Keeps] = {"code": same("code"), "name": holds("name"), "contactNumber": holds("contactNumber")}
_PAYMENTS = {"includePayment": ("payments",)}
_STOCK = {"includeInventory": ("inventories",), "includePricebook": ("priceBooks",)}
BOTH = ("id", "code")

COLLECTIONS: Mapping[str, Collection] = {
    "customers": Collection(
        {**_PARTNER, "birthDate": since("birthDate"), "groupId": same("groupId")},
        {
            "includeTotal": ("totalInvoiced", "totalPoint", "totalRevenue"),
            "includeCustomerGroup": ("groups",),
            "includeCustomerSocial": ("psidFacebook",),
        },
        removed_as="removeId",
        details=BOTH,
    ),
    "orders": Collection(
        {**_SOLD, "saleChannelId": same("saleChannelId")},
        {**_PAYMENTS, "includeOrderDelivery": ("orderDelivery",)},
        details=BOTH,
    ),
    "invoices": Collection(
        {
            **_SOLD,
            "orderId": same("orderId"),
            "fromPurchaseDate": since("purchaseDate"),
            "toPurchaseDate": until("purchaseDate"),
        },
        {**_PAYMENTS, "includeInvoiceDelivery": ("invoiceDelivery",), "SaleChannel": ("SaleChannel",)},
        details=BOTH,
    ),
    "products": Collection(
        {
            "name": holds("name"),
            "categoryId": same("categoryId"),
            "tradeMarkId": same("tradeMarkId"),
            "masterProductId": same("masterProductId"),
            "masterUnitId": same("masterUnitId"),
            "productType": same("type"),
            "isActive": flag("isActive"),
        },
        _STOCK,
        removed_as="removeId",
        details=BOTH,
    ),
    "branches": Collection(removed_as="removedIds"),
    "users": Collection(),
    "BankAccounts": Collection(),
    "surchages": Collection({"branchId": same("branchId")}, removed_as=""),
    "locations": Collection(removed_as=""),
    "salechannel": Collection(removed_as=""),
    "pricebooks": Collection(
        on_request={
            "includePriceBookBranch": ("priceBookBranches",),
            "includePriceBookCustomerGroups": ("priceBookCustomerGroups",),
            "includePriceBookUsers": ("priceBookUsers",),
        },
        removed_as="",
    ),
    "trademark": Collection(removed_as=""),
    "vouchercampaign": Collection(
        {"id": same("id"), "isActive": flag("isActive"), "isGlobal": flag("isGlobal")},
        {"includeVoucherBranchs": ("voucherBranchs",), "includeVoucherUsers": ("voucherUsers",)},
        removed_as="",
        is_paged=False,
    ),
    "cashflow": Collection(
        {
            "branchIds": among("branchId"),
            "code": among("code"),
            "userId": same("createdBy"),
            "partnerType": lambda row, value: value == "A" or row["partnerType"] == value,
            "method": among("method"),
            "partnerName": holds("partnerName"),
            "contactNumber": holds("contactNumber"),
            "isReceipt": lambda row, value: (row["amount"] > 0) == (value.casefold() == "true"),
            "startDate": since("transDate"),
            "endDate": until("transDate"),
            "status": same("status"),
        },
        {"includeUser": ("user",)},
        removed_as="",
    ),
    "returns": Collection({}, _PAYMENTS, removed_as="", details=BOTH),
    "transfers": Collection(
        {"fromBranchIds": among("fromBranchId"), "toBranchIds": among("toBranchId"), "status": among("status")},
        removed_as="",
    ),
    "purchaseorders": Collection(
        {
            "branchIds": among("branchId"),
            "status": among("status"),
            "fromPurchaseDate": since("purchaseDate"),
            "toPurchaseDate": until("purchaseDate"),
        },
        _PAYMENTS,
        removed_as="",
        details=("id",),
    ),
    "ordersuppliers": Collection(
        {"branchId": same("branchId"), "status": same("status"), "codeKey": same("code")}, removed_as=""
    ),
    "suppliers": Collection(
        _PARTNER,
        {"includeTotal": ("totalInvoiced", "totalInvoicedWithoutReturn"), "includeSupplierGroup": ("groups",)},
        removed_as="removedId",
        details=("id",),
    ),
}
