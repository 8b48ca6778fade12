"""Every endpoint of KiotViet through the gateway: what was agreed passes and is traced, the rest reaches nobody."""

import json

import pytest

from scopes import load_catalogue
from tests.platforms.kiotviet.endpoints import ENDPOINTS, Endpoint
from tests.platforms.kiotviet.stage import Stage
from tests.platforms.sandbox.kiotviet_caller import KEY
from tests.platforms.zalo.apps import app_with, trace_of

SCOPES = load_catalogue().platforms["kiotviet"].scopes
IDS = [f"{at}-{one.route}" for at, one in enumerate(ENDPOINTS)]


def test_every_route_has_a_good_call() -> None:
    """No route of the catalogue is left out here, and every scope opens one of these calls."""
    assert {one.route for one in ENDPOINTS} == set(load_catalogue().platforms["kiotviet"].routes)
    assert {scope for one in ENDPOINTS for scope in one.scopes} == set(SCOPES)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=IDS)
async def test_what_was_agreed_passes_and_is_traced(shared: Stage, endpoint: Endpoint) -> None:
    """The call reaches KiotViet as it was meant, under the shop's own name; the trace knows route and people."""
    app, before = await app_with(shared, *endpoint.scopes), len(await shared.arrived())
    reply = await app.call(f"/kiotviet{endpoint.path}", endpoint.method, **endpoint.options())
    assert reply.status == 200, reply.body
    arrived = (await shared.arrived())[before:]
    assert [(one["method"], one["target"].replace("%2C", ",")) for one in arrived] == [(endpoint.method, endpoint.path)]
    assert arrived[0]["headers"]["Retailer"] == KEY.retailer
    assert json.loads(arrived[0]["body"] or "null") == endpoint.body
    route, ending = await trace_of(shared, reply)
    assert (route, ending.outcome.value, ending.subjects) == (endpoint.route, "passed", endpoint.people)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=IDS)
async def test_what_was_not_agreed_reaches_nobody(shared: Stage, endpoint: Endpoint) -> None:
    """An app that holds every scope but those of this call is refused, and KiotViet hears nothing."""
    route = load_catalogue().platforms["kiotviet"].routes[endpoint.route]
    app = await app_with(shared, *(scope for scope in SCOPES if scope not in route.opened_by))
    before = len(await shared.kiot.received())
    reply = await app.call(f"/kiotviet{endpoint.path}", endpoint.method, **endpoint.options())
    assert (reply.status, reply.code) == (403, "insufficient_scope")
    assert len(await shared.kiot.received()) == before
