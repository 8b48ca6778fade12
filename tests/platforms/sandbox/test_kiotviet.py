"""The KiotViet stand-in against the platform facts B1 to B3."""

import json
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from gateway.sandbox import __main__ as gateway_sandbox
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.kiotviet.app import build_kiotviet_sandbox
from gateway.sandbox.kiotviet.config import ApiKey
from gateway.sandbox.kiotviet.lists import COLLECTIONS
from gateway.sandbox.kiotviet.seeds import BAKERY, FLORIST, SHOPS
from tests.platforms.sandbox.kiotviet_caller import KEY, OTHER_KEY, KiotVietCaller, kiotviet_config
from tests.platforms.sandbox.still import CountedEntropy, StillClock

FIRST = BAKERY.retailer_id * 10_000 + 1_000
PRODUCT = BAKERY.retailer_id * 10_000 + 2_000
BRANCH = BAKERY.retailer_id * 10
LINE = {"productId": PRODUCT, "quantity": 3, "price": 20000.5}


@pytest.fixture
async def kiot(
    clock: StillClock, entropy: CountedEntropy, http: aiohttp.ClientSession
) -> AsyncIterator[KiotVietCaller]:
    """Yield a caller of a served stand-in that keeps nothing."""
    async with TestServer(build_kiotviet_sandbox(kiotviet_config(), clock, entropy)) as server:
        yield KiotVietCaller(http, str(server.make_url("/kiotviet")))


@pytest.fixture
async def token(kiot: KiotVietCaller) -> str:
    """Return a live token of the bakery."""
    return str((await kiot.token())["access_token"])


async def test_token_answer(kiot: KiotVietCaller) -> None:
    """A key gets a Bearer token of 24 hours, `expires_in` a number, no refresh token; two tokens live side by side."""
    answer, second = await kiot.token(), await kiot.token()
    assert set(answer) == {"access_token", "expires_in", "token_type"}
    assert (answer["expires_in"], answer["token_type"]) == (86400, "Bearer")
    for one in (answer, second):
        assert (await kiot.get("/settings", one["access_token"]))["AllowSellWhenOutStock"] is False


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scopes": "", "scope": "PublicApi.Access"}, "invalid_scope"),
        ({"client_secret": OTHER_KEY.client_secret}, "invalid_client"),
        ({"client_id": "no-such"}, "invalid_client"),
    ],
)
async def test_token_refusals(kiot: KiotVietCaller, changed: dict[str, str], error: str) -> None:
    """The parameter is `scopes`, the grant `client_credentials`, and id and secret belong together."""
    assert await kiot.token(status=400, changed=changed) == {"error": error}
    await kiot.switch(token_refusal=401)
    assert await kiot.token(status=401, changed=changed) == {"error": error}


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic LIVE", "LIVE"])
async def test_calls_need_a_bearer(kiot: KiotVietCaller, token: str, authorization: str) -> None:
    """Anything but a live token is 401, told in `responseStatus`."""
    headers = {"Authorization": authorization.replace("LIVE", token)}
    answer = await kiot.get("/branches", token, status=401, headers=headers)
    assert set(answer) == {"responseStatus"}
    assert set(answer["responseStatus"]) == {"errorCode", "message", "errors"}


async def test_a_token_dies(kiot: KiotVietCaller, token: str, clock: StillClock) -> None:
    """After 24 hours, when it is revoked, and while the switch says so; the key gets the next."""
    await kiot.switch(tokens_dead=True)
    await kiot.get("/branches", token, status=401)
    await kiot.switch()
    clock.advance(timedelta(hours=23, minutes=59))
    await kiot.get("/branches", token)
    clock.advance(timedelta(minutes=1))
    await kiot.get("/branches", token, status=401)
    fresh = (await kiot.token())["access_token"]
    assert await kiot.json("POST", "/_sandbox/revoke", json={"retailer": BAKERY.retailer}) == {"revoked": 1}
    await kiot.get("/branches", fresh, status=401)


@pytest.mark.parametrize("retailer", ["", FLORIST.retailer, BAKERY.retailer.upper()])
async def test_retailer_must_be_the_tokens(kiot: KiotVietCaller, token: str, retailer: str) -> None:
    """The header names the shop that the key is of, letter for letter; how it is refused is a quirk."""
    refused = await kiot.get("/branches", token, retailer=retailer, status=401)
    assert refused["responseStatus"]["errorCode"] == "KvRetailerException"
    await kiot.switch(retailer_refusal=420)
    await kiot.get("/branches", token, retailer=retailer, status=420)


async def test_each_shop_sees_its_own(kiot: KiotVietCaller, token: str) -> None:
    """What one shop holds the other does not."""
    other = (await kiot.token(OTHER_KEY))["access_token"]
    mine = await kiot.get("/customers", token)
    theirs = await kiot.get("/customers", other, retailer=FLORIST.retailer)
    assert (mine["total"], theirs["total"]) == (len(BAKERY.customers), len(FLORIST.customers))
    await kiot.get(f"/customers/{FIRST}", other, retailer=FLORIST.retailer, status=404)


async def test_pages(kiot: KiotVietCaller, token: str) -> None:
    """`pageSize` and `currentItem` cut pages; ids are numbers; a page past the end is empty or has no `data`."""
    first = await kiot.get("/customers?pageSize=3", token)
    second = await kiot.get("/customers?pageSize=3&currentItem=3", token)
    assert set(first) == {"total", "pageSize", "data", "timestamp"}
    assert (first["total"], first["pageSize"], len(first["data"]), len(second["data"])) == (7, 3, 3, 3)
    assert [type(row["id"]) for row in first["data"]] == [int] * 3
    assert first["data"][-1]["id"] + 1 == second["data"][0]["id"]
    assert (await kiot.get("/customers", token))["pageSize"] == 20
    assert (await kiot.get("/customers?currentItem=99", token))["data"] == []
    await kiot.switch(empty_page="absent")
    assert "data" not in await kiot.get("/customers?currentItem=99", token)


async def test_largest_page(kiot: KiotVietCaller, token: str) -> None:
    """More than 100 is 100, or refused: a quirk; no number is a wrong one."""
    assert (await kiot.get("/customers?pageSize=500", token))["pageSize"] == 100
    await kiot.switch(over_page="refuse")
    await kiot.get("/customers?pageSize=500", token, status=420)
    await kiot.get("/customers?pageSize=x", token, status=420)
    await kiot.switch(validation_status=400)
    await kiot.get("/customers?pageSize=x", token, status=400)


async def test_order(kiot: KiotVietCaller, token: str) -> None:
    """Rising unless `Desc`; by any member, in any case; an unknown one leaves them as they are."""
    rising = [row["name"] for row in (await kiot.get("/customers?orderBy=Name", token))["data"]]
    falling = [row["name"] for row in (await kiot.get("/customers?orderBy=name&orderDirection=DESC", token))["data"]]
    unknown = [row["id"] for row in (await kiot.get("/customers?orderBy=nope", token))["data"]]
    assert rising == sorted(rising) == falling[::-1]
    assert unknown == sorted(unknown)


@pytest.mark.parametrize(
    "query, expected",
    [
        ("code=KH000002", 1),
        ("name=kh%C3%B4i", 1),
        ("contactNumber=84000000501", 1),
        (f"groupId={BRANCH}", 4),
        ("birthDate=1985-01-01", 2),
        ("lastModifiedFrom=2999-01-01", 0),
    ],
)
async def test_customer_filters(kiot: KiotVietCaller, token: str, query: str, expected: int) -> None:
    """Each key narrows the total."""
    assert (await kiot.get(f"/customers?{query}", token))["total"] == expected


@pytest.mark.parametrize(
    "path, expected",
    [
        (f"/orders?branchIds={BRANCH}", 2),
        (f"/orders?branchIds={BRANCH},{BRANCH + 1}", 4),
        (f"/orders?customerIds={FIRST},{FIRST + 1}", 2),
        ("/orders?status=9", 0),
        ("/invoices?fromPurchaseDate=2999-01-01", 0),
        ("/invoices?toPurchaseDate=2999-01-01", 4),
        ("/products?isActive=false", 0),
        ("/products?name=su", 1),
        ("/cashflow?partnerType=C&isReceipt=true", 4),
        ("/cashflow?partnerType=S", 0),
        ("/cashflow?partnerType=A", 4),
    ],
)
async def test_other_filters(kiot: KiotVietCaller, token: str, path: str, expected: int) -> None:
    """Lists are written with commas; moments compare as written."""
    assert (await kiot.get(path, token))["total"] == expected


@pytest.mark.parametrize(
    "path, key, names",
    [
        ("/customers", "includeTotal", {"totalInvoiced", "totalPoint", "totalRevenue"}),
        ("/customers", "includeCustomerGroup", {"groups"}),
        ("/customers", "includeCustomerSocial", {"psidFacebook"}),
        ("/orders", "includePayment", {"payments"}),
        ("/orders", "includeOrderDelivery", {"orderDelivery"}),
        ("/invoices", "includeInvoiceDelivery", {"invoiceDelivery"}),
        ("/products", "includeInventory", {"inventories"}),
        ("/products", "includePricebook", {"priceBooks"}),
    ],
)
async def test_asked_for(kiot: KiotVietCaller, token: str, path: str, key: str, names: set[str]) -> None:
    """Some members come in a list only when asked for."""
    plain = (await kiot.get(path, token))["data"][0]
    asked = (await kiot.get(f"{path}?{key}=true", token))["data"][0]
    assert set(asked) - set(plain) == names


async def test_numbers_are_numbers(kiot: KiotVietCaller, token: str) -> None:
    """Money has fractions, a Facebook id is above 2^53, and both are JSON numbers."""
    row = await kiot.get(f"/customers/{FIRST}", token)
    assert (row["debt"], type(row["psidFacebook"])) == (125000.5, int)
    assert row["psidFacebook"] > 2**53


@pytest.mark.parametrize("name", ["customers", "orders", "invoices", "products", "returns"])
async def test_details(kiot: KiotVietCaller, token: str, name: str) -> None:
    """A row is found by id and by code, with all that is told of it; one that is not there is a no."""
    row = (await kiot.get(f"/{name}", token))["data"][0]
    by_id, by_code = await kiot.get(f"/{name}/{row['id']}", token), await kiot.get(f"/{name}/code/{row['code']}", token)
    assert by_id == by_code
    assert set(row) <= set(by_id)
    await kiot.get(f"/{name}/7", token, status=404)
    await kiot.switch(missing_status=420)
    await kiot.get(f"/{name}/code/none", token, status=420)


@pytest.mark.parametrize("name", COLLECTIONS)
async def test_every_list(kiot: KiotVietCaller, token: str, name: str) -> None:
    """Every resource answers a list that is not empty."""
    answer = await kiot.get(f"/{name}", token)
    assert answer["total"] == len(answer["data"]) > 0


async def test_answers_of_their_own_form(kiot: KiotVietCaller, token: str) -> None:
    """Groups have members, stock has branches and no cost."""
    groups = await kiot.get("/customers/group", token)
    assert groups["data"][0]["customerGroupDetails"][0]["customerId"] == FIRST
    stock = (await kiot.get(f"/productOnHands?branchIds={BRANCH}&pageSize=1", token))["data"]
    assert [set(one) for one in stock[0]["inventories"]] == [{"branchId", "onhand", "reserved"}]


@pytest.mark.parametrize("path", ["/", "/nothing", "/customers/1/2/3", "/branches/1", "/customers/name/x", "/webhook"])
async def test_unknown_paths(kiot: KiotVietCaller, token: str, path: str) -> None:
    """What is not there is 404."""
    assert (await kiot.get(path, token, status=404))["responseStatus"]["errorCode"] == "NotFound"


async def test_customer_lives_and_dies(kiot: KiotVietCaller, token: str) -> None:
    """A customer is added, changed, found, deleted; the answer of a write tells the national id, a read never does."""
    body = {"name": "Khách mới (mẫu)", "contactNumber": "84000000599", "IdentificationNumber": "000099000099"}
    made = await kiot.call("POST", "/customers", token, json={**body, "groupIds": [BRANCH]})
    assert (made["IdentificationNumber"], made["customerGroupDetails"][0]["groupId"]) == ("000099000099", BRANCH)
    changed = await kiot.call("PUT", f"/customers/{made['id']}", token, json={"comments": "Quý khách"})
    assert (changed["name"], changed["comments"]) == ("Khách mới (mẫu)", "Quý khách")
    assert "IdentificationNumber" not in await kiot.get(f"/customers/code/{made['code']}", token)
    gone = await kiot.call("DELETE", f"/customers/{made['id']}", token)
    assert gone == {"message": "Xóa dữ liệu thành công"}
    assert (await kiot.get("/customers?includeRemoveIds=true", token))["removeId"] == [made["id"]]
    later = "/customers?includeRemoveIds=true&lastModifiedFrom=2999-01-01"
    assert (await kiot.get(later, token))["removeId"] == []


async def test_many_at_once(kiot: KiotVietCaller, token: str) -> None:
    """Lists of customers and of goods are added and changed."""
    rows = [{"name": "Một (mẫu)", "code": "A1"}, {"name": "Hai (mẫu)", "code": "A2"}]
    for path, name, kind in (
        ("/listaddcutomers", "listCustomers", "customers"),
        ("/listaddproducts", "listProducts", "products"),
    ):
        assert "thành công" in (await kiot.call("POST", path, token, json={name: rows}))["message"]
        found = await kiot.get(f"/{kind}/code/A2", token)
        update = {name: [{"id": found["id"], "name": "Ba (mẫu)"}]}
        change = {"customers": "/listupdatecustomers", "products": "/listupdatedproducts"}[kind]
        await kiot.call("PUT", change, token, json=update)
        assert (await kiot.get(f"/{kind}/{found['id']}", token))["name"] == "Ba (mẫu)"


async def test_order_becomes_an_invoice(kiot: KiotVietCaller, token: str) -> None:
    """The platform works out sums and names; a buyer is known, made, or nobody; an invoice is cancelled by a body."""
    delivery = {"receiver": "Người nhận (mẫu)", "contactNumber": "84000000590", "address": "1 Phố Mẫu"}
    body = {"branchId": BRANCH, "discount": 1.5, "orderDetails": [LINE], "orderDelivery": delivery}
    order = await kiot.call(
        "POST", "/orders", token, json={**body, "customer": {"id": FIRST}, "makeInvoice": True, "totalPayment": 50}
    )
    assert (order["total"], order["customerName"], order["payments"][0]["amount"]) == (60000.0, BAKERY.customers[0], 50)
    assert (await kiot.get(f"/orders/{order['id']}", token))["orderDelivery"]["receiver"] == "Người nhận (mẫu)"
    (invoice,) = (await kiot.get(f"/invoices?orderId={order['id']}", token))["data"]
    gone = await kiot.call("DELETE", "/invoices", token, json={"id": invoice["id"], "isVoidPayment": True})
    assert (gone["status"], gone["statusValue"]) == (2, "Đã hủy")
    new = {**body, "customer": {"name": "Mới tinh (mẫu)", "contactNumber": "84000000591"}}
    assert (await kiot.call("POST", "/orders", token, json=new))["customerName"] == "Mới tinh (mẫu)"
    nobody = await kiot.call("POST", "/orders", token, json=body)
    assert nobody["customerId"] is None
    changed = await kiot.call("PUT", f"/orders/{nobody['id']}", token, json={"orderDetails": [{**LINE, "quantity": 1}]})
    assert changed["total"] == 19999.0
    await kiot.call("DELETE", f"/orders/{nobody['id']}?IsVoidPayment=true", token)
    await kiot.get(f"/orders/{nobody['id']}", token, status=404)


async def test_invoice_is_told_in_two_ways(kiot: KiotVietCaller, token: str) -> None:
    """A write calls the delivery `deliveryDetail`, a read `invoiceDelivery`."""
    body = {"branchId": BRANCH, "customerId": FIRST, "invoiceDetails": [{"productCode": "SP000001"}]}
    made = await kiot.call("POST", "/invoices", token, json={**body, "deliveryDetail": {"receiver": "A (mẫu)"}})
    assert (made["deliveryDetail"]["receiver"], "invoiceDelivery" in made) == ("A (mẫu)", False)
    sent = {"deliveryDetail": {"address": "2 Phố Mẫu"}}
    await kiot.call("PUT", f"/invoices/{made['id']}", token, json=sent)
    read = await kiot.get(f"/invoices/{made['id']}", token)
    assert read["invoiceDelivery"] == {"receiver": "A (mẫu)", "address": "2 Phố Mẫu"}


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("POST", "/customers", {}),
        ("POST", "/customers", {"name": "x", "code": "KH000001"}),
        ("POST", "/customers", []),
        ("POST", "/listaddcutomers", {}),
        ("POST", "/orders", {"orderDetails": [LINE]}),
        ("POST", "/orders", {"branchId": BRANCH, "orderDetails": []}),
        ("POST", "/orders", {"branchId": BRANCH, "orderDetails": [{"productId": 1}]}),
    ],
)
async def test_wrong_bodies(kiot: KiotVietCaller, token: str, method: str, path: str, body: object) -> None:
    """A body that is wrong is often 420 (`KvValidateException`), in some places 400."""
    answer = await kiot.call(method, path, token, json=body, status=420)
    assert answer["responseStatus"]["errorCode"] == "KvValidateException"
    await kiot.switch(validation_status=400)
    await kiot.call(method, path, token, data="{", status=400)


async def test_vouchers_and_coupons(kiot: KiotVietCaller, token: str) -> None:
    """Codes are added to a campaign; a coupon is used once."""
    added = {"voucherCampaignId": BRANCH, "data": [{"code": "VC1"}]}
    assert await kiot.call("POST", "/voucher", token, json=added) == {"message": "Thêm mới voucher thành công"}
    used = {"coupons": [{"code": "MAU10"}, {"code": "MAU20"}, {"code": "NO"}]}
    answer = await kiot.call("POST", "/coupons/setused", token, json=used)
    assert [one["code"].partition(":")[0] for one in answer["dataError"]] == ["MAU20", "NO"]


async def test_the_hours_limit(kiot: KiotVietCaller, token: str, clock: StillClock) -> None:
    """GETs of a shop count, writes do not; the next hour begins anew; how it is told is a quirk."""
    await kiot.switch(get_limit_per_hour=2)
    assert [len((await kiot.get("/branches", token))["data"]) for _ in range(2)] == [2, 2]
    await kiot.get("/branches", token, status=429)
    await kiot.call("POST", "/customers", token, json={"name": "Ghi (mẫu)"})
    other = (await kiot.token(OTHER_KEY))["access_token"]
    await kiot.get("/branches", other, retailer=FLORIST.retailer)
    for form, expected in (("empty", b""), ("page", b"<html><h1>429</h1></html>")):
        await kiot.switch(get_limit_per_hour=2, error_body=form)
        headers = {"Authorization": f"Bearer {token}", "Retailer": BAKERY.retailer}
        assert (await kiot.raw("GET", "/branches", headers=headers))[::2] == (429, expected)
    clock.advance(timedelta(hours=1))
    await kiot.get("/branches", token)


async def test_a_feature_that_is_off(kiot: KiotVietCaller, token: str) -> None:
    """Orders may be turned off in the shop; the message says which setting."""
    await kiot.switch(orders_off=True)
    answer = await kiot.get("/orders", token, status=420)
    assert "Cho phép đặt hàng" in answer["responseStatus"]["message"]


async def test_faults(kiot: KiotVietCaller, token: str) -> None:
    """The faults are those of every stand-in."""
    headers = {"Authorization": f"Bearer {token}", "Retailer": BAKERY.retailer}
    await kiot.switch(server_error=True, paths=["/branches"], times=1)
    assert (await kiot.raw("GET", "/settings", headers=headers))[0] == 200
    assert [(await kiot.raw("GET", "/branches", headers=headers))[0] for _ in range(2)] == [500, 200]
    await kiot.switch(reset="before")
    with pytest.raises(aiohttp.ClientError):
        await kiot.raw("GET", "/branches", headers=headers)
    await kiot.switch(garbage="truncated")
    with pytest.raises(ValueError, match=r"."):
        json.loads((await kiot.raw("GET", "/branches", headers=headers))[2])


async def test_received(kiot: KiotVietCaller, token: str) -> None:
    """What arrived is there as it came, token calls too; control calls are not."""
    await kiot.get("/branches?pageSize=1", token, headers={"X-Odd": "1"})
    first, second = await kiot.received()
    assert (first["method"], first["target"]) == ("POST", "/connect/token")
    assert (second["target"], second["headers"]["X-Odd"]) == ("/branches?pageSize=1", "1")
    assert second["headers"]["Retailer"] == BAKERY.retailer
    assert (await kiot.raw("GET", "/_sandbox/received?after=x"))[0] == 400
    assert (await kiot.raw("POST", "/_sandbox/switches", data="{}"))[0] == 415
    assert (await kiot.raw("POST", "/_sandbox/switches", json={"no": 1}))[0] == 422
    assert (await kiot.raw("GET", "/branches", headers={"Host": "evil.example"}))[0] == 421


async def test_restart_keeps_tokens_and_rows(
    tmp_path: Path, clock: StillClock, entropy: CountedEntropy, http: aiohttp.ClientSession
) -> None:
    """A second start knows tokens and what was written; the file is its owner's only and holds no token or secret."""
    config = kiotviet_config(tmp_path / "kiotviet.json")
    async with TestServer(build_kiotviet_sandbox(config, clock, entropy)) as server:
        kiot = KiotVietCaller(http, str(server.make_url("/kiotviet")))
        token = (await kiot.token())["access_token"]
        made = await kiot.call("POST", "/customers", token, json={"name": "Giữ lại (mẫu)"})
    async with TestServer(build_kiotviet_sandbox(config, clock, entropy)) as server:
        kiot = KiotVietCaller(http, str(server.make_url("/kiotviet")))
        assert (await kiot.get(f"/customers/{made['id']}", token))["name"] == "Giữ lại (mẫu)"
        assert await kiot.received(after=1) == []
    path = tmp_path / "kiotviet.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(secret in path.read_text() for secret in (token, KEY.client_secret))


async def test_front_pages(http: aiohttp.ClientSession) -> None:
    """The front page names the shops that have a key; what arrived is shown with its platform and without secrets."""
    app, _ = gateway_sandbox.build(SandboxConfig(listen="127.0.0.1:0", kiotviet=kiotviet_config()))
    async with TestServer(app) as server:
        kiot = KiotVietCaller(http, str(server.make_url("/kiotviet")))
        site = KiotVietCaller(http, str(server.make_url("")).rstrip("/"))
        before = (await site.raw("GET", "/"))[2].decode()
        token = (await kiot.token())["access_token"]
        await kiot.get("/branches", token)
        after, received = [(await site.raw("GET", path))[2].decode() for path in ("/", "/received")]
    assert all(seed.retailer in before for seed in SHOPS.values())
    assert (before.count("Đang có ứng dụng kết nối"), after.count("Đang có ứng dụng kết nối")) == (0, 1)
    assert received.count('<span class="n">KiotViet') == 2
    assert not any(secret in received for secret in (token, KEY.client_secret))


def test_a_key_is_of_a_seeded_shop() -> None:
    """A key of a shop that does not live here is a mistake in the settings."""
    with pytest.raises(ValidationError, match="none of the seeded shops"):
        ApiKey(retailer="khongco", client_id="a", client_secret="b")


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [one for inner in value for one in _texts(inner)] if value else []


def test_every_invented_name_says_so() -> None:
    """Shops, branches, staff, customers and goods are marked as invented."""
    for seed in SHOPS.values():
        staff = [name for _, name in seed.staff]
        goods = [name for name, _, _ in seed.goods]
        named = _texts([seed.name, seed.branches, staff, seed.customers, goods])
        assert named
        assert all(name.endswith("(mẫu)") for name in named)
