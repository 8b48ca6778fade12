"""Client ID Metadata Documents: a client_id that is an https address, and what may and may not come of fetching it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.doors.oauth import documents
from gateway.doors.oauth.dynamic import DynamicApps
from gateway.doors.oauth.endpoints import endpoints
from gateway.doors.oauth.metadata import describe_server
from gateway.ground.fetching.fetcher import Fetcher, opened_fetcher
from gateway.records.apps import store as apps
from gateway.terms.ids import AppId
from tests.protocol.keys import ED, proof_of, public_jwks
from tests.protocol.publisher import JSON, SCOPES, Publisher, with_status
from tests.security.test_fetching import Answers
from tests.stand_ins.receiver import Answering, dripping, endless, hanging_up, redirecting, saying


def name_case(case: object) -> str:
    """Name a case by the fields that it changes: keys are drawn anew in each process."""
    return "+".join(case) if isinstance(case, dict) else str(case)


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
    ids=name_case,
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


async def test_the_whole_way_by_par_with_a_key(publisher: Publisher) -> None:
    """An app with keys that nobody knows yet may push its first request, and gets tokens bound to what it is."""
    wire, client_id = publisher.wire, publisher.fresh_id()
    publisher.publish(client_id, token_endpoint_auth_method="private_key_jwt", jwks=public_jwks())
    app = replace(wire.scene.app, id=AppId(client_id))
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


async def test_new_documents_are_limited_for_all_together(publisher: Publisher) -> None:
    """However many hosts a stranger has, the register grows no faster; who is known is read again as before."""
    app = await publisher.introduce()
    publisher.is_later()
    for _ in range(documents.BY_ALL.times):
        await publisher.wire.door.limits.count("documents", documents.BY_ALL)
    client_id = publisher.fresh_id()
    publisher.publish(client_id)
    assert (await publisher.authorize(client_id)).status == 429
    assert client_id not in {each.id for each in await publisher.list_apps()}
    publisher.publish(app.id, client_name="Khác (mẫu)")
    assert (await publisher.authorize(app.id)).status == 303
    assert (await publisher.find(app.id)).name == "Khác (mẫu)"


async def test_a_caller_who_is_refused_uses_up_no_hosts_share(publisher: Publisher) -> None:
    """Whoever may make us read nothing more cannot shut a host out for everybody else either."""
    limits = publisher.wire.door.limits
    for _ in range(documents.BY_ADDRESS.times):
        await limits.count("document 127.0.0.1", documents.BY_ADDRESS)
    for _ in range(documents.BY_HOST.times):
        assert (await publisher.authorize("https://victim.example/app")).status == 429
    assert await limits.wait_seconds("document at victim.example", documents.BY_HOST) == 0


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
