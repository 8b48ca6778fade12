"""What of a call never reaches KiotViet: another shop, another method, unlisted keys and members, uncovered parts."""

import json
from typing import Any

import pytest

from gateway.sandbox.kiotviet.seeds import FLORIST
from tests.platforms.kiotviet.endpoints import BRANCH, CUSTOMER, LINES, ORDER, PRODUCT, RECIPIENT
from tests.platforms.kiotviet.stage import Stage
from tests.platforms.sandbox.kiotviet_caller import KEY
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import AppCaller, Reply

CALL = "/kiotviet/customers"


async def is_refused(stage: Stage, app: AppCaller, target: str, method: str = "GET", **options: Any) -> Reply:
    """Make a call that must not arrive."""
    before = len(await stage.kiot.received())
    reply = await app.call(target, method, **options)
    assert len(await stage.kiot.received()) == before
    return reply


async def test_the_shops_own_name_passes_and_is_written_by_us(shared: Stage, everything: AppCaller) -> None:
    """A KiotViet client that sends `Retailer` beside its token works; the header upstream is ours, once."""
    headers = {"Authorization": f"Bearer {everything.token}", "Retailer": KEY.retailer}
    assert (await everything.call("/kiotviet/branches", headers=headers)).status == 200
    arrived = (await shared.arrived())[-1]["headers"]
    assert arrived["Retailer"] == KEY.retailer
    assert arrived["Authorization"] != headers["Authorization"]


@pytest.mark.parametrize(
    "named", [(FLORIST.retailer,), ("",), (KEY.retailer, FLORIST.retailer), (f"{KEY.retailer},{FLORIST.retailer}",)]
)
async def test_another_shop_in_the_header_is_refused(
    shared: Stage, everything: AppCaller, named: tuple[str, ...]
) -> None:
    """No header moves the account (I11), also not one that stands twice."""
    headers = [("Authorization", f"Bearer {everything.token}"), *(("retailer", one) for one in named)]
    reply = await is_refused(shared, everything, CALL, headers=headers)
    assert (reply.status, reply.code) == (400, "bad_target")


@pytest.mark.parametrize("query", ["Retailer=x", "retailer=x", "retailerId=5002", "RetailerId=5002"])
async def test_another_shop_in_the_query_is_refused(shared: Stage, everything: AppCaller, query: str) -> None:
    """No query key moves the account."""
    assert (await is_refused(shared, everything, f"{CALL}?{query}")).code == "bad_target"


@pytest.mark.parametrize("member", ["retailerId", "RetailerId", "Retailer"])
async def test_another_shop_in_the_body_is_refused(shared: Stage, everything: AppCaller, member: str) -> None:
    """No member of a body moves the account."""
    body = {"name": "Khách (mẫu)", member: FLORIST.retailer_id}
    assert (await is_refused(shared, everything, CALL, "POST", json=body)).code == "bad_body"


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Http-Method", "X-Method-Override"])
async def test_a_method_override_goes_nowhere(shared: Stage, everything: AppCaller, name: str) -> None:
    """The header is dropped: what arrives is the GET that was judged."""
    headers = {"Authorization": f"Bearer {everything.token}", name: "DELETE"}
    assert (await everything.call(f"{CALL}/{CUSTOMER}", headers=headers)).status == 200
    arrived = (await shared.arrived())[-1]
    assert arrived["method"] == "GET"
    assert name.lower() not in {one.lower() for one in arrived["headers"]}


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=101",
        "pageSize=0",
        "pageSize=-1",
        "pageSize=1e2",
        "pageSize=20&pageSize=20",
        "currentItem=-1",
        "orderBy=debt",
        "orderBy=contactNumber",
        "orderBy=name;drop",
        "orderDirection=up",
        "lastModifiedFrom=yesterday",
        "includeTotal=1",
        "IdentificationNumber=000099000001",
        "format=csv",
        "callback=x",
        "contactnumber=84000000501",
    ],
)
async def test_unlisted_queries_are_refused(shared: Stage, everything: AppCaller, query: str) -> None:
    """Every key is listed and every value keeps its rule; nothing is ordered by what its order would tell."""
    assert (await is_refused(shared, everything, f"{CALL}?{query}")).code == "bad_target"


async def test_a_name_that_is_dropped_reaches_nobody(shared: Stage, everything: AppCaller) -> None:
    """What a published client sends and no document has is taken and goes no further, whatever it holds."""
    query = "sort=modifiedDate&pageSize=1&toDate=2026-11-22&currentItem=0"
    assert (await everything.call(f"/kiotviet/returns?{query}")).status == 200
    assert (await shared.arrived())[-1]["target"] == "/returns?pageSize=1&currentItem=0"
    assert (await everything.call("/kiotviet/returns?toDate=x%26debt%3D1%23&sort=")).status == 200
    assert (await shared.arrived())[-1]["target"] == "/returns"


@pytest.mark.parametrize("target", ["returns?Sort=a", "returns?sort=a&sort=b", "returns?sortBy=a", "users?sort=a"])
async def test_no_other_name_is_dropped(shared: Stage, everything: AppCaller, target: str) -> None:
    """Another spelling, the same name twice, another route: refused, and nobody is asked."""
    assert (await is_refused(shared, everything, f"/kiotviet/{target}")).code == "bad_target"


@pytest.mark.parametrize(
    "query, scope",
    [
        ("contactNumber=84000000501", "customer.contact.read"),
        ("birthDate=1980-01-15", "customer.birth.read"),
        ("name=a", "customer.read"),
        ("orderBy=name", "customer.read"),
        ("groupId=50010", "customer.read"),
    ],
)
async def test_finding_by_something_needs_its_scope(shared: Stage, query: str, scope: str) -> None:
    """To find someone by a phone number tells as much as reading it."""
    app = await app_with(shared, "kiotviet.customer.note.read")
    reply = await is_refused(shared, app, f"{CALL}?{query}")
    assert (reply.status, reply.code) == (403, "insufficient_scope")
    allowed = await app_with(shared, f"kiotviet.{scope}")
    assert (await allowed.call(f"{CALL}?{query}")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/1/2",
        "/categories",
        "/customers/",
        "/customers/0",
        "/customers/01",
        f"/customers/{CUSTOMER}/orders",
        "/customers/code/a%2Fb",
        "/Customers",
        "/connect/token",
        "/_sandbox/received",
    ],
)
async def test_what_is_not_listed_does_not_exist(shared: Stage, everything: AppCaller, path: str) -> None:
    """Ids have one spelling; paths keep theirs."""
    assert (await is_refused(shared, everything, f"/kiotviet{path}")).status in {400, 404}


@pytest.mark.parametrize(
    "method, path", [("GET", "/webhooks"), ("POST", "/webhooks"), ("GET", "/webhooks/1"), ("DELETE", "/webhooks/1")]
)
async def test_webhooks_are_the_gateways_own(shared: Stage, everything: AppCaller, method: str, path: str) -> None:
    """An app is told why, and where its events come; in both ways of calling, and KiotViet hears nothing."""
    for named in ({}, {"Retailer": KEY.retailer}):
        headers = {"Authorization": f"Bearer {everything.token}", **named}
        body = (
            {"json": {"Webhook": {"Type": "order.update", "Url": "https://mau.example/"}}} if method == "POST" else {}
        )
        reply = await is_refused(shared, everything, f"/kiotviet{path}", method, headers=headers, **body)
        assert (reply.status, reply.code) == (403, "denied_route")
        assert b"set a notice endpoint" in reply.body


@pytest.mark.parametrize("name", ["IdentificationNumber", "identificationNumber", "debt", "rewardPoint", "id", "type"])
@pytest.mark.parametrize("many", [False, True])
async def test_unlisted_members_are_refused(shared: Stage, everything: AppCaller, name: str, *, many: bool) -> None:
    """No app writes a national id, a debt or points, alone or in a list, whatever it holds."""
    one = {"name": "Khách (mẫu)", name: 1}
    target, body = ("/kiotviet/listaddcutomers", {"listCustomers": [one]}) if many else (CALL, one)
    assert (await is_refused(shared, everything, target, "POST", json=body)).code == "bad_body"


SALE = {"branchId": BRANCH, "orderDetails": LINES}
INVOICED = {"branchId": BRANCH, "invoiceDetails": LINES, "deliveryDetail": RECIPIENT}
COSTED = {"inventories": [{"branchId": BRANCH, "cost": 1}]}
PARTS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("POST", "/customers", {"name": "A (mẫu)", "contactNumber": "84000000599"}, "customer.write", "contact.write"),
    ("POST", "/customers", {"name": "A (mẫu)", "birthDate": None}, "customer.write", "contact.write"),
    ("PUT", f"/customers/{CUSTOMER}", {"name": "A (mẫu)"}, "customer.contact.write", "customer.write"),
    ("PUT", f"/customers/{CUSTOMER}", {"groupIds": []}, "customer.contact.write", "customer.write"),
    ("POST", "/listaddcutomers", {"listCustomers": [{"name": "A", "email": "a"}]}, "customer.write", "contact.write"),
    ("POST", "/orders", {**SALE, "orderDelivery": RECIPIENT}, "order.write", "delivery"),
    ("POST", "/orders", {**SALE, "orderDelivery": {}}, "order.write", "delivery"),
    ("POST", "/orders", {**SALE, "customer": {"name": "A (mẫu)"}}, "order.write", "customer.write"),
    ("PUT", f"/orders/{ORDER}", {"orderDetails": []}, "order.delivery.write", "order.write"),
    ("PUT", f"/orders/{ORDER}", {"totalPayment": 5}, "order.delivery.write", "order.write"),
    ("POST", "/invoices", INVOICED, "invoice.write", "delivery"),
    ("PUT", f"/products/{PRODUCT}", COSTED, "product.write", "product.cost.write"),
]


@pytest.mark.parametrize("number", range(len(PARTS)))
async def test_a_write_carries_only_what_its_scopes_cover(shared: Stage, number: int) -> None:
    """A part that needs another scope is refused whole and named; an empty list or object takes away, so it counts."""
    method, path, body, scope, missing = PARTS[number]
    app = await app_with(shared, f"kiotviet.{scope}")
    reply = await is_refused(shared, app, f"/kiotviet{path}", method, json=body)
    assert (reply.status, reply.code) == (403, "insufficient_scope")
    assert missing in reply.json["note"]


async def test_money_passes_digit_for_digit(shared: Stage, everything: AppCaller) -> None:
    """A price is not rounded on its way to KiotViet; what is no number is refused."""
    raw = b'{"name":"H\xc3\xa0ng (m\xe1\xba\xabu)","basePrice":12000.1250,"weight":null}'
    headers = {"Authorization": f"Bearer {everything.token}", "Content-Type": "application/json"}
    assert (await everything.call("/kiotviet/products", "POST", headers=headers, data=raw)).status == 200
    assert '"basePrice":12000.1250,' in (await shared.arrived())[-1]["body"]
    for wrong in ("1", True, [1], {"a": 1}):
        body = {"name": "Hàng (mẫu)", "basePrice": wrong}
        assert (await is_refused(shared, everything, "/kiotviet/products", "POST", json=body)).code == "bad_body"


async def test_a_partner_names_itself(shared: Stage, everything: AppCaller) -> None:
    """`Partner` passes where the documents have it, and nowhere else."""
    headers = {"Authorization": f"Bearer {everything.token}", "Partner": "KVSync"}
    body = {"branchId": BRANCH, "orderDetails": LINES}
    await everything.call("/kiotviet/orders", "POST", headers=headers, json=body)
    await everything.call("/kiotviet/branches", headers=headers)
    order, branches = (await shared.arrived())[-2:]
    sent = [{name.lower(): value for name, value in one["headers"].items()} for one in (order, branches)]
    assert (sent[0]["partner"], "partner" in sent[1]) == ("KVSync", False)
    assert json.loads(order["body"]) == body
