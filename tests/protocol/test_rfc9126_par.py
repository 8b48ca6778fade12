"""Pushed authorization requests (RFC 9126)."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from unicodedata import normalize
from urllib.parse import urlencode

import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.show_request import show_request
from gateway.acts.suspend import suspend_app
from gateway.doors.oauth.asking import LONGEST_STATE_BYTES
from gateway.doors.oauth.client_metadata import ClientMetadata
from gateway.doors.oauth.pushed import PUSHED_BY_APP, REQUESTS_OPENED
from gateway.records.ledger.types import Actor
from gateway.records.requests.types import PUSHED_LASTS
from gateway.terms.ids import AskId
from tests.house import REDIRECT_URI
from tests.protocol.keys import add_key_app, proof_of
from tests.protocol.wire import Reply, Wire

PATH = "/oauth/par"


async def push(wire: Wire, changes: Mapping[str, str | None] | None = None, *, anonymous: bool = False) -> Reply:
    """Push a right request as the confidential app, with some parameters changed (None: left out)."""
    fields = {**wire.right_request(), **(changes or {})}
    sent = {name: value for name, value in fields.items() if value is not None}
    return await wire.post(PATH, sent, headers={} if anonymous else wire.basic)


async def open_pushed(wire: Wire, request_uri: str, *, client_id: str | None = None, extra: str = "") -> Reply:
    """Go to the authorize endpoint with nothing but the name of what was pushed."""
    query = urlencode({"client_id": client_id or wire.scene.app.id, "request_uri": request_uri})
    return await wire.send("GET", f"/oauth/authorize?{query}{extra}")


async def agree_to(wire: Wire, opened: Reply) -> str:
    """Let the owner agree on the screen that an authorize answer leads to; return the code."""
    request = await wire.find_request(opened)
    await show_request(wire.house, request.id, wire.scene.owner.id)
    agreed = frozenset({AskId("oa_profile")})
    answer = Answer(wire.scene.owner.id, wire.scene.account.id, agreed, DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    decided = await decide(wire.house, request.id, answer)
    assert decided.raw_code is not None
    return decided.raw_code


def told_as(page: Reply) -> str:
    """Return by which words a page tells a person what went wrong; "" for the code's own."""
    return page.body.decode().split('<h1 class="')[1].split('"')[0]


async def test_req_096_post_alone_authenticated_as_at_the_token_endpoint(wire: Wire) -> None:
    """GET is 405; without a proof or with a wrong one a confidential app is refused; a public and a key app get in."""
    assert (await wire.send("GET", PATH)).error == (405, "invalid_request")
    assert (await push(wire, anonymous=True)).error == (401, "invalid_client")
    assert (await push(wire, {"client_id": None}, anonymous=True)).error == (401, "invalid_client")
    public = {"client_id": wire.scene.public_app.id, "scope": None}
    assert (await push(wire, public, anonymous=True)).status == 201
    app = await add_key_app(wire)
    assert (await push(wire, {"client_id": app.id, **proof_of(wire, app)}, anonymous=True)).status == 201


async def test_req_097_a_request_uri_is_not_pushed(wire: Wire) -> None:
    """Nor a request object: signed requests are not supported, and never half understood."""
    for name in ("request_uri", "request"):
        assert (await push(wire, {name: "urn:x"})).error == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"scope": "zalo.nothing"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none"}, "consent_required"),
        ({"state": "a\nb"}, "invalid_request"),
        ({"client_id": "giao-hang"}, "invalid_request"),
    ],
    ids=str,
)
async def test_req_098_checked_whole_when_it_is_pushed(wire: Wire, changes: dict[str, str | None], error: str) -> None:
    """What the authorize endpoint would refuse is refused here, in JSON, and no screen exists for it."""
    reply = await push(wire, changes)
    assert reply.error == (400, error)
    assert "Location" not in reply.headers


async def test_req_099_what_comes_back(wire: Wire) -> None:
    """201, the name and how long it lasts; nothing on the way may keep it."""
    reply = await push(wire)
    assert reply.status == 201
    assert reply.json.keys() == {"request_uri", "expires_in"}
    assert reply.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= reply.json["expires_in"] < 600
    assert reply.headers["Cache-Control"] == "no-store"


async def test_req_100_bound_to_its_app(wire: Wire) -> None:
    """With another app's client_id, an unknown one, or a name that nobody pushed: a page, never a redirect."""
    raw = (await push(wire)).json["request_uri"]
    assert len(raw.rpartition("_")[2]) == 22
    for reply in (
        await open_pushed(wire, raw, client_id=wire.scene.public_app.id),
        await open_pushed(wire, raw, client_id="nobody"),
        await open_pushed(wire, raw + "x"),
        await open_pushed(wire, raw + "\x00"),
        await open_pushed(wire, raw[:-1]),
        await open_pushed(wire, "urn:ietf:params:oauth:request_uri:"),
        await wire.send("GET", f"/oauth/authorize?{urlencode({'request_uri': raw})}"),
        await open_pushed(wire, raw, extra="&request_uri=x"),
    ):
        assert (reply.status, told_as(reply)) == (400, "")
        assert "Location" not in reply.headers
    assert (await open_pushed(wire, raw)).status == 303


async def test_req_100_a_request_that_was_not_pushed_has_no_name(wire: Wire) -> None:
    """The id of a screen that an ordinary request opened is no request_uri."""
    request = await wire.find_request(await wire.authorize())
    reply = await open_pushed(wire, f"urn:ietf:params:oauth:request_uri:{request.id}")
    assert reply.status == 400


async def test_req_101_used_up_by_the_decision(wire: Wire) -> None:
    """Loaded twice it leads to one screen; after the decision a third load is refused, and the code works."""
    raw = (await push(wire)).json["request_uri"]
    opened = await open_pushed(wire, raw)
    assert (await open_pushed(wire, raw)).location == opened.location
    raw_code = await agree_to(wire, opened)
    spent = await open_pushed(wire, raw)
    assert (spent.status, told_as(spent)) == (400, "decided")
    assert (await wire.redeem(raw_code)).status == 200


async def test_req_102_expires(wire: Wire) -> None:
    """The name dies after 90 seconds; a screen that was opened in time goes on."""
    raw = (await push(wire)).json["request_uri"]
    opened = await open_pushed(wire, raw)
    wire.scene.clock.advance(PUSHED_LASTS - timedelta(microseconds=1))
    assert (await open_pushed(wire, raw)).status == 303
    wire.scene.clock.advance(timedelta(microseconds=1))
    late = await open_pushed(wire, raw)
    assert (late.status, told_as(late)) == (400, "expired")
    assert (await wire.redeem(await agree_to(wire, opened))).status == 200


async def test_req_103_only_what_was_pushed_counts(wire: Wire) -> None:
    """Scope, redirect and state beside the name change nothing."""
    raw = (await push(wire)).json["request_uri"]
    beside = "&" + urlencode({"scope": "zalo.message.send", "redirect_uri": "https://evil.example/", "state": "x"})
    request = await wire.find_request(await open_pushed(wire, raw, extra=beside))
    assert request.ask_ids == ("oa_profile",)
    assert request.redirect_uri == REDIRECT_URI
    assert request.state == "s-1"


async def test_req_104_an_app_may_promise_to_push(wire: Wire) -> None:
    """An ordinary request of such an app is refused by redirect; what it pushed is served."""
    app = await wire.add_app("pusher", must_push=True)
    ordinary = await wire.authorize({"client_id": app.id, "scope": None})
    assert ordinary.query["error"] == "invalid_request"
    pushed = await push(wire, {"client_id": app.id, "scope": None}, anonymous=True)
    assert (await open_pushed(wire, pushed.json["request_uri"], client_id=app.id)).status == 303


async def test_req_105_size_and_number(wire: Wire) -> None:
    """A megabyte is 413, a flood 429, of an app that proved itself by that app alone."""
    assert (await push(wire, {"state": "x" * 1_000_000})).error == (413, "invalid_request")
    for _ in range(PUSHED_BY_APP.times - 1):
        await wire.door.limits.count(f"pushed by {wire.scene.app.id}", PUSHED_BY_APP)
    assert (await push(wire)).status == 201
    reply = await push(wire)
    assert reply.status == 429
    assert int(reply.headers["Retry-After"]) > 0


async def test_req_105_strangers_at_an_address_do_not_throttle_an_app_that_proved_itself(wire: Wire) -> None:
    """A public app and whoever proves nothing share the address's pace, each failure counted; a secret is another."""
    for _ in range(REQUESTS_OPENED.times - 1):
        await wire.door.limits.count("authorize 127.0.0.1", REQUESTS_OPENED)
    assert (await push(wire, {"client_id": None}, anonymous=True)).status == 401
    public = {"client_id": wire.scene.public_app.id}
    for changes in (public, {"client_id": "app_unknown"}):
        assert (await push(wire, changes, anonymous=True)).error == (429, "temporarily_unavailable")
    assert (await push(wire)).status == 201
    assert (await wire.authorize()).status == 429


async def test_req_011_a_repeated_parameter(wire: Wire) -> None:
    """Refused, here as everywhere."""
    fields = [(name, value) for name, value in wire.right_request().items() if value is not None]
    assert (await wire.post(PATH, [*fields, ("scope", "x")], headers=wire.basic)).error == (400, "invalid_request")


async def test_req_014_another_form_of_body(wire: Wire) -> None:
    """JSON and multipart without a boundary are refused in JSON."""
    for kind in ("application/json", "multipart/form-data"):
        reply = await wire.send("POST", PATH, body=b"{}", headers={"Content-Type": kind, **wire.basic})
        assert reply.error == (400, "invalid_request")


async def test_a_suspended_app_pushes_nothing(wire: Wire) -> None:
    """Neither before nor after: what it pushed in time opens no screen."""
    raw = (await push(wire)).json["request_uri"]
    await suspend_app(wire.house, wire.scene.app.id, Actor.system(), reason="xem lại (mẫu)")
    assert (await push(wire)).error == (400, "unauthorized_client")
    assert (await open_pushed(wire, raw)).status == 403


async def test_eight_loads_and_decisions_at_once(wire: Wire) -> None:
    """Eight browsers open one pushed request: one person decides, once."""
    raw = (await push(wire)).json["request_uri"]
    opened = await asyncio.gather(*(open_pushed(wire, raw) for _ in range(8)))
    assert len({reply.location for reply in opened}) == 1
    decided = await asyncio.gather(*(agree_to(wire, reply) for reply in opened), return_exceptions=True)
    assert len([each for each in decided if isinstance(each, str)]) == 1


async def test_req_023_a_pushed_state_is_byte_exact(wire: Wire) -> None:
    """Letters in several pieces come back so, as by the query; a name that is shown to people is in one spelling."""
    state = normalize("NFD", "Tiệm Trà Mây") + "\u212b ế"
    opened = await open_pushed(wire, (await push(wire, {"state": state})).json["request_uri"])
    assert (await wire.find_request(opened)).state == state
    assert (await wire.find_request(await wire.authorize({"state": state}))).state == state
    said = ClientMetadata(redirect_uris=[REDIRECT_URI], client_name=normalize("NFD", "Tiệm Trà Mây (mẫu)"))
    assert said.client_name == "Tiệm Trà Mây (mẫu)"


async def test_a_state_is_bounded(wire: Wire) -> None:
    """Whatever anyone hands in is kept for a day: the longest state goes in, one byte more is told and not kept."""
    longest = "ế" * (LONGEST_STATE_BYTES // 3) + "x" * (LONGEST_STATE_BYTES % 3)
    assert (await push(wire, {"state": longest})).status == 201
    reply = await push(wire, {"state": longest + "x"})
    assert reply.error == (400, "invalid_request")
    assert "state" in reply.json["error_description"]
