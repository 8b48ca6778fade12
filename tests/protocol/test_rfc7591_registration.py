"""RFC 7591: an app registers itself, within limits, and stays what it is: unreviewed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway.acts.forget_apps import UNUSED_LASTS, forget_apps
from gateway.acts.suspend import suspend_app
from gateway.doors.oauth.dynamic import DynamicApps, list_asks
from gateway.doors.oauth.endpoints import endpoints
from gateway.doors.oauth.metadata import describe_server
from gateway.doors.oauth.parameters import Parameters
from gateway.doors.oauth.registration import BY_ADDRESS, BY_ALL, LIMIT_BYTES
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppOrigin, AppState
from gateway.records.ledger import reading
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AppId, GrantId
from scopes import load_catalogue
from tests.house import REDIRECT_URI, fresh_parts, house_in, set_scene
from tests.protocol.keys import EC, proof_of, public_jwks
from tests.protocol.wire import Reply, Wire, served

PATH = "/oauth/register"
CATALOGUE = load_catalogue()
SCOPES = {each.id: each.version for each in CATALOGUE.scopes.values() if CATALOGUE.is_for_unreviewed(each.id)}
RIGHT: dict[str, Any] = {
    "redirect_uris": [REDIRECT_URI],
    "client_name": "Trợ lý (mẫu)",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "scope": "zalo.profile.read",
}


def name_case(case: object) -> str:
    """Name a case by the fields that it changes: keys are drawn anew in each process."""
    return "+".join(case) if isinstance(case, dict) else str(case)


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """Yield one served OAuth door with the registration endpoint, for all tests here."""
    clock, entropy = fresh_parts()
    folder = tmp_path_factory.mktemp("house")
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(house_in(folder, clock, entropy=entropy))
        dynamic = DynamicApps(may_register=True, scopes=SCOPES)
        platforms = {name: tuple(CATALOGUE.platforms[name].scopes) for name in ("zalo", "matrix")}
        yield await stack.enter_async_context(served(await set_scene(house, clock), dynamic, platforms=platforms))


@pytest.fixture
def open_wire(shared: Wire) -> Wire:
    """Return it an hour later, with all limits free again."""
    shared.scene.clock.advance(BY_ALL.within)
    return shared


async def register(wire: Wire, changes: dict[str, Any] | None = None, *, without: str = "") -> Reply:
    """Register a right app with some metadata changed, or one field left out."""
    said = {name: value for name, value in {**RIGHT, **(changes or {})}.items() if name != without}
    return await send(wire, orjson.dumps(said))


async def send(wire: Wire, body: bytes, content_type: str = "application/json") -> Reply:
    """Post a body as it is."""
    return await wire.send("POST", PATH, body=body, headers={"Content-Type": content_type})


async def test_req_134_a_public_app(open_wire: Wire) -> None:
    """201 with the id and all that holds now, no secret, nothing that leads to a management of registrations."""
    reply = await register(open_wire)
    assert reply.status == 201
    assert reply.headers["Cache-Control"] == "no-store"
    given = reply.json
    assert {name: given[name] for name in RIGHT} == RIGHT
    assert given["client_id"].startswith("app_")
    assert given["client_id_issued_at"] == int(open_wire.scene.clock.now().timestamp())
    assert not {name for name in given if "secret" in name or name.startswith("registration_")}


async def test_req_134_secrets(open_wire: Wire) -> None:
    """Where nothing else is said an app has a secret (section 2), shown once; both ways to send it work."""
    for method in (None, "client_secret_basic", "client_secret_post"):
        given = (await register(open_wire, {"token_endpoint_auth_method": method})).json
        assert given["token_endpoint_auth_method"] == (method or "client_secret_basic")
        assert given["client_secret"].startswith("qcs_")
        assert given["client_secret_expires_at"] == 0
        asked = {"client_id": given["client_id"], "client_secret": given["client_secret"], "token": "x"}
        assert (await open_wire.post("/oauth/introspect", asked)).json == {"active": False}
        wrong = {**asked, "client_secret": "qcs_x"}
        assert (await open_wire.post("/oauth/introspect", wrong)).error == (401, "invalid_client")


async def test_req_134_keys(open_wire: Wire) -> None:
    """An app with keys of its own registers the public ones, and they are what opens its door."""
    changes = {"token_endpoint_auth_method": "private_key_jwt", "jwks": public_jwks()}
    given = (await register(open_wire, changes)).json
    assert given["jwks"] == public_jwks()
    assert "client_secret" not in given
    app = await find_app(open_wire, given["client_id"])
    proof = proof_of(open_wire, app)
    assert (await open_wire.post("/oauth/introspect", {"token": "x", **proof})).json == {"active": False}


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": [None]}, "invalid_redirect_uri"),
        ({"redirect_uris": [7]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/cb"] * 21}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/cb", "http://a.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://u@a.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/" + "x" * 2048]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
        ({"grant_types": [None]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "x" * 81}, "invalid_client_metadata"),
        ({"client_name": "Z\u202eolaZ"}, "invalid_client_metadata"),
        ({"client_name": "Za\u034flo"}, "invalid_client_metadata"),
        ({"client_name": "……"}, "invalid_client_metadata"),
        ({"client_name": "<b>Zalo</b>"}, "invalid_client_metadata"),
        ({"client_name": "By using this you agree"}, "invalid_client_metadata"),
        ({"client_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"logo_uri": "data:image/png;base64,x"}, "invalid_client_metadata"),
        ({"contacts": ["a@b.example", None]}, "invalid_client_metadata"),
        ({"scope": ["zalo.profile.read"]}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}, "jwks_uri": "https://a.example/k"}, "invalid_client_metadata"),
        ({"jwks": public_jwks(), "jwks_uri": "https://a.example/k"}, "invalid_client_metadata"),
        ({"jwks": {"keys": [EC.as_dict(private=True)]}}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://a.example/k"},
            "invalid_client_metadata",
        ),
        ({"dpop_bound_access_tokens": "true"}, "invalid_client_metadata"),
        ({"software_statement": "a.b.c"}, "unapproved_software_statement"),
    ],
    ids=name_case,
)
async def test_req_135_what_is_refused(open_wire: Wire, changes: dict[str, Any], error: str) -> None:
    """The word says which rule, the text names the field, and nothing that was sent is repeated or kept."""
    before = len(await list_apps(open_wire))
    reply = await register(open_wire, changes)
    assert reply.error == (400, error)
    assert not any(word in reply.json["error_description"] for word in ("javascript:", "alert", "olaZ", "<b>"))
    assert len(await list_apps(open_wire)) == before


async def test_too_many_redirect_uris_are_told_by_their_bound(open_wire: Wire) -> None:
    """A hundred of the right form: the text says how many there may be."""
    reply = await register(open_wire, {"redirect_uris": [f"https://a.example/{number}" for number in range(100)]})
    assert reply.error == (400, "invalid_redirect_uri")
    assert reply.json["error_description"].startswith("redirect_uris: 1 to 20, each of at most 2048 characters")


async def test_req_004_and_007_which_redirect_uris(open_wire: Wire) -> None:
    """Absolute, without a fragment; a private scheme is a reversed domain."""
    for uri in ("https://a.example/cb#x", "/cb", "//a.example/cb", "a.example/cb", "myapp:/cb", ""):
        assert (await register(open_wire, {"redirect_uris": [uri]})).error == (400, "invalid_redirect_uri")
    for uri in ("com.example.app:/cb", "http://localhost:3000/cb", "http://[::1]/cb", "https://a.example/cb?x=1"):
        given = (await register(open_wire, {"redirect_uris": [uri]})).json
        assert given["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"redirect_uris": [], "redirect_uris": ["https://a.example/"]}'],
    ids=str,
)
async def test_req_135_what_is_no_metadata(open_wire: Wire, body: bytes) -> None:
    """One JSON object in UTF-8, in which no name stands twice; deep nesting and a lone surrogate are neither."""
    assert (await send(open_wire, body)).error == (400, "invalid_client_metadata")


async def test_req_135_bounds(open_wire: Wire) -> None:
    """Nothing else than JSON by its type, by POST, of a bounded size and depth."""
    right = orjson.dumps(RIGHT)
    assert (await send(open_wire, right, "application/x-www-form-urlencoded")).error == (400, "invalid_request")
    assert (await send(open_wire, right, "multipart/form-data")).error == (400, "invalid_request")
    assert (await open_wire.send("GET", PATH)).error == (405, "invalid_request")
    assert (await send(open_wire, right + b" " * LIMIT_BYTES)).error == (413, "invalid_request")
    assert (await send(open_wire, b"[" * 9000)).error == (400, "invalid_client_metadata")
    assert (await send(open_wire, b'{"client_name": "\\ud800"}')).error == (400, "invalid_client_metadata")
    assert (await send(open_wire, right, "application/json; charset=utf-8")).status == 201


async def test_req_136_unknown_metadata_is_ignored(open_wire: Wire) -> None:
    """So is null; neither comes back."""
    given = (await register(open_wire, {"application_type": "native", "x": {"y": []}, "logo_uri": None})).json
    assert not {"application_type", "x", "logo_uri"} & given.keys()
    assert given.keys() == {*RIGHT, "client_id", "client_id_issued_at"}


async def test_req_137_grants_and_responses_agree(open_wire: Wire) -> None:
    """What is not supported is left out of the answer; what nothing could begin with is refused."""
    more = {
        "grant_types": ["implicit", "authorization_code", "client_credentials"],
        "response_types": ["code", "token"],
    }
    given = (await register(open_wire, more)).json
    assert given["grant_types"] == ["authorization_code"]
    assert given["response_types"] == ["code"]
    assert not (await find_app(open_wire, given["client_id"])).may_refresh
    wrongs: tuple[dict[str, Any], ...] = (
        {"grant_types": ["refresh_token"]},
        {"response_types": ["token"]},
        {"grant_types": []},
    )
    for wrong in wrongs:
        assert (await register(open_wire, wrong)).error == (400, "invalid_client_metadata")


async def test_req_138_registrations_are_limited(open_wire: Wire) -> None:
    """For each address, refused ones too; after an hour there is room again."""
    for _ in range(BY_ADDRESS.times - 1):
        assert (await send(open_wire, b"{}")).status == 400
    assert (await register(open_wire)).status == 201
    reply = await register(open_wire)
    assert reply.error == (429, "temporarily_unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    open_wire.scene.clock.advance(BY_ADDRESS.within)
    assert (await register(open_wire)).status == 201


async def test_req_138_all_addresses_together_are_limited(open_wire: Wire) -> None:
    """However many addresses a stranger has, the register grows no faster."""
    for _ in range(BY_ALL.times):
        await open_wire.door.limits.count("register", BY_ALL)
    assert (await register(open_wire)).error == (429, "temporarily_unavailable")


async def test_req_138_what_nobody_used_is_forgotten(open_wire: Wire) -> None:
    """After a week an app of which nobody saw a screen is gone with all that hung on it; others stay."""
    ids = [(await register(open_wire, {"token_endpoint_auth_method": None})).json["client_id"] for _ in range(3)]
    unused, opened, seen = [await find_app(open_wire, app_id) for app_id in ids]
    await authorize(open_wire, opened)
    await open_wire.agree_on(await authorize(open_wire, seen))
    await forget_apps(open_wire.house)
    assert set(ids) <= await list_apps(open_wire)
    open_wire.scene.clock.advance(UNUSED_LASTS + timedelta(seconds=1))
    assert await forget_apps(open_wire.house) >= 2
    left = await list_apps(open_wire)
    assert {unused.id, opened.id} & left == set()
    assert {seen.id, open_wire.scene.app.id, open_wire.scene.public_app.id} <= left
    assert (await authorize(open_wire, unused)).status == 400


async def test_req_138_a_suspended_app_is_not_forgotten(open_wire: Wire) -> None:
    """Whom an operator stopped stays stopped, and known."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    await suspend_app(open_wire.house, app.id, Actor.system(), reason="giả (mẫu)")
    open_wire.scene.clock.advance(UNUSED_LASTS * 2)
    await forget_apps(open_wire.house)
    assert app.id in await list_apps(open_wire)


async def test_req_052_and_215_ids_are_the_gateways(open_wire: Wire) -> None:
    """An app does not choose its id, and none is an address."""
    ids = {(await register(open_wire, {"client_id": "so-ban-hang"})).json["client_id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(app_id.startswith("app_") for app_id in ids)


async def test_req_142_managing_a_registration_is_not_begun(open_wire: Wire) -> None:
    """RFC 7592 is put off: no address, no token for it, and nothing named."""
    given = (await register(open_wire)).json
    for method in ("GET", "PUT", "DELETE"):
        assert (await open_wire.send(method, f"{PATH}/{given['client_id']}")).status == 404


async def test_req_091_named_exactly_where_it_is_served(open_wire: Wire) -> None:
    """Without the setting there is neither the address nor its name."""
    document = describe_server(open_wire.door, endpoints(open_wire.door))
    assert document["registration_endpoint"] == open_wire.door.issuer + PATH
    closed = replace(open_wire.door, dynamic=DynamicApps(scopes=SCOPES))
    assert "registration_endpoint" not in describe_server(closed, endpoints(closed))
    assert PATH not in {each.path for each in endpoints(closed)}


async def test_what_a_registered_scope_becomes(open_wire: Wire) -> None:
    """An ask for a purpose that was not stated, never required; what needs a review is left out, and says so."""
    wanted = "zalo.profile.read zalo.follower.phone.read zalo.message.read zalo.message.send nothing"
    given = (await register(open_wire, {"scope": wanted})).json
    assert given["scope"] == "zalo.profile.read"
    app = await find_app(open_wire, given["client_id"])
    assert (app.origin, app.is_reviewed, app.state) == (AppOrigin.ITSELF, False, AppState.ACTIVE)
    async with open_wire.house.storage.read() as connection:
        (ask,) = await apps.list_asks(connection, app.id)
    assert (ask.wire_name, ask.is_required) == ("zalo.profile.read#not_stated", False)
    assert (ask.retention_days, ask.recipients) == (None, ())


async def test_a_registered_scope_is_no_ceiling(open_wire: Wire) -> None:
    """A scope named later becomes an ask then."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    opened = await open_wire.find_request(await authorize(open_wire, app, scope="zalo.profile.read zalo.tag.read"))
    assert set(opened.ask_ids) == {"zalo_profile_read", "zalo_tag_read"}
    named = await open_wire.find_request(await authorize(open_wire, app, scope="zalo.tag.read#not_stated"))
    assert named.ask_ids == ("zalo_tag_read",)
    async with open_wire.house.storage.read() as connection:
        assert len(await apps.list_ask_ids(connection, app.id)) == 2


@pytest.mark.parametrize(
    "changes",
    [{"code_challenge": ""}, {"response_type": "token"}, {"prompt": "none"}, {"state": "\x01"}, {"request": "a.b.c"}],
    ids=name_case,
)
async def test_a_refused_request_adds_no_ask(open_wire: Wire, changes: dict[str, str]) -> None:
    """A stranger who sends a request in an app's name, by whichever way, leaves nothing that would stay."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    assert (await authorize(open_wire, app, scope="zalo.tag.read", **changes)).status == 400
    shown = (await register(open_wire, without="token_endpoint_auth_method")).json
    by = {"client_id": shown["client_id"], "client_secret": shown["client_secret"], "scope": "zalo.tag.read"}
    pushed = {**open_wire.right_request(), **by}
    assert (await open_wire.post("/oauth/par", {**pushed, "client_secret": "qcs_x"})).status == 401
    assert (await open_wire.post("/oauth/par", {**pushed, **changes})).status == 400
    async with open_wire.house.storage.read() as connection:
        assert await apps.list_ask_ids(connection, app.id) == ["zalo_profile_read"]
        assert await apps.list_ask_ids(connection, AppId(shown["client_id"])) == ["zalo_profile_read"]


async def test_an_omitted_scope_means_what_the_app_registered(open_wire: Wire) -> None:
    """A stranger may name more in its name, on another platform too: the app's own requests stay as they were."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    assert (await authorize(open_wire, app, scope="matrix.profile.read")).status == 303
    assert (await authorize(open_wire, app, scope="zalo.tag.read")).status == 303
    opened = await open_wire.find_request(await authorize(open_wire, app, scope=""))
    assert opened.ask_ids == ("zalo_profile_read",)
    silent = await find_app(open_wire, (await register(open_wire, without="scope")).json["client_id"])
    assert (await authorize(open_wire, silent, scope="zalo.tag.read")).status == 303
    nothing = (await authorize(open_wire, silent, scope="")).body
    assert b'<h1 class="nothing_asked">invalid_scope</h1>' in nothing
    assert b"no scope is named, and the app registered none to ask for here" in nothing


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"scope": "zalo.follower.phone.read"}, b"invalid_scope"),
        ({"scope": "zalo.message.read"}, b"invalid_scope"),
        ({"scope": "zalo.message.send"}, b"invalid_scope"),
        ({"scope": "matrix.media.send"}, b"invalid_scope"),
        ({"scope": "zalo.message.read zalo.message.send"}, b"invalid_scope"),
        ({"scope": "zalo.tag.read zalo.nothing"}, b"invalid_scope"),
        ({"scope": "zalo.profile.read", "extra": "&scope=zalo.tag.read"}, b"invalid_request"),
    ],
    ids=name_case,
)
async def test_a_refused_scope_leaves_no_ask(open_wire: Wire, changes: dict[str, str], error: bytes) -> None:
    """What needs a review, where nothing else is named, and a scope named twice: a page, and no new ask."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    reply = await authorize(open_wire, app, **changes)
    assert (reply.status, error in reply.body) == (400, True)
    async with open_wire.house.storage.read() as connection:
        assert await apps.list_ask_ids(connection, app.id) == ["zalo_profile_read"]


@pytest.mark.parametrize(
    "scope, told_as, detail",
    [
        ("zalo.message.send", "closed_scope", b"open only to apps that an operator reviewed"),
        ("zalo.message.send zalo.follower.phone.read", "closed_scope", b"open only to apps that an operator reviewed"),
        ("zalo.tag.read zalo.nothing", "unknown_scope", b"that this gateway does not have"),
        ("quyen.grants.read", "unknown_scope", b"that this gateway does not have"),
        ("zalo.profile.read matrix.profile.read", "several_platforms", b"one request asks on one platform"),
        ("zalo.profile.read matrix.media.send", "several_platforms", b"one request asks on one platform"),
    ],
    ids=name_case,
)
async def test_a_refused_scope_is_told_as_what_it_is(
    open_wire: Wire, scope: str, told_as: str, *, detail: bytes
) -> None:
    """Such an app need register nothing: it hears what is really wrong, and so does the person."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    reply = await authorize(open_wire, app, scope=scope)
    assert (reply.status, detail in reply.body) == (400, True)
    assert f'<h1 class="{told_as}">'.encode() in reply.body


async def test_what_is_closed_beside_what_is_open_is_left_out(open_wire: Wire) -> None:
    """A client asks for what a challenge told it (RFC 6749, 3.3): the screen shows what it may have, and no more."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    for scope in (
        "zalo.tag.read zalo.message.read",
        "zalo.follower.phone.read zalo.tag.read#not_stated zalo.follower.phone.read#crm",
    ):
        opened = await open_wire.find_request(await authorize(open_wire, app, scope=scope))
        assert opened.ask_ids == ("zalo_tag_read",), scope
    async with open_wire.house.storage.read() as connection:
        assert await apps.list_ask_ids(connection, app.id) == ["zalo_profile_read", "zalo_tag_read"]


async def test_a_scope_that_was_closed_since_is_not_asked_for(open_wire: Wire) -> None:
    """What such an app may ask is what is open today, whatever it named before."""
    named = "zalo.profile.read zalo.tag.read"
    app = await find_app(open_wire, (await register(open_wire, {"scope": named})).json["client_id"])
    closed = DynamicApps(may_register=True, scopes={"zalo.profile.read": 1})
    for scope in (named, ""):
        askable = await list_asks(open_wire.house, closed, app, Parameters([("scope", scope)]))
        assert [ask.id for ask in askable.asks] == [ask.id for ask in askable.usual] == ["zalo_profile_read"]


async def test_an_operators_app_gets_no_ask_by_naming_it(open_wire: Wire) -> None:
    """What an operator registered stays as it is: nobody adds to it from outside."""
    reply = await open_wire.authorize({"scope": "zalo.tag.read"})
    assert reply.query["error"] == "invalid_scope"


async def test_asks_at_once_are_added_once(open_wire: Wire) -> None:
    """Eight requests name a new scope at the same time: one ask, eight screens."""
    app = await find_app(open_wire, (await register(open_wire, without="scope")).json["client_id"])
    replies = await asyncio.gather(*(authorize(open_wire, app, scope="zalo.tag.read") for _ in range(8)))
    assert [reply.status for reply in replies] == [303] * 8
    async with open_wire.house.storage.read() as connection:
        assert await apps.list_ask_ids(connection, app.id) == ["zalo_tag_read"]


async def test_req_043_a_dynamic_app_gets_no_redirect_before_sign_in(open_wire: Wire) -> None:
    """An error is a page with a link, whatever address it registered."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    reply = await authorize(open_wire, app, response_type="token")
    assert reply.status == 400
    assert "Location" not in reply.headers


async def test_no_record_before_a_person_decides(open_wire: Wire) -> None:
    """Strangers write nothing into the grant log; the first decision holds the fingerprint of what the app said."""
    async with open_wire.house.storage.read() as connection:
        before = await reading.count(connection)
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    opened = await authorize(open_wire, app)
    async with open_wire.house.storage.read() as connection:
        assert await reading.count(connection) == before
    decided = await open_wire.agree_on(opened)
    async with open_wire.house.storage.read() as connection:
        statement = await statements.find_current(connection, app.id)
        kept = await statements.find_granted(connection, decided.grant_id or GrantId(""))
        record = await reading.find(connection, decided.recorded.record_id)
    assert statement is not None
    assert kept == statement
    assert record is not None
    assert record.facts["statement"] == statement.digest


async def test_the_whole_way(open_wire: Wire) -> None:
    """Registered, agreed to, redeemed, refreshed: from there on an app like every other."""
    app = await find_app(open_wire, (await register(open_wire)).json["client_id"])
    decided = await open_wire.agree_on(await authorize(open_wire, app))
    tokens = (await open_wire.redeem(decided.raw_code or "", app=app)).json
    assert tokens["scope"] == "zalo.profile.read"
    assert tokens["authorization_details"][0]["purpose"] == "not_stated"
    again = await open_wire.refresh(tokens["refresh_token"], app=app)
    assert again.status == 200


async def find_app(wire: Wire, app_id: str) -> App:
    """Return an app that is there."""
    async with wire.house.storage.read() as connection:
        app = await apps.find(connection, app_id)
    assert app is not None
    return app


async def list_apps(wire: Wire) -> set[str]:
    """Return the ids of every app."""
    async with wire.house.storage.read() as connection:
        return {app.id for app in await apps.list_all(connection)}


async def authorize(wire: Wire, app: App, extra: str = "", **changes: str) -> Reply:
    """Send a right authorization request of an app with some parameters changed."""
    return await wire.authorize({"client_id": app.id, **changes}, extra=extra)
