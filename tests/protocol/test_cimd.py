"""Client ID Metadata Documents: a client_id that is an https address, and what may and may not come of fetching it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.expire import expire
from gateway.acts.forget_apps import UNUSED_LASTS, forget_apps
from gateway.acts.show_request import show_request
from gateway.acts.suspend import suspend_app
from gateway.doors.oauth import documents
from gateway.doors.oauth.dynamic import DynamicApps
from gateway.doors.oauth.endpoints import endpoints
from gateway.doors.oauth.metadata import describe_server
from gateway.ground.fetching.fetcher import Fetcher, opened_fetcher
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import App, AppState
from gateway.records.grants import store as grants
from gateway.records.ledger.types import Actor
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Refusal
from tests.house import REDIRECT_URI, fresh_parts, house_in, set_scene
from tests.protocol.keys import ED, proof_of, public_jwks
from tests.protocol.wire import Reply, Wire, served
from tests.security.test_fetching import Answers
from tests.stand_ins.certificates import make_certificate
from tests.stand_ins.receiver import Answering, Receiver, dripping, endless, hanging_up, receiving, redirecting, saying

SCOPES = {"zalo.profile.read": 1, "zalo.tag.read": 1}
JSON = "application/json"


@dataclass
class Publisher:
    """An app's own web server, and the gateway that may read it."""

    wire: Wire
    receiver: Receiver
    number: int = 0

    def fresh_id(self) -> str:
        """Return a client_id that nobody used before."""
        self.number += 1
        return self.receiver.url.replace("/hook", f"/app-{self.number}")

    def document(self, address: str, **changes: Any) -> dict[str, Any]:
        """Return a right document with some metadata changed; None leaves one out."""
        said = {
            "client_id": address,
            "client_name": "Trợ lý (mẫu)",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "logo_uri": "https://app.example/logo.png",
            "scope": "zalo.profile.read",
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def publish(self, address: str, headers: dict[str, str] | None = None, **changes: Any) -> None:
        """Answer the next fetch with a document."""
        body = orjson.dumps(self.document(address, **changes))
        self.receiver.answers = [saying(body, **{"Content_Type": JSON, **(headers or {})})]

    async def authorize(self, client_id: str, **changes: str) -> Reply:
        """Send a right authorization request of the app."""
        return await self.wire.authorize({"client_id": client_id, **changes})

    async def introduce(self, **changes: Any) -> App:
        """Publish a document, let the gateway read it, and return the app."""
        client_id = self.fresh_id()
        self.publish(client_id, **changes)
        reply = await self.authorize(client_id, redirect_uri=changes.get("redirect_uris", [REDIRECT_URI])[0])
        assert reply.status == 303, reply.body
        return await self.find(client_id)

    async def find(self, client_id: str) -> App:
        """Return an app that is known."""
        async with self.wire.house.storage.read() as connection:
            app = await apps.find(connection, client_id)
        assert app is not None
        return app

    async def grant_states(self, grant_id: GrantId | None) -> set[str]:
        """Return the states of what a grant holds."""
        async with self.wire.house.storage.read() as connection:
            grant = await grants.find(connection, grant_id or GrantId(""))
        return {each.state.value for each in grant.permissions} if grant else set()

    async def kept(self, grant_id: GrantId | None) -> Statement:
        """Return the snapshot kept with a grant."""
        async with self.wire.house.storage.read() as connection:
            found = await statements.find_granted(connection, grant_id or GrantId(""))
        assert found is not None
        return found

    def is_later(self, much: timedelta = documents.USUAL) -> None:
        """Let the cached document's time be over."""
        self.wire.scene.clock.advance(much)


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Publisher]:
    """Yield one gateway on loopback and one web server of apps, for all tests here."""
    clock, entropy = fresh_parts()
    folder = tmp_path_factory.mktemp("house")
    async with AsyncExitStack() as stack:
        ca_pem, context = make_certificate(folder, "127.0.0.1", "localhost", "app.example")
        receiver = await stack.enter_async_context(receiving(context))
        fetcher = await stack.enter_async_context(opened_fetcher(allow_loopback=True, ca_pem=ca_pem))
        house = await stack.enter_async_context(house_in(folder, clock, entropy=entropy))
        dynamic = DynamicApps(fetcher=fetcher, scopes=SCOPES)
        wire = await stack.enter_async_context(served(await set_scene(house, clock), dynamic))
        yield Publisher(wire, receiver)


@pytest.fixture
def publisher(shared: Publisher) -> Publisher:
    """Return it a minute later, with all limits free again and nothing published."""
    shared.wire.scene.clock.advance(documents.BY_ADDRESS.within)
    shared.receiver.answers, shared.receiver.came = [], []
    shared.receiver.status = 404
    return shared


def with_fetcher(publisher: Publisher, fetcher: Fetcher) -> None:
    """Let the gateway fetch in another way."""
    object.__setattr__(publisher.wire.door, "dynamic", DynamicApps(fetcher=fetcher, scopes=SCOPES))


async def test_req_205_what_is_no_address_of_a_document(publisher: Publisher) -> None:
    """Each is refused before anything is fetched: by a page, never by a redirect."""
    base = publisher.receiver.url.removesuffix("/hook")
    for client_id in (
        base,
        base + "/a#x",
        base + "/a#",
        base.replace("https://", "https://u@") + "/a",
        base.replace("https://", "https://u:p@") + "/a",
        base + "/./a",
        base + "/../a",
        base + "/a/..",
        base + "/%2e%2e/a",
        base + "/.%2E/a",
        base + "/a b",
        base + "/é",
        base + "/a\\b",
        base + "/" + "x" * 2048,
        "https://",
        "https:///a",
        "https://127.0.0.1:x/a",
        "https://127.0.0.1:0/a",
        base.replace("https", "http") + "/a",
        base.replace("https", "HTTPS") + "/a",
        "file:///etc/passwd",
    ):
        reply = await publisher.authorize(client_id)
        assert reply.status == 400, client_id
        assert "Location" not in reply.headers
    assert publisher.receiver.came == []


async def test_req_206_only_200_and_no_redirect(publisher: Publisher) -> None:
    """What is behind a redirect is never asked for; any other status is no document, however right its body."""
    client_id = publisher.fresh_id()
    right = orjson.dumps(publisher.document(client_id))
    for status in (301, 302, 307, 308):
        publisher.receiver.answers = [redirecting(publisher.receiver.url, status), saying(right, Content_Type=JSON)]
        assert (await publisher.authorize(client_id)).status == 400
    assert [came.target for came in publisher.receiver.came] == [client_id[client_id.rindex("/") :]] * 4
    for status in (201, 204, 206, 404, 410, 500, 503):
        publisher.receiver.answers = [with_status(right, status)]
        assert (await publisher.authorize(client_id)).status == 400


async def test_req_207_the_document_names_its_own_address(publisher: Publisher) -> None:
    """As a string: no slash more, no other case, no port spelled out, and it must be there."""
    client_id = publisher.fresh_id()
    for named in (client_id + "/", client_id.upper(), client_id + "?", client_id + "#", "so-ban-hang", 7, None):
        publisher.publish(client_id, client_id=named)
        assert (await publisher.authorize(client_id)).status == 400, named
    publisher.publish(client_id)
    assert (await publisher.authorize(client_id)).status == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"client_secret": "x"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [ED.as_dict(private=True)]}},
        {"redirect_uris": None},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["http://app.example/cb"]},
        {"client_name": "Z\u202eolaZ"},
        {"grant_types": ["client_credentials"]},
        {"software_statement": "a.b.c"},
    ],
    ids=str,
)
async def test_req_208_what_a_document_may_not_hold(publisher: Publisher, changes: dict[str, Any]) -> None:
    """No shared secret, no private key, nothing that a registration may not hold; and no app comes of it."""
    client_id = publisher.fresh_id()
    publisher.publish(client_id, **changes)
    assert (await publisher.authorize(client_id)).status == 400
    assert len(publisher.receiver.came) == 1
    async with publisher.wire.house.storage.read() as connection:
        assert await apps.find(connection, client_id) is None


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "10.0.0.1", "192.168.1.1", "fd00::1"],
)
async def test_req_209_a_name_that_leads_inside(publisher: Publisher, address: str) -> None:
    """Judged on the address that is connected to; a gateway that is not on loopback itself reaches no loopback."""
    before = publisher.wire.door.dynamic
    port = publisher.receiver.url.split(":")[2].split("/")[0]
    async with opened_fetcher(resolver=Answers(address)) as fetcher:
        with_fetcher(publisher, fetcher)
        reply = await publisher.authorize(f"https://app.example:{port}/a")
        object.__setattr__(publisher.wire.door, "dynamic", before)
    assert reply.status == 400
    assert b"refused_address" in reply.body
    assert publisher.receiver.came == []


async def test_req_209_an_address_instead_of_a_name(publisher: Publisher) -> None:
    """Written as it is, or in a way that only resolvers understand, it is judged all the same."""
    before = publisher.wire.door.dynamic
    port = publisher.receiver.url.split(":")[2].split("/")[0]
    async with opened_fetcher() as fetcher:
        with_fetcher(publisher, fetcher)
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost"):
            reply = await publisher.authorize(f"https://{host}:{port}/a")
            assert (reply.status, b"refused_address" in reply.body) == (400, True), host
        object.__setattr__(publisher.wire.door, "dynamic", before)
    assert publisher.receiver.came == []


async def test_req_210_size_time_and_type(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 5 kB, all of it in time, JSON by its type; a body without end or a drip holds nobody."""
    monkeypatch.setattr(documents, "SECONDS", 0.3)
    client_id = publisher.fresh_id()
    right = orjson.dumps(publisher.document(client_id))
    typed: list[Answering] = [
        saying(right.ljust(documents.LIMIT_BYTES + 1), Content_Type=JSON),
        saying(right, Content_Type="text/html"),
        saying(right, Content_Type="text/json"),
        saying(right, Content_Type=JSON, Content_Encoding="gzip"),
        saying(right),
        saying(b"<html>", Content_Type=JSON),
        saying(b"\xef\xbb\xbf" + right, Content_Type=JSON),
        saying(b"[" + right + b"]", Content_Type=JSON),
        endless,
        dripping,
        hanging_up,
    ]
    for answer in typed:
        publisher.receiver.answers = [answer]
        assert (await publisher.authorize(client_id)).status == 400
    for media in (JSON, "application/oauth-client+json; charset=utf-8"):
        client_id = publisher.fresh_id()
        body = orjson.dumps(publisher.document(client_id)).ljust(documents.LIMIT_BYTES)
        publisher.receiver.answers = [saying(body, Content_Type=media)]
        assert (await publisher.authorize(client_id)).status == 303


async def test_req_211_an_error_is_never_kept(publisher: Publisher) -> None:
    """After an error or a bad document the good one counts at once."""
    client_id = publisher.fresh_id()
    for answer in (with_status(b"", 404), saying(b"{}", Content_Type=JSON), with_status(b"", 500)):
        publisher.receiver.answers = [answer]
        assert (await publisher.authorize(client_id)).status == 400
    publisher.publish(client_id)
    assert (await publisher.authorize(client_id)).status == 303


@pytest.mark.parametrize(
    "headers, lasts",
    [
        ({}, documents.USUAL),
        ({"Cache_Control": "public"}, documents.USUAL),
        ({"Cache_Control": "max-age=1800"}, timedelta(minutes=30)),
        ({"Cache_Control": "public, MAX-AGE=1800", "Age": "600"}, timedelta(minutes=20)),
        ({"Cache_Control": "max-age=1800", "Age": "soon"}, timedelta(minutes=30)),
        ({"Cache_Control": "max-age=0"}, documents.SHORTEST),
        ({"Cache_Control": "no-store"}, documents.SHORTEST),
        ({"Cache_Control": "max-age=1800, no-cache"}, documents.SHORTEST),
        ({"Cache_Control": "max-age=999999999"}, documents.LONGEST),
    ],
    ids=str,
)
async def test_req_211_for_how_long_it_is_kept(publisher: Publisher, headers: dict[str, str], lasts: timedelta) -> None:
    """As HTTP says, within bounds of our own; until then nothing is fetched, then it is."""
    client_id = publisher.fresh_id()
    publisher.publish(client_id, headers)
    assert (await publisher.authorize(client_id)).status == 303
    publisher.is_later(lasts - timedelta(seconds=1))
    assert (await publisher.authorize(client_id)).status == 303
    assert len(publisher.receiver.came) == 1
    publisher.is_later(timedelta(seconds=1))
    publisher.publish(client_id)
    assert (await publisher.authorize(client_id)).status == 303
    assert len(publisher.receiver.came) == 2


async def test_req_213_named_exactly_where_it_works(publisher: Publisher) -> None:
    """Where the road is closed the document does not name it, and an app that came by it is unknown everywhere."""
    app = await publisher.introduce()
    door = publisher.wire.door
    assert describe_server(door, endpoints(door))["client_id_metadata_document_supported"] is True
    before = door.dynamic
    closed = replace(door, dynamic=DynamicApps(may_register=True))
    assert "client_id_metadata_document_supported" not in describe_server(closed, endpoints(closed))
    object.__setattr__(door, "dynamic", DynamicApps())
    assert (await publisher.authorize(app.id)).status == 400
    reply = await publisher.wire.post("/oauth/revoke", {"client_id": app.id, "token": "x"})
    object.__setattr__(door, "dynamic", before)
    assert reply.error == (401, "invalid_client")
    assert len(publisher.receiver.came) == 1


async def test_the_snapshot_is_kept_with_the_grant(publisher: Publisher) -> None:
    """Name, logo and keys as they were when the person decided, whatever the document says later."""
    app = await publisher.introduce(token_endpoint_auth_method="private_key_jwt", jwks=public_jwks())
    decided = await publisher.wire.agree_on(await publisher.authorize(app.id))
    publisher.is_later()
    publisher.publish(
        app.id, client_name="Khác (mẫu)", token_endpoint_auth_method="private_key_jwt", jwks=public_jwks()
    )
    await publisher.authorize(app.id)
    assert (await publisher.find(app.id)).name == "Khác (mẫu)"
    kept = (await publisher.kept(decided.grant_id)).content
    assert (kept["client_name"], kept["logo_uri"]) == ("Trợ lý (mẫu)", "https://app.example/logo.png")
    assert kept["jwks"] == public_jwks()


async def test_req_214_another_name_ends_nothing(publisher: Publisher) -> None:
    """A name, a logo or the order of redirect URIs is no other identity: what stands goes on."""
    both = [REDIRECT_URI, "https://app.example/cb"]
    app = await publisher.introduce(redirect_uris=both)
    decided = await publisher.wire.agree_on(await publisher.authorize(app.id))
    publisher.is_later()
    publisher.publish(app.id, client_name="Khác (mẫu)", logo_uri=None, redirect_uris=both[::-1])
    assert (await publisher.authorize(app.id)).status == 303
    assert await publisher.grant_states(decided.grant_id) == {"granted"}


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uris": [REDIRECT_URI, "https://evil.example/cb"]},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": public_jwks()},
    ],
    ids=["redirects", "keys"],
)
async def test_req_214_another_identity_asks_anew(publisher: Publisher, changes: dict[str, Any]) -> None:
    """What stands is to be confirmed, its tokens are dead, the screen shows the boxes, and an open screen is over."""
    wire = publisher.wire
    app = await publisher.introduce()
    decided = await wire.agree_on(await publisher.authorize(app.id))
    tokens = (await wire.redeem(decided.raw_code or "", app=app)).json
    opened = await wire.find_request(await publisher.authorize(app.id))
    await show_request(wire.house, opened.id, wire.scene.owner.id)
    publisher.is_later()
    publisher.publish(app.id, **changes)
    again = await publisher.authorize(app.id)
    assert await publisher.grant_states(decided.grant_id) == {"reconfirm"}
    later = await publisher.find(app.id)
    proof = proof_of(wire, later) if later.is_confidential else {"client_id": app.id}
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **proof}
    assert (await wire.post("/oauth/token", fields)).error == (400, "invalid_grant")
    answer = Answer(
        wire.scene.owner.id, wire.scene.account.id, frozenset(opened.ask_ids), DURATIONS["P1D"], "Chữ (mẫu)", "vi"
    )
    with pytest.raises(Refusal, match="expired"):
        await decide(wire.house, opened.id, answer)
    anew = await wire.agree_on(again)
    assert await publisher.grant_states(anew.grant_id) == {"granted"}
    assert await publisher.kept(anew.grant_id) == await statement_of(publisher, app)


async def test_req_214_a_key_that_is_gone_opens_nothing(publisher: Publisher) -> None:
    """Once the document is read again, at any endpoint, the old key is no proof and the new one is."""
    wire = publisher.wire
    keys = public_jwks()["keys"]
    first, second = {"keys": keys[:1]}, {"keys": keys[1:]}
    app = await publisher.introduce(token_endpoint_auth_method="private_key_jwt", jwks=first)
    asked = {"token": "x"}
    assert (await wire.post("/oauth/introspect", {**asked, **proof_of(wire, app)})).json == {"active": False}
    publisher.is_later()
    publisher.publish(app.id, token_endpoint_auth_method="private_key_jwt", jwks=second)
    assert (await wire.post("/oauth/introspect", {**asked, **proof_of(wire, app)})).error == (401, "invalid_client")
    assert (await publisher.find(app.id)).jwks == second


async def test_req_214_what_a_crash_left_over_is_finished(publisher: Publisher) -> None:
    """A grant that rests on another identity than the app has now is found by the round that writes down ends."""
    wire = publisher.wire
    app = await publisher.introduce()
    decided = await wire.agree_on(await publisher.authorize(app.id))
    said = {**(await statement_of(publisher, app)).content, "redirect_uris": ["https://evil.example/"]}
    now = wire.scene.clock.now()
    async with wire.house.storage.unit() as unit:
        other = Statement.of("cs_left_over", app.id, said, at=now, fresh_until=now)
        await statements.put(unit.connection, other)
        await unit.commit()
    assert await expire(wire.house) >= 1
    assert await publisher.grant_states(decided.grant_id) == {"reconfirm"}
    assert await expire(wire.house) == 0


async def test_a_silent_host_is_waited_for_a_day(publisher: Publisher) -> None:
    """Where nobody answers the last good reading counts for 24 hours; a host that answers otherwise counts at once."""
    app = await publisher.introduce()
    publisher.is_later()
    for answer in (hanging_up, with_status(b"", 503)):
        publisher.receiver.answers = [answer] * 2
        assert (await publisher.authorize(app.id)).status == 303
    publisher.receiver.answers = [with_status(b"", 404)]
    assert (await publisher.authorize(app.id)).status == 400
    publisher.is_later(documents.LONGEST - documents.USUAL)
    publisher.receiver.answers = [with_status(b"", 503)]
    assert (await publisher.authorize(app.id)).status == 400
    publisher.receiver.answers = [hanging_up] * 2
    reply = await publisher.wire.post("/oauth/revoke", {"client_id": app.id, "token": "x"})
    assert reply.error == (401, "invalid_client")


async def test_the_whole_way_by_par_with_a_key(publisher: Publisher) -> None:
    """An app with keys that nobody knows yet may push its first request, and gets tokens bound to what it is."""
    wire, client_id = publisher.wire, publisher.fresh_id()
    publisher.publish(client_id, token_endpoint_auth_method="private_key_jwt", jwks=public_jwks())
    app = replace(wire.scene.app, id=client_id)
    fields = {**wire.right_request(), "client_id": client_id, **proof_of(wire, app)}
    pushed = await wire.post("/oauth/par", {name: value for name, value in fields.items() if value is not None})
    assert pushed.status == 201, pushed.body
    query = urlencode({"client_id": client_id, "request_uri": pushed.json["request_uri"]})
    decided = await wire.agree_on(await wire.send("GET", f"/oauth/authorize?{query}"))
    tokens = await wire.redeem(decided.raw_code or "", app=app, **proof_of(wire, app))
    assert tokens.json["scope"] == "zalo.profile.read"
    assert len(publisher.receiver.came) == 1


async def test_documents_are_read_within_limits(publisher: Publisher) -> None:
    """For each caller and for each host: a stranger cannot turn the gateway against anyone; a page says so."""
    publisher.receiver.status = 404
    for _ in range(documents.BY_HOST.times):
        assert (await publisher.authorize(publisher.fresh_id())).status == 400
    assert (await publisher.authorize(publisher.fresh_id())).status == 429
    assert len(publisher.receiver.came) == documents.BY_HOST.times
    for _ in range(documents.BY_ADDRESS.times):
        await publisher.wire.door.limits.count("document 127.0.0.1", documents.BY_ADDRESS)
    assert (await publisher.authorize("https://other.example/a")).status == 429


async def test_a_known_app_is_not_shut_out_by_strangers(publisher: Publisher) -> None:
    """Whoever exhausts the limits at its host stops nobody known; past its own limit the last reading counts."""
    wire, app = publisher.wire, await publisher.introduce()
    publisher.is_later()
    for _ in range(documents.BY_ADDRESS.times):
        await wire.door.limits.count("document at 127.0.0.1", documents.BY_HOST)
        await wire.door.limits.count("document 127.0.0.1", documents.BY_ADDRESS)
    publisher.publish(app.id, client_name="Khác (mẫu)")
    assert (await publisher.authorize(app.id)).status == 303
    assert (await publisher.find(app.id)).name == "Khác (mẫu)"
    publisher.is_later()
    publisher.receiver.status = 503
    for _ in range(documents.BY_HOST.times + 1):
        assert (await publisher.authorize(app.id)).status == 303
    assert len(publisher.receiver.came) == 2 + documents.BY_HOST.times


async def test_eight_at_once_are_one_app(publisher: Publisher) -> None:
    """A document that eight requests read at the same time is adopted once, and each gets its screen."""
    client_id = publisher.fresh_id()
    body = orjson.dumps(publisher.document(client_id))
    publisher.receiver.answers = [saying(body, Content_Type=JSON)] * 8
    replies = await asyncio.gather(*(publisher.authorize(client_id) for _ in range(8)))
    assert [reply.status for reply in replies] == [303] * 8
    async with publisher.wire.house.storage.read() as connection:
        assert await apps.list_ask_ids(connection, (await publisher.find(client_id)).id) == ["zalo_profile_read"]


async def test_a_suspended_app_stays_suspended(publisher: Publisher) -> None:
    """Neither a changed document, nor a week without use, nor an older database lets it in again."""
    wire = publisher.wire
    app = await publisher.introduce()
    await suspend_app(wire.house, app.id, Actor.system(), reason="giả (mẫu)")
    publisher.is_later(UNUSED_LASTS * 2)
    await forget_apps(wire.house)
    publisher.publish(app.id, client_name="Khác (mẫu)", redirect_uris=["https://other.example/cb"])
    assert (await publisher.authorize(app.id, redirect_uri="https://other.example/cb")).status == 403
    async with wire.house.storage.unit() as unit:  # as where the database is older than the app
        for table in ("authorization_requests", "app_statements", "asks"):
            await unit.connection.exec_driver_sql(f"DELETE FROM {table} WHERE app_id = '{app.id}'")  # noqa: S608
        await unit.connection.exec_driver_sql(f"DELETE FROM apps WHERE id = '{app.id}'")  # noqa: S608
        await unit.commit()
    publisher.publish(app.id)
    assert (await publisher.authorize(app.id)).status == 403
    assert (await publisher.find(app.id)).state is AppState.SUSPENDED


async def statement_of(publisher: Publisher, app: App) -> Statement:
    """Return what the app says of itself now."""
    async with publisher.wire.house.storage.read() as connection:
        found = await statements.find_current(connection, app.id)
    assert found is not None
    return found


def with_status(body: bytes, status: int) -> Answering:
    """Answer with this body, but another status."""
    say = saying(body, Content_Type=JSON)

    async def answer(request: Any) -> Any:
        response: Any = await say(request)
        response.set_status(status)
        return response

    return answer
