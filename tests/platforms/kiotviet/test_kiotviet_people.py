"""What customers of a shop were never asked about does not pass by finding, sorting or changing them (ADR 0031)."""

import pytest

from gateway.records.apps.types import Basis
from tests.platforms.kiotviet.endpoints import BRANCH, CUSTOMER, LINES
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
