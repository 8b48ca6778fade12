"""What of KiotViet's answers each scope shows: contact, birth date, notes, finance, cost and staff stand apart."""

import json
from typing import Any

import pytest

from gateway.records.apps.types import Basis
from gateway.sandbox.kiotviet.seeds import BAKERY
from tests.platforms.kiotviet.endpoints import CUSTOMER, INVOICE, ORDER, PRODUCT, PURCHASE, RETURN, SUPPLIER
from tests.platforms.kiotviet.stage import Stage, kiotviet_stage
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.lying import answering, lying
from tests.platforms.zalo.stage import AppCaller

ALWAYS = {"id", "modifiedDate", "createdDate"}
CONTACT = {"contactNumber", "address", "locationName", "wardName", "email", "psidFacebook"}
FINANCE = {"taxCode", "debt", "totalInvoiced", "totalPoint", "totalRevenue", "rewardPoint"}
RECIPIENT = {"receiver", "contactNumber", "address", "locationId", "locationName"}


async def read(stage: Stage, path: str, *scopes: str) -> dict[str, Any]:
    """Read as an app that holds these scopes."""
    app = await app_with(stage, *(f"kiotviet.{one}" for one in scopes))
    reply = await app.call(f"/kiotviet{path}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


@pytest.mark.parametrize(
    "scope, shown",
    [
        ("customer.read", {"code", "name", "gender", "organization", "groups"}),
        ("customer.contact.read", CONTACT),
        ("customer.birth.read", {"birthDate"}),
        ("customer.note.read", {"comments"}),
        ("customer.finance.read", FINANCE),
    ],
)
async def test_a_customer_is_shown_in_parts(shared: Stage, scope: str, shown: set[str]) -> None:
    """Each scope opens its own members, in one row and in a list that was asked for everything."""
    assert set(await read(shared, f"/customers/{CUSTOMER}", scope)) == ALWAYS | shown
    asked = "includeTotal=true&includeCustomerGroup=true&includeCustomerSocial=true"
    (row,) = (await read(shared, f"/customers?pageSize=1&{asked}", scope))["data"]
    assert set(row) == ALWAYS | shown


async def test_nobody_reads_the_national_id(shared: Stage, everything: AppCaller) -> None:
    """KiotViet tells it where a customer is written; no app is told, and the shop's number stays out too."""
    customer = f"/customers/{CUSTOMER + 4}"
    reply = await everything.call(f"/kiotviet{customer}", "PUT", json={"comments": "quen"})
    token = (await shared.kiot.token())["access_token"]
    said = await shared.kiot.call("PUT", customer, token, json={"comments": "quen"})
    assert {"IdentificationNumber", "retailerId"} <= set(said)
    assert not {"IdentificationNumber", "retailerId"} & set(reply.json)
    assert said["IdentificationNumber"] not in reply.body.decode()


@pytest.mark.parametrize(
    "path, scope, member",
    [
        (f"/orders/{ORDER}", "order", "orderDelivery"),
        (f"/invoices/{INVOICE}", "invoice", "invoiceDelivery"),
    ],
)
async def test_a_sale_without_its_people(shared: Stage, path: str, scope: str, member: str) -> None:
    """Without further scopes a sale names no customer, seller, recipient or bank account; each has its own."""
    plain = await read(shared, path, f"{scope}.read")
    assert plain["customerId"] == CUSTOMER
    assert not {"customerName", "customerCode", "soldByName"} & set(plain)
    assert not RECIPIENT & set(plain[member])
    assert not {"bankAccount", "accountId"} & set(plain["payments"][0])
    delivered = await read(shared, path, f"{scope}.delivery.read")
    assert set(delivered) == {*ALWAYS, "code", "customerId", member}
    assert set(delivered[member]) == RECIPIENT
    named = await read(shared, path, f"{scope}.read", "customer.read", "staff.read", "finance.read")
    assert (named["customerName"], named["soldByName"]) == (BAKERY.customers[0], BAKERY.staff[0][1])
    assert named["payments"][0]["bankAccount"].startswith("000")
    assert not RECIPIENT & set(named[member])


PURCHASED, RETURNED, SUPPLIED = f"/purchaseorders/{PURCHASE}", f"/returns/{RETURN}", f"/suppliers/{SUPPLIER}"
BOOKS, VOUCHERS = "/pricebooks?includePriceBookUsers=true", "/vouchercampaign?includeVoucherUsers=true"
COST, STAFF = "product.cost.read", "staff.read"
OF_PURCHASE, OF_TRANSFER = ("purchaseOrderDetails", 0), ("data", 0, "transferDetails", 0)
WITHHELD: list[tuple[str, str, tuple[str | int, ...], set[str], str]] = [
    (f"/products/{PRODUCT}", "product.read", ("inventories", 0), {"cost"}, COST),
    (PURCHASED, "purchase.read", OF_PURCHASE, {"price", "discount"}, COST),
    (PURCHASED, "purchase.read", (), {"total", "discount"}, COST),
    (PURCHASED, "purchase.read", (), {"supplierName", "supplierCode"}, "supplier.read"),
    (PURCHASED, "purchase.read", (), {"purchaseName"}, STAFF),
    ("/transfers", "purchase.read", OF_TRANSFER, {"price", "sendPrice", "receivePrice"}, COST),
    ("/ordersuppliers", "purchase.read", ("data", 0), {"supplierDebt", "paidAmount"}, "finance.read"),
    (SUPPLIED, "supplier.read", (), {"debt", "totalInvoiced", "totalInvoicedWithoutReturn"}, "finance.read"),
    (SUPPLIED, "supplier.read", (), {"createdBy"}, STAFF),
    ("/branches", "shop.read", ("data", 0), {"contactNumber", "email"}, STAFF),
    (RETURNED, "invoice.read", (), {"customerName", "customerCode"}, "customer.read"),
    (RETURNED, "invoice.read", ("payments", 0), {"bankAccount", "accountId"}, "finance.read"),
    ("/cashflow?includeUser=true", "finance.read", ("data", 0), {"user"}, STAFF),
    (BOOKS, "product.read", ("data", 0, "priceBookUsers", 0), {"userName"}, STAFF),
    (VOUCHERS, "shop.read", ("data", 0, "voucherUsers", 0), {"userName"}, STAFF),
]


@pytest.mark.parametrize("number", range(len(WITHHELD)))
async def test_what_is_withheld_until_its_scope_is_there(shared: Stage, number: int) -> None:
    """Costs, debts, suppliers and staff are not there; with their scope they are."""
    path, opener, place, hidden, shown_by = WITHHELD[number]
    for scopes, expected in (((opener,), set()), ((opener, shown_by), hidden)):
        found: Any = await read(shared, path, *scopes)
        for step in place:
            found = found[step]
        assert hidden & set(found) == expected


PARTY = {"partnerName", "contactNumber", "address", "wardName"}


async def test_the_cash_book_names_nobody_but_by_its_own_scope(shared: Stage, everything: AppCaller) -> None:
    """Who paid is shown by no scope on customers or staff, and without a basis of each by none at all."""
    rows = (await everything.call("/kiotviet/cashflow")).json["data"]
    assert [set(row) & PARTY for row in rows] == [PARTY] * 4
    plain = await read(shared, "/cashflow", "finance.read", "customer.read", "customer.contact.read", "staff.read")
    assert [set(row) & PARTY for row in plain["data"]] == [set()] * 4
    app = await app_with(shared, "kiotviet.finance.read", "kiotviet.finance.party.read", basis=Basis.OWN_CONSENT)
    asked = (await app.call("/kiotviet/cashflow")).json["data"]
    assert [(set(row) & PARTY, row["amount"] > 0) for row in asked] == [(set(), True)] * 4


async def test_withheld_members_are_counted_by_declaration(shared: Stage) -> None:
    """The count is the same for a customer who has everything and for one without a phone (I10)."""
    app = await app_with(shared, "kiotviet.customer.read")
    last = CUSTOMER + len(BAKERY.customers) - 1
    counts = [(await app.call(f"/kiotviet/customers/{one}")).headers["Quyen-Withheld"] for one in (CUSTOMER, last - 1)]
    assert counts[0] == counts[1]
    assert counts[0].endswith('reasons="scope"')


NUMBERS = (
    b'{"id":5001001,"code":"KH1","debt":1250000.5000,"totalInvoiced":1E+7,"totalPoint":-0.0,"rewardPoint":12,'
    b'"psidFacebook":9223372036854775807,"modifiedDate":"2026-11-01T09:00:00.0000000"}'
)


async def test_numbers_pass_byte_for_byte(tmp_path: Any) -> None:
    """Money keeps its zeros and a Facebook id its digits (ADR 0028)."""
    async with lying(answering(NUMBERS)) as liar, kiotviet_stage(tmp_path, base_url=liar.url) as stage:
        app = await app_with(stage, "kiotviet.customer.finance.read", "kiotviet.customer.contact.read")
        reply = await app.call("/kiotviet/customers/5001001")
    for number in (b'"debt":1250000.5000,', b'"totalInvoiced":1E+7,', b'"totalPoint":-0.0,', b":9223372036854775807"):
        assert number in reply.body
    assert json.loads(reply.body).keys() == {
        "id",
        "debt",
        "totalInvoiced",
        "totalPoint",
        "rewardPoint",
        "psidFacebook",
        "modifiedDate",
    }
