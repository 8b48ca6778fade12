"""Every endpoint of the catalogue through the gateway: agreed it passes and is traced, else nothing reaches Zalo."""

import json
from typing import Any

import pytest

from gateway.records.trace.types import Outcome
from scopes import load_catalogue
from tests.platforms.zalo.apps import EVERY_SCOPE, app_with, trace_of
from tests.platforms.zalo.endpoints import ENDPOINTS, Endpoint
from tests.platforms.zalo.stage import AppCaller, Stage

EVERY = [pytest.param(one, id=f"{one.route}-{'-'.join(one.scopes)}") for one in ENDPOINTS]
CALLED_ELSEWHERE = {"list_recent_chats", "upload_image", "upload_gif", "upload_file"}  # by files of their own


def own_header(app: AppCaller) -> dict[str, str]:
    """Return the token in Zalo's own header."""
    return {"access_token": app.token}


async def count_arrived(stage: Stage) -> int:
    """Count what reached the platform so far."""
    return len(await stage.arrived())


def test_every_route_is_called_here() -> None:
    """A route that is added to the catalogue is added to these tests."""
    routes = set(load_catalogue().platforms["zalo"].routes)
    assert {one.route for one in ENDPOINTS} == routes - CALLED_ELSEWHERE


@pytest.mark.parametrize("endpoint", EVERY)
async def test_agreed_it_passes_and_is_traced(shared: Stage, everything: AppCaller, endpoint: Endpoint) -> None:
    """It reaches Zalo with the account's own token, its answer comes back, and the trace counts the people."""
    before = await count_arrived(shared)
    reply = await everything.call(endpoint.target(), endpoint.method, **endpoint.options())
    assert (reply.status, reply.json["error"]) == (200, 0), reply.body
    (arrival,) = (await shared.arrived())[before:]
    assert (arrival["method"], arrival["target"].partition("?")[0]) == (endpoint.method, endpoint.path)
    assert everything.token not in str(arrival)
    if endpoint.method == "POST":
        assert json.loads(arrival["body"]) == endpoint.sent
    route, ending = await trace_of(shared, reply)
    assert (route, ending.outcome, ending.subjects) == (endpoint.route, Outcome.PASSED, endpoint.people)


@pytest.mark.parametrize("endpoint", EVERY)
async def test_each_scope_alone_opens_it(shared: Stage, endpoint: Endpoint) -> None:
    """No other scope is needed than the one that the screen told about."""
    for scope in endpoint.scopes:
        app = await app_with(shared, scope)
        reply = await app.call(endpoint.target(), endpoint.method, **endpoint.options())
        assert (reply.status, reply.json["error"]) == (200, 0), (scope, reply.body)


@pytest.mark.parametrize("endpoint", EVERY)
async def test_not_agreed_it_is_refused_in_zalos_words(shared: Stage, endpoint: Endpoint) -> None:
    """With every scope but its own the call is -223, traced as refused, and nothing reaches Zalo."""
    app = await app_with(shared, *(scope for scope in EVERY_SCOPE if scope not in endpoint.scopes))
    before = await count_arrived(shared)
    reply = await app.call(endpoint.target(), endpoint.method, headers=own_header(app), **endpoint.options())
    assert (reply.status, reply.code) == (200, "insufficient_scope")
    assert reply.json == {"error": -223, "message": "Official Account has not authorized this API"}
    assert await count_arrived(shared) == before
    route, ending = await trace_of(shared, reply)
    assert (route, ending.outcome) == (endpoint.route, Outcome.REFUSED)


@pytest.mark.parametrize("endpoint", EVERY)
async def test_what_is_not_listed_is_refused(shared: Stage, everything: AppCaller, endpoint: Endpoint) -> None:
    """A parameter that the catalogue does not list, and a second query beside the listed one, never reach Zalo."""
    before = await count_arrived(shared)
    unlisted = await everything.call(endpoint.target(extra="1"), endpoint.method, **endpoint.options(extra="1"))
    assert (unlisted.status, unlisted.code) == (400, "bad_body" if endpoint.method == "POST" else "bad_target")
    mark = "&" if "?" in endpoint.target() else "?"
    beside = await everything.call(f"{endpoint.target()}{mark}extra=1", endpoint.method, **endpoint.options())
    assert (beside.status, beside.code) == (400, "bad_target")
    assert await count_arrived(shared) == before


def list_fields(value: Any) -> set[str]:
    """List the names of members anywhere in a parsed answer."""
    if isinstance(value, dict):
        return set(value).union(*(list_fields(one) for one in value.values()))
    return set().union(*(list_fields(one) for one in value)) if isinstance(value, list) else set()


LEFT_OUT = {name for one in load_catalogue().platforms["zalo"].left_out if not one.of for name in one.members}


@pytest.mark.parametrize("endpoint", EVERY)
async def test_what_is_left_out_passes_for_nobody(shared: Stage, everything: AppCaller, endpoint: Endpoint) -> None:
    """Not even an app with every scope sees what the catalogue leaves out, and Zalo said some of it."""
    reply = await everything.call(endpoint.target(), endpoint.method, **endpoint.options())
    assert not list_fields(reply.json) & LEFT_OUT
