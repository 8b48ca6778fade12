"""`/v1`: an app's own affairs by machine. RFC 6750, 8707, 9449 and 9728 hold there as at the API; see docs/apps.md."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.give_own_token import give_own_token
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.open_request import Asked, open_request
from gateway.acts.pause import pause
from gateway.acts.register import register_app
from gateway.acts.send_notices import send_test
from gateway.acts.show_request import show_request
from gateway.acts.suspend import resume_app, suspend_app
from gateway.doors.management.access import CALLS
from gateway.doors.management.endpoints import TABLE
from gateway.doors.management.notices import CHANGES
from gateway.records.accounts.types import Account
from gateway.records.apps.own_tokens import OwnScope
from gateway.records.apps.types import App, Basis
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox import endpoints
from gateway.records.outbox.tables import outbox
from gateway.terms.ids import AskId
from gateway.terms.refusal import Unavailable
from tests.followers import NAME, say_yes
from tests.house import (
    CHALLENGE,
    REDIRECT_URI,
    agree,
    app_of,
    ask_of,
    fresh_parts,
    house_in,
    link_account,
    set_scene,
)
from tests.protocol.proofs import KEY, OTHER, claims_of, hash_of, signed
from tests.protocol.test_oauth21_client_credentials import ALL_GRANTS, Own
from tests.protocol.wire import Reply, Wire, basic, served

METADATA = "/.well-known/oauth-protected-resource/v1"
URL = "https://app.example/thong-bao"
JSON = {"Content-Type": "application/json"}
ROWS = [(method, path.replace("{notice}", "nt_x"), scope) for method, path, scope, _ in TABLE]
BAD_BODIES = (
    b"",
    b"{",
    b"[]",
    b'"x"',
    b"\xff",
    b"{}",
    b'{"url": null}',
    b'{"url": 1}',
    b'{"url": "https://x.example", "more": 1}',
    b'{"url": "http://x.example"}',
    b'{"url": "https://u@x.example"}',
    b'{"url": "https://x.example/#a"}',
    b'{"url": "https://x.example:0/"}',
    b'{"url": "javascript:alert(1)"}',
    b'{"url": "https://x.example", "url": "https://y.example"}',
    b'{"url": "https://x.example", "\\u0075rl": "https://x.example"}',
    b'{"url": "https://x.example"} {}',
    b'{"url": NaN}',
    b"[" * 4000,
)


@pytest.fixture(scope="module")
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """Yield the door, served once for all tests here; each brings an app of its own."""
    clock, entropy = fresh_parts()
    async with (
        house_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as house,
        served(await set_scene(house, clock)) as wire,
    ):
        yield wire


@pytest.fixture
async def own(wire: Wire, request: pytest.FixtureRequest) -> Own:
    """Return an app that may manage itself, of this test alone."""
    return await own_app(wire, request.node.name)


async def bearer(wire: Wire, own: Own, *scopes: OwnScope) -> dict[str, str]:
    """Return the header of a fresh token, of these scopes or of all."""
    asked = {"scope": " ".join(scopes)} if scopes else {}
    return {"Authorization": f"Bearer {(await own.ask(wire, **asked)).json['access_token']}"}


def problem(reply: Reply) -> tuple[int, str]:
    """Return status and code of a problem, whose form is checked."""
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.headers["Cache-Control"] == "no-store"
    members: dict[str, Any] = orjson.loads(reply.body)
    assert members["status"] == reply.status
    return reply.status, members["code"]


async def put(wire: Wire, headers: dict[str, str], body: object, **more: str) -> Reply:
    """Put the endpoint."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await wire.send("PUT", "/v1/notice-endpoint", body=content, headers={**JSON, **headers, **more})


async def count_sets(wire: Wire, own: Own) -> int:
    """Count the records that say where the app's notices go."""
    async with wire.house.storage.read() as connection:
        search = reading.Search(kinds=[Kind.NOTICES_SET], app_id=own.app.id)
        return len(await reading.list_records(connection, search, 100))


async def own_app(wire: Wire, name: str, *rows: tuple[str, str, str, bool]) -> Own:
    """Return an app that may manage itself, with these asks."""
    app, raw_secret = await wire.add_secret_app(name, rows, grant_types=ALL_GRANTS)
    return Own(app, basic(app.id, raw_secret))


async def answer(wire: Wire, app: App, account: Account, asks: dict[str, bool]) -> None:
    """Let the owner agree to some of an app's asks for an account and refuse others."""
    names = tuple(AskId(each) for each in asks)
    request = await open_request(wire.house, Asked(app.id, names, REDIRECT_URI, "s", CHALLENGE))
    await show_request(wire.house, request.id, wire.scene.owner.id)
    agreed = frozenset(AskId(name) for name, is_agreed in asks.items() if is_agreed)
    said = Answer(wire.scene.owner.id, account.id, agreed, DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    await decide(wire.house, request.id, said)


async def list_states(wire: Wire, headers: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return how each ask of the app's one grant stands."""
    (told,) = (await wire.send("GET", "/v1/grants", headers=headers)).json["grants"]
    return {each["ask"]: (each["state"], each["wanted"]) for each in told["asks"]}


async def count(wire: Wire, headers: dict[str, str]) -> dict[str, dict[str, int]]:
    """Return the counts of each ask."""
    told = (await wire.send("GET", "/v1/asks", headers=headers)).json["asks"]
    return {each["ask"]: {name: each[name] for name in each if isinstance(each[name], int)} for each in told}


async def test_req_129_to_133_its_metadata_leads_to_the_token(wire: Wire) -> None:
    """The document of `/v1` names itself, its issuer and its scopes, and the issuer names it."""
    reply = await wire.send("GET", METADATA)
    assert reply.json["resource"] == f"{wire.door.issuer}/v1"
    assert reply.json["authorization_servers"] == [wire.door.issuer]
    assert reply.json["scopes_supported"] == sorted(OwnScope)
    server = (await wire.send("GET", "/.well-known/oauth-authorization-server")).json
    assert reply.json["resource"] in server["protected_resources"]
    assert set(OwnScope) <= set(server["scopes_supported"])


async def test_the_resource_itself_says_where_a_token_comes_from(wire: Wire, own: Own) -> None:
    """Nothing is served at what `resource` names, but a client may begin there: it is challenged, as RFC 9728 wants."""
    none = await wire.send("GET", "/v1")
    assert problem(none) == (401, "no_credential")
    assert f'resource_metadata="{wire.door.issuer}{METADATA}"' in none.headers["WWW-Authenticate"]
    assert problem(await wire.send("GET", "/v1", headers=await bearer(wire, own))) == (404, "not_found")
    assert problem(await wire.send("GET", "/v1/")) == (404, "not_found")


async def test_req_064_065_132_without_a_live_token_nothing_opens(wire: Wire, own: Own) -> None:
    """No token: challenged without error; a wrong one, of whatever kind: invalid_token; each names the metadata."""
    granted = (await wire.redeem((await agree(wire.scene)).raw_code or "")).json
    dead = await bearer(wire, own)
    await wire.post("/oauth/revoke", {"token": dead["Authorization"].split()[1]}, headers=own.headers)
    wrong = ["qat_x", "qat_" + "0" * 49, granted["access_token"], granted["refresh_token"], "Zm9v"]
    for method, path, scope in ROWS:
        none = await wire.send(method, path)
        assert problem(none) == (401, "no_credential")
        challenges = none.headers.getall("WWW-Authenticate")
        assert [each.partition(" ")[0] for each in challenges] == ["Bearer", "DPoP"]
        for challenge in challenges:
            assert f'resource_metadata="{wire.door.issuer}{METADATA}"' in challenge
            assert f'scope="{scope}"' in challenge
            assert "error" not in challenge
    for headers in ({"Authorization": f"Bearer {each}"} for each in wrong):
        reply = await wire.send("GET", "/v1/grants", headers=headers)
        assert problem(reply) == (401, "invalid_token")
        assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    assert problem(await wire.send("GET", "/v1/grants", headers=dead)) == (401, "invalid_token")
    assert problem(await wire.send("GET", "/v1/grants", headers=own.headers)) == (401, "no_credential")
    token = (await own.ask(wire)).json["access_token"]
    assert problem(await wire.send("GET", f"/v1/grants?access_token={token}")) == (401, "no_credential")


async def test_req_067_two_tokens_open_nothing(wire: Wire, own: Own) -> None:
    """Which of two counts is never guessed."""
    header = ("Authorization", (await bearer(wire, own))["Authorization"])
    async with wire.session.get(f"{wire.door.issuer}/v1/grants", headers=[header, header]) as response:
        assert response.status == 400
        assert (await response.json(content_type=None))["code"] == "two_credentials"


async def test_req_066_each_scope_opens_its_own(wire: Wire, own: Own) -> None:
    """A token of one scope opens its rows, and hears of the scope that another row needs."""
    for held in OwnScope:
        headers = await bearer(wire, own, held)
        for method, path, scope in ROWS:
            reply = await wire.send(method, path, headers=headers)
            if scope is held:
                assert reply.status not in {401, 403}
            else:
                assert problem(reply) == (403, "insufficient_scope")
                assert f'scope="{scope}"' in reply.headers["WWW-Authenticate"]


async def test_req_035_036_084_a_token_ends_by_time_and_sleeps_with_its_app(wire: Wire, own: Own) -> None:
    """The scheme's case means nothing; a suspended app is told so; after a quarter of an hour it is over."""
    raw_token = (await bearer(wire, own))["Authorization"].split()[1]
    headers = {"Authorization": f"bEARER {raw_token}"}
    assert (await wire.send("GET", "/v1/grants", headers=headers)).status == 200
    await suspend_app(wire.house, own.app.id, Actor.system(), reason="thử (mẫu)")
    assert problem(await wire.send("GET", "/v1/grants", headers=headers)) == (403, "app_suspended")
    await resume_app(wire.house, own.app.id, Actor.system())
    assert (await wire.send("GET", "/v1/grants", headers=headers)).status == 200
    wire.scene.clock.advance(900)
    assert problem(await wire.send("GET", "/v1/grants", headers=headers)) == (401, "invalid_token")


async def test_req_112_113_114_117_a_bound_token_wants_its_key(wire: Wire, own: Own) -> None:
    """Only with a fresh proof of its own key, of this call and this token, and never as bearer."""
    url = f"{wire.door.issuer}/v1/grants"
    now = wire.scene.clock.now().timestamp()
    nonce = (await wire.door.proofs.claim(None, b"")).nonce
    asked = claims_of(now, f"{wire.door.issuer}/oauth/token", nonce=nonce)
    raw_token = (await own.ask(wire, {"DPoP": signed(asked)})).json["access_token"]

    async def call(scheme: str, proof: str | None) -> Reply:
        headers = {"Authorization": f"{scheme} {raw_token}", **({"DPoP": proof} if proof else {})}
        return await wire.send("GET", "/v1/grants", headers=headers)

    def claims(**changes: Any) -> dict[str, Any]:
        return claims_of(now, url, **{"method": "GET", "nonce": nonce, "ath": hash_of(raw_token), **changes})

    right = signed(claims())
    assert (await call("DPoP", right)).status == 200
    assert problem(await call("Bearer", None)) == (401, "invalid_token")
    bad = [None, right, signed(claims(), OTHER), signed(claims(ath="x")), signed(claims(htm="POST"))]
    bad += [signed(claims(htu=f"{wire.door.issuer}/v1/asks"))]
    for proof in bad:
        refused = await call("DPoP", proof)
        assert problem(refused) == (401, "invalid_dpop_proof")
        assert [each[:5] for each in refused.headers.getall("WWW-Authenticate")] == ["DPoP "]  # no error of Bearer (68)
    stale = await call("DPoP", signed(claims(nonce=None)))
    assert problem(stale) == (401, "use_dpop_nonce")
    assert stale.headers["DPoP-Nonce"] == nonce
    assert KEY.thumbprint() != OTHER.thumbprint()
    unbound = await bearer(wire, own)
    as_bound = {"Authorization": unbound["Authorization"].replace("Bearer", "DPoP"), "DPoP": signed(claims())}
    assert problem(await wire.send("GET", "/v1/grants", headers=as_bound)) == (401, "invalid_token")


async def test_an_app_that_named_its_networks_manages_itself_from_there(wire: Wire) -> None:
    """A token of its own is of no use from elsewhere, however it was come by."""
    for name, addresses, status in (("tu-xa", ("203.0.113.0/24",), 403), ("tu-gan", ("127.0.0.0/8",), 200)):
        app, _ = await wire.add_secret_app(name, grant_types=ALL_GRANTS, addresses=addresses)
        raw_token = await give_own_token(wire.house, app.id, list(OwnScope), jkt=None)
        reply = await wire.send("GET", "/v1/asks", headers={"Authorization": f"Bearer {raw_token}"})
        assert reply.status == status
        assert status == 200 or problem(reply) == (403, "address_not_listed")


async def test_other_methods_and_paths_are_problems(wire: Wire, own: Own) -> None:
    """405 names what there is, and what there is not is 404, with or without a token."""
    for method in ("POST", "DELETE", "PATCH"):
        reply = await wire.send(method, "/v1/notice-endpoint", headers=await bearer(wire, own))
        assert problem(reply) == (405, "wrong_method")
        assert reply.headers["Allow"] == "GET, HEAD, PUT"
    for path in ("/v1/", "/v1/apps", "/v1/grants/x", "/v1/notices/x"):
        assert problem(await wire.send("GET", path)) == (404, "not_found")


async def test_details_are_in_one_language_and_say_which(wire: Wire, own: Own) -> None:
    """Vietnamese unless English is preferred; what exactly is wrong is a note, in English for both."""
    wrong, missing = "/v1/notices?limit=0", "/v1/nothing"
    for language, detail in (("vi", "Tham số không hợp lệ."), ("en-GB,vi;q=0.5", "A parameter is not valid.")):
        headers = {**await bearer(wire, own), "Accept-Language": language}
        told = await wire.send("GET", wrong, headers=headers)
        members = orjson.loads(told.body)
        assert (members["detail"], members["note"]) == (detail, "limit is 1 to 100")
        assert told.headers["Content-Language"] == language[:2]
        assert "note" not in orjson.loads((await wire.send("GET", missing, headers=headers)).body)


async def test_an_endpoint_is_set_shown_and_its_secret_told_once(wire: Wire, own: Own) -> None:
    """The first PUT makes a key and shows its secret; later ones do not; the log names the app as who did it."""
    headers = await bearer(wire, own)
    assert problem(await wire.send("GET", "/v1/notice-endpoint", headers=headers)) == (404, "not_found")
    first = (await put(wire, headers, {"url": URL})).json
    assert first["secret"].startswith("whsec_")
    again = await put(wire, headers, {"url": f"{URL}/2"})
    assert (again.json["url"], again.json["state"]) == (f"{URL}/2", "live")
    assert "secret" not in again.json
    shown = (await wire.send("GET", "/v1/notice-endpoint", headers=headers)).json
    assert shown == again.json
    assert [key["last4"] for key in shown["keys"]] == [first["secret"][-4:]]
    async with wire.house.storage.read() as connection:
        records = await reading.list_records(connection, reading.Search(kinds=[Kind.NOTICES_SET]), 2)
    assert {record.actor for record in records} == {Actor(ActorKind.APP, own.app.id)}


async def test_an_endpoint_that_stays_is_no_change(wire: Wire, own: Own) -> None:
    """Said again at each start of a machine it adds nothing to the log; changes are bounded more tightly than calls."""
    headers = await bearer(wire, own)
    first = (await put(wire, headers, {"url": URL})).json
    assert first.pop("secret").startswith("whsec_")
    assert first.pop("event_key")
    for _ in range(CHANGES.times):
        wire.scene.clock.advance(1)
        assert (await put(wire, headers, {"url": URL})).json == first
    assert await count_sets(wire, own) == 1
    for number in range(1, CHANGES.times):
        assert (await put(wire, headers, {"url": f"{URL}/{number}"})).status == 200
    refused = await put(wire, headers, {"url": URL})
    assert problem(refused) == (429, "limited")
    assert int(refused.headers["Retry-After"]) >= 1
    assert (await put(wire, headers, {"url": f"{URL}/{CHANGES.times - 1}"})).status == 200
    assert await count_sets(wire, own) == CHANGES.times
    async with wire.house.storage.unit() as unit:
        known = await endpoints.find(unit.connection, own.app.id)
        assert known is not None
        assert await endpoints.mark_gone(unit.connection, known, wire.scene.clock.now())
        await unit.commit()
    assert problem(await put(wire, headers, {"url": f"{URL}/{CHANGES.times - 1}"})) == (429, "limited")
    wire.scene.clock.advance(CHANGES.within)
    headers = await bearer(wire, own)
    assert (await put(wire, headers, {"url": f"{URL}/{CHANGES.times - 1}"})).json["state"] == "live"
    assert await count_sets(wire, own) == CHANGES.times + 1


async def test_a_bad_body_sets_nothing(wire: Wire, own: Own) -> None:
    """It is told as such, never 500, and nothing that was sent comes back."""
    headers = await bearer(wire, own)
    for body in BAD_BODIES:
        reply = await put(wire, headers, body)
        assert problem(reply) == (400, "bad_body"), body
        assert b"x.example" not in reply.body
    assert problem(await wire.send("GET", "/v1/notice-endpoint", headers=headers)) == (404, "not_found")


async def test_other_media_and_large_bodies_are_refused(wire: Wire, own: Own) -> None:
    """A form, a coded body, and one without end; the size is judged before it is read whole."""
    headers = await bearer(wire, own)
    body = {"url": URL}
    for more in ({"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}):
        assert problem(await put(wire, headers, body, **more)) == (415, "unsupported_media")
    large = await put(wire, headers, b'{"url": "' + b"x" * 5000 + b'"}')
    assert problem(large) == (413, "too_large")


async def test_the_delivery_log_is_paged_and_a_notice_is_sent_again(wire: Wire, own: Own) -> None:
    """Newest first, a page at a time; a notice that is over waits again; another app's is as unknown as none."""
    headers = await bearer(wire, own)
    await set_endpoint(wire.house, own.app.id, URL, Actor.system())
    for _ in range(3):
        await send_test(wire.house, own.app.id)
        wire.scene.clock.advance(1)
    whole = (await wire.send("GET", "/v1/notices", headers=headers)).json
    assert [each["type"] for each in whole["notices"]] == ["quyen.endpoint.test"] * 3
    assert "next_cursor" not in whole
    page = await wire.send("GET", "/v1/notices?limit=2", headers=headers)
    assert page.json["notices"] == whole["notices"][:2]
    link = page.headers["Link"]
    assert link.endswith('>; rel="next"')
    rest = await wire.send("GET", link[1:].partition(">")[0].removeprefix(wire.door.issuer), headers=headers)
    assert rest.json["notices"] == whole["notices"][2:]
    notice_id = whole["notices"][0]["id"]
    assert whole["notices"][0]["next_try_at"] is not None
    replay = f"/v1/notices/{notice_id}/replay"
    assert problem(await wire.send("POST", replay, headers=headers)) == (409, "nothing_to_change")
    async with wire.house.storage.unit() as unit:
        await unit.connection.execute(outbox.update().where(outbox.c.id == notice_id).values(state="given_up"))
        await unit.commit()
    over = (await wire.send("GET", "/v1/notices?limit=1", headers=headers)).json["notices"][0]
    assert (over["state"], over["next_try_at"]) == ("given_up", None)
    stranger = await own_app(wire, "la")
    theirs = await bearer(wire, stranger)
    await set_endpoint(wire.house, stranger.app.id, URL, Actor.system())
    assert problem(await wire.send("POST", replay, headers=theirs)) == (404, "not_found")
    assert (await wire.send("GET", "/v1/notices", headers=theirs)).json == {"notices": []}
    assert (await wire.send("POST", replay, headers=headers)).status == 202
    async with wire.house.storage.read() as connection:
        states = await connection.execute(select(outbox.c.state).where(outbox.c.id == notice_id))
        assert states.scalar_one() == "waiting"


async def test_a_bad_page_is_told(wire: Wire, own: Own) -> None:
    """A cursor of nobody's and a limit that is none are refused."""
    headers = await bearer(wire, own)
    odd = ("0", "101", "-1", "x", "%D9%A1", "1000000000", "", "00100000000", "00019999999999999999999", "050")
    for query in ("cursor=x", "cursor=", *(f"limit={each}" for each in odd)):
        for path in ("/v1/notices", "/v1/grants"):
            assert problem(await wire.send("GET", f"{path}?{query}", headers=headers)) == (400, "bad_target"), query


async def test_a_parameter_stands_once_and_an_unknown_one_says_nothing(wire: Wire, own: Own) -> None:
    """At every address alike: which of two counts is not guessed, and what nobody reads changes no answer."""
    headers = {**await bearer(wire, own), **JSON}
    body = orjson.dumps({"url": URL})
    for method, path, _ in ROWS:
        for query in ("limit=1&limit=1", "foo=1&foo=2", "foo&%66oo"):
            reply = await wire.send(method, f"{path}?{query}", body=body, headers=headers)
            assert problem(reply) == (400, "bad_target"), (method, path, query)
        plain, more = [
            await wire.send(method, f"{path}{query}", body=body, headers=headers) for query in ("", "?foo=1&bar=2")
        ]
        assert plain.status == more.status != 400


async def test_grants_say_how_they_stand_and_name_nobody(wire: Wire) -> None:
    """Own ids, versions and asks; neither account nor person nor what was refused; time that ran out shows."""
    rows = [(f"a{n}", scope, "crm", False) for n, scope in enumerate(("zalo.profile.read", "zalo.tag.read"))]
    own = await own_app(wire, "dem", *rows)
    headers = await bearer(wire, own)
    assert (await wire.send("GET", "/v1/grants", headers=headers)).json == {"grants": []}
    await answer(wire, own.app, wire.scene.account, {"a0": True})
    reply = await wire.send("GET", "/v1/grants", headers=headers)
    (told,) = reply.json["grants"]
    (ask,) = told["asks"]
    assert (told["version"], ask["ask"], ask["state"], ask["wanted"]) == (1, "a0", "granted", "use")
    for personal in (wire.scene.owner.id, wire.scene.account.id, wire.scene.account.external_id, "chu-1"):
        assert personal.encode() not in reply.body
    await pause(wire.house, told["grant_id"], Actor.system())
    assert await list_states(wire, headers) == {"a0": ("paused", "hold")}
    counted = {"live": 0, "paused": 1, "withdrawn": 0, "expired": 0, "reconfirm": 0}
    assert (await count(wire, headers))["a0"] == counted
    wire.scene.clock.advance(31 * 86400)
    headers = await bearer(wire, own)
    assert await list_states(wire, headers) == {"a0": ("expired", "stop")}
    counts = await count(wire, headers)
    assert counts == {"a0": {**counted, "paused": 0, "expired": 1}, "a1": dict.fromkeys(counted, 0)}


async def test_what_people_decide_for_themselves_is_not_listed(wire: Wire) -> None:
    """A follower's own grant is in no list and in no count (I10)."""
    plain = app_of("Hỏi khách (mẫu)", "hoi-khach", is_confidential=True, clock=wire.scene.clock)
    app = replace(plain, grant_types=ALL_GRANTS)
    asked = ask_of(app.id, ("crm_name", "zalo.follower.name.read", "crm", False), Basis.OWN_CONSENT)
    own = Own(app, basic(app.id, await register_app(wire.house, app, [asked], Actor.system()) or ""))
    await say_yes(replace(wire.scene, app=app), "1", [NAME], to=[NAME])
    headers = await bearer(wire, own)
    assert (await wire.send("GET", "/v1/grants", headers=headers)).json == {"grants": []}
    assert set((await count(wire, headers))["crm_name"].values()) == {0}


async def test_grants_are_paged_and_only_ones_own(wire: Wire, own: Own) -> None:
    """One grant a page, each once; a grant that only ever refused, and another app's, are not there."""
    ids = []
    for number, is_agreed in enumerate((True, True, False)):
        account = await link_account(wire.house, wire.scene.owner.id, external_id=f"500000000000000{number}")
        await answer(wire, own.app, account, {"oa_profile": is_agreed})
    headers, path = await bearer(wire, own), "/v1/grants?limit=1"
    while path:
        reply = await wire.send("GET", path, headers=headers)
        ids += [each["grant_id"] for each in reply.json["grants"]]
        path = reply.headers.get("Link", "")[1:].partition(">")[0].removeprefix(wire.door.issuer)
    assert len(ids) == len(set(ids)) == 2


async def test_calls_of_one_app_are_bounded(wire: Wire, own: Own) -> None:
    """Beyond the bound 429 says when; another app goes on."""
    headers = await bearer(wire, own)
    for _ in range(CALLS.times):
        await wire.door.limits.count(f"management {own.app.id}", CALLS)
    closed = await wire.send("GET", "/v1/grants", headers=headers)
    assert problem(closed) == (429, "limited")
    assert int(closed.headers["Retry-After"]) >= 1


async def test_a_silent_database_is_503(wire: Wire, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is no yes, and says when to come again."""
    headers = await bearer(wire, own)

    def silent() -> None:
        raise Unavailable("database")

    with monkeypatch.context() as patch:
        patch.setattr(type(wire.house.storage), "read", lambda _storage: silent())
        reply = await wire.send("GET", "/v1/grants", headers={**headers, "Accept-Language": "en"})
    assert problem(reply) == (503, "no_verdict")
    assert int(reply.headers["Retry-After"]) >= 1
    assert b"No answer can be had now" in reply.body
