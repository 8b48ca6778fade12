"""What customers of a shop were never asked about does not pass by finding, sorting or changing them (ADR 0031)."""

from dataclasses import replace

import pytest

from gateway.ground.vault.tokens import hashed
from gateway.records.apps import store as apps
from gateway.records.apps.types import Basis
from gateway.terms.ids import AskId
from tests.followers import say_yes
from tests.platforms.kiotviet.endpoints import BRANCH, CUSTOMER, INVOICE, LINES, ORDER, RECIPIENT
from tests.platforms.kiotviet.stage import Stage
from tests.platforms.kiotviet.test_kiotviet_refused import CALL, is_refused
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import AppCaller

READS = tuple(f"kiotviet.customer.{one}read" for one in ("", "contact.", "birth."))


@pytest.fixture(scope="module")
async def asking(shared: Stage) -> AppCaller:
    """Return an app that asks each customer; nobody agreed."""
    others = "kiotviet.supplier.read", "kiotviet.staff.read", "kiotviet.order.read"
    return await app_with(shared, *READS, *others, basis=Basis.OWN_CONSENT)


@pytest.mark.parametrize(
    "path",
    [
        "/customers?contactNumber=0502",
        "/customers?birthDate=1981-02-15",
        "/customers?name=Huy",
        "/customers?code=KH000002",
        "/customers?groupId=50010",
        "/customers?orderBy=name",
        "/customers?orderBy=code&orderDirection=Desc",
        "/customers/code/KH000002",
        "/orders?customerCode=KH000002",
        "/suppliers?contactNumber=8400",
        "/suppliers?name=a",
        "/users?orderBy=userName",
    ],
)
async def test_nobody_is_found_by_what_is_masked(shared: Stage, asking: AppCaller, path: str) -> None:
    """Who is found by a phone number has it: refused before KiotViet is asked, whatever stands beside the key."""
    reply = await is_refused(shared, asking, f"/kiotviet{path}")
    assert (reply.status, reply.code) == (403, "no_basis")


@pytest.mark.parametrize(
    "path", ["/customers?orderBy=id", "/customers?orderBy=modifiedDate&pageSize=2", "/orders?status=1", "/users"]
)
async def test_what_passes_anyway_may_be_sorted_by(asking: AppCaller, path: str) -> None:
    """Ids and dates are shown to whoever may call, so their order tells nothing; nor does an account's own state."""
    assert (await asking.call(f"/kiotviet{path}")).status == 200


async def test_the_key_s_own_scope_decides(shared: Stage) -> None:
    """Names by contract and phone numbers by consent: found by name, never by number."""
    bases = {"kiotviet_customer_contact_read": Basis.OWN_CONSENT}
    app = await app_with(shared, "kiotviet.customer.read", "kiotviet.customer.contact.read", **bases)
    assert (await app.call(f"{CALL}?name=a&orderBy=code")).status == 200
    assert (await is_refused(shared, app, f"{CALL}?contactNumber=8400")).code == "no_basis"


async def test_a_code_in_the_path_needs_the_scope_that_shows_it(shared: Stage) -> None:
    """Whoever may not read codes learns no customer's by trying."""
    app = await app_with(shared, "kiotviet.customer.contact.read")
    reply = await is_refused(shared, app, f"{CALL}/code/KH000002")
    assert (reply.status, reply.code) == (403, "insufficient_scope")


async def test_who_is_in_which_group_is_not_told(asking: AppCaller, everything: AppCaller) -> None:
    """The shop's groups and their names pass; whom they list does not, where each is asked."""
    shown = (await everything.call(f"{CALL}/group")).json["data"]
    told = (await asking.call(f"{CALL}/group")).json["data"]
    assert [row["name"] for row in told] == [row["name"] for row in shown]
    assert any(row["customerGroupDetails"] for row in shown)
    assert not any(row["customerGroupDetails"] for row in told)


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("PUT", f"/customers/{CUSTOMER}", {"name": "Tên khác (mẫu)"}),
        ("PUT", f"/customers/{CUSTOMER}", {"contactNumber": "84000000598"}),
        ("PUT", "/listupdatecustomers", {"listCustomers": [{"id": CUSTOMER, "name": "Tên khác (mẫu)"}]}),
        ("DELETE", f"/customers/{CUSTOMER}", None),
        ("POST", "/customers", {"name": "Khách mới (mẫu)"}),
        ("POST", "/listaddcutomers", {"listCustomers": [{"name": "Khách mới (mẫu)"}]}),
        ("POST", "/orders", {"branchId": BRANCH, "orderDetails": LINES, "customer": {"name": "Khách mới (mẫu)"}}),
    ],
)
async def test_nothing_is_written_about_who_did_not_agree(
    shared: Stage, method: str, path: str, body: dict[str, object] | None
) -> None:
    """Neither about a customer of the shop nor about somebody new, whom nobody can have asked: that is a contract's."""
    writes = [f"kiotviet.customer.{one}" for one in ("write", "contact.write", "delete")]
    app = await app_with(shared, *writes, "kiotviet.order.write", basis=Basis.OWN_CONSENT)
    options = {} if body is None else {"json": body}
    reply = await is_refused(shared, app, f"/kiotviet{path}", method, **options)
    assert (reply.status, reply.code) == (403, "no_basis")


async def test_an_order_without_a_customer_s_data_rests_on_nobody(shared: Stage) -> None:
    """What the call sends decides: goods alone are the shop's own, whatever else the app may write."""
    app = await app_with(shared, "kiotviet.customer.write", "kiotviet.order.write", basis=Basis.OWN_CONSENT)
    body = {"branchId": BRANCH, "orderDetails": LINES}
    assert (await app.call("/kiotviet/orders", "POST", json=body)).status == 200


OTHER = CUSTOMER + 1
SENT: list[tuple[str, str, dict[str, object]]] = [
    ("POST", "/orders", {"orderDetails": LINES, "customer": {"id": OTHER}, "orderDelivery": RECIPIENT}),
    ("POST", "/orders", {"orderDetails": LINES, "customer": {"code": "KH000001"}, "orderDelivery": RECIPIENT}),
    ("POST", "/orders", {"orderDetails": LINES, "orderDelivery": RECIPIENT}),
    ("PUT", f"/orders/{ORDER}", {"orderDelivery": RECIPIENT}),
    ("POST", "/invoices", {"invoiceDetails": LINES, "customerId": OTHER, "deliveryDetail": RECIPIENT}),
    ("POST", "/invoices", {"invoiceDetails": LINES, "deliveryDetail": RECIPIENT}),
    ("PUT", f"/invoices/{INVOICE}", {"deliveryDetail": {"status": 3}}),
]
WRITES = tuple(f"kiotviet.{one}.write" for one in ("order", "order.delivery", "invoice", "invoice.delivery"))


@pytest.fixture(scope="module")
async def sending(shared: Stage) -> AppCaller:
    """Return an app that writes recipients and asks each customer; the first customer agreed to that."""
    caller = await app_with(shared, *WRITES, basis=Basis.OWN_CONSENT)
    facts = await shared.door.find_token(hashed(caller.token))
    assert facts is not None
    async with shared.scene.house.storage.read() as connection:
        app = await apps.find(connection, facts.app_id)
    assert app is not None
    asks = [AskId(f"kiotviet_{one}_delivery_write") for one in ("order", "invoice")]
    await say_yes(replace(shared.scene, app=app), str(CUSTOMER), asks, to=asks)
    return caller


@pytest.mark.parametrize("number", range(len(SENT)))
async def test_a_recipient_is_written_for_who_agreed_alone(shared: Stage, sending: AppCaller, number: int) -> None:
    """Not for another customer, nor where the call does not say whose order it is: that is a contract's."""
    method, path, body = SENT[number]
    whole = body if method == "PUT" else {"branchId": BRANCH, **body}
    reply = await is_refused(shared, sending, f"/kiotviet{path}", method, json=whole)
    assert (reply.status, reply.code) == (403, "no_basis")


@pytest.mark.parametrize(
    "path, body",
    [
        ("/orders", {"orderDetails": LINES, "customer": {"id": CUSTOMER}, "orderDelivery": RECIPIENT}),
        ("/invoices", {"invoiceDetails": LINES, "customerId": CUSTOMER, "deliveryDetail": RECIPIENT}),
        ("/invoices", {"invoiceDetails": LINES, "customerId": OTHER}),
    ],
)
async def test_who_agreed_gets_their_order_sent(sending: AppCaller, path: str, body: dict[str, object]) -> None:
    """The buyer whom the call names by id agreed; a sale that goes nowhere is the shop's own."""
    reply = await sending.call(f"/kiotviet{path}", "POST", json={"branchId": BRANCH, **body})
    assert reply.status == 200, reply.body
