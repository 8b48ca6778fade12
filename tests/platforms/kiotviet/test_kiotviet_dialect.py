"""A client of KiotViet's as its documents have it (facts B1, B2), byte for byte, through both origins of the gateway.

The published client that is run (test_published_client.py) reads one list and nothing else. These are the bytes that
KiotViet's documents and the published sources of its clients send, and what those sources read of an answer.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from yarl import URL

from gateway.acts.withdraw import withdraw
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import GrantId
from tests.platforms.kiotviet.endpoints import CUSTOMER
from tests.platforms.kiotviet.stage import Stage
from tests.platforms.sandbox.kiotviet_caller import KEY
from tests.platforms.zalo.apps import app_with, trace_of
from tests.platforms.zalo.stage import Reply
from tests.protocol.connection_keys import make_key
from tests.protocol.proofs import prove
from tests.protocol.wire import PLATFORMS, Wire, served

SCOPES = ("kiotviet.customer.read", "kiotviet.customer.write", "kiotviet.shop.read")


@dataclass(frozen=True, slots=True)
class KiotVietClient:
    """What an integration holds: two hosts, a client's id and secret, the shop's name. It knows no gateway."""

    token_host: str
    api: str
    client_id: str
    client_secret: str
    grant_id: GrantId

    async def fetch_token(self) -> Any:
        """Post the form of the documents; return the answer's status and JSON."""
        form = {"scopes": "PublicApi.Access", "grant_type": "client_credentials"}
        form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        head = ("Content-Type: application/x-www-form-urlencoded", "Accept: application/json")
        return await send("POST", f"{self.token_host}/connect/token", head=head, body=urlencode(form))

    async def call(
        self, path: str, token: str, *, method: str = "GET", retailer: str = KEY.retailer, body: object = None
    ) -> Reply:
        """Call a resource with the headers that every call has."""
        head = (f"Retailer: {retailer}", f"Authorization: Bearer {token}", "Content-Type: application/json")
        content = "" if body is None else json.dumps(body, ensure_ascii=False)
        return await send(method, f"{self.api}{path}", head=head if content else head[:2], body=content)


async def send(method: str, address: str, *, head: tuple[str, ...], body: str = "") -> Reply:
    """Write a request on a fresh connection, as it stands here, and read the answer to its end."""
    url, content = URL(address), body.encode()
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", f"Host: {url.host}:{url.port}", "Connection: close", *head]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + content)
    try:
        raw_head, _, answer = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *rest = raw_head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in rest)
    return Reply(int(first.split(" ")[1]), headers, answer)


@pytest.fixture(scope="module")
async def wire(shared: Stage) -> AsyncIterator[Wire]:
    """Yield the OAuth door of the same house."""
    platforms = {**PLATFORMS, "kiotviet": SCOPES}
    async with served(shared.scene, platforms=platforms) as wire:
        yield wire


async def client_for(stage: Stage, wire: Wire, app_id: str, **changes: Any) -> KiotVietClient:
    """Let the shop's owner agree to an app of the dialect, and put a key into the integration's two settings."""
    made = await make_key(wire, app_id, SCOPES, **changes)
    hosts = f"{wire.door.issuer}/dialect/kiotviet", f"{stage.app.base}/kiotviet"
    return KiotVietClient(*hosts, made.key.credential.id, made.key.raw_secret, made.grant_id)


@pytest.fixture(scope="module")
async def client(shared: Stage, wire: Wire) -> KiotVietClient:
    """Return a client that several tests use and none spoils."""
    return await client_for(shared, wire, "kiot-chung")


@pytest.fixture(scope="module")
async def token(client: KiotVietClient) -> str:
    """Return its token."""
    return str((await client.fetch_token()).json["access_token"])


def told(reply: Reply) -> tuple[int, str, str]:
    """Status, KiotViet's word and our own; nothing but its `responseStatus` stands in the answer."""
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert set(reply.json) == {"responseStatus"}
    status = reply.json["responseStatus"]
    assert set(status) == {"errorCode", "message", "errors"}
    assert status["message"]
    return reply.status, status["errorCode"], reply.headers["Quyen-Error"]


async def test_it_works_unchanged(shared: Stage, client: KiotVietClient) -> None:
    """A token, a list, one customer, a new one: what KiotViet answers, under the shop's own name and key."""
    given = await client.fetch_token()
    assert (given.status, set(given.json)) == (200, {"access_token", "expires_in", "token_type"})
    assert (type(given.json["expires_in"]), given.json["token_type"]) == (int, "Bearer")
    token = given.json["access_token"]
    listed = await client.call("/customers?pageSize=5&currentItem=0", token)
    assert (listed.status, len(listed.json["data"])) == (200, 5)
    assert (await client.call(f"/customers/{CUSTOMER}", token)).json["id"] == CUSTOMER
    new = {"name": "Khách chuyển nhà (mẫu)", "code": "CN000001"}
    assert (await client.call("/customers", token, method="POST", body=new)).status == 200
    arrived = (await shared.arrived())[-1]
    assert (arrived["target"], json.loads(arrived["body"])) == ("/customers", new)
    assert arrived["headers"]["Retailer"] == KEY.retailer
    assert token not in json.dumps(arrived)


async def test_kiotviets_own_no_passes_and_ours_looks_like_it(
    shared: Stage, client: KiotVietClient, token: str
) -> None:
    """A code that is taken is KiotViet's 420; a body that the gateway does not take is told in the same form."""
    await shared.kiot.switch(validation_status=420)
    taken = await client.call("/customers", token, method="POST", body={"name": "Trùng (mẫu)", "code": "KH000001"})
    await shared.kiot.switch()
    assert (taken.status, taken.json["responseStatus"]["errorCode"]) == (420, "KvValidateException")
    before = len(await shared.kiot.received())
    odd = await client.call("/customers", token, method="POST", body={"name": "Lạ (mẫu)", "debt": 5})
    assert told(odd) == (420, "KvValidateException", "bad_body")
    assert odd.json["responseStatus"]["errors"][0]["message"]
    assert (await trace_of(shared, odd))[1].status == 420
    assert len(await shared.kiot.received()) == before


async def test_each_no_has_its_status(shared: Stage, client: KiotVietClient, token: str) -> None:
    """The status says what is the matter, as a client of KiotViet's reads it; nothing of it reaches KiotViet."""
    before = len(await shared.kiot.received())
    assert told(await client.call("/branches", "qat_unknown")) == (401, "invalid_token", "invalid_token")
    assert told(await client.call("/users", token)) == (403, "insufficient_scope", "insufficient_scope")
    assert told(await client.call("/branches", token, retailer="shop-khac")) == (400, "bad_target", "bad_target")
    assert told(await client.call("/khong-co", token)) == (404, "unknown_route", "unknown_route")
    anonymous = await send("GET", f"{client.api}/branches", head=(f"Retailer: {KEY.retailer}",))
    assert told(anonymous) == (401, "no_credential", "no_credential")
    assert "WWW-Authenticate" in anonymous.headers
    assert len(await shared.kiot.received()) == before


async def test_a_withdrawn_grant_is_a_401(shared: Stage, wire: Wire) -> None:
    """The client asks for another token, as it would there, and gets none."""
    client = await client_for(shared, wire, "kiot-het")
    token = (await client.fetch_token()).json["access_token"]
    await withdraw(wire.house, client.grant_id, Actor(ActorKind.PERSON, shared.scene.owner.id))
    assert told(await client.call("/branches", token)) == (401, "invalid_token", "invalid_token")
    assert (await client.fetch_token()).json["error"] == "invalid_grant"


async def test_only_apps_of_the_dialect_hear_it(shared: Stage, wire: Wire) -> None:
    """Another app may name its shop and hears problems, as does an app of the dialect that does not name it."""
    other = await app_with(shared, "kiotviet.shop.read")
    named = {"Authorization": f"Bearer {other.token}", "Retailer": KEY.retailer}
    refused = await other.call("/kiotviet/users", headers=named)
    assert (refused.headers["Content-Type"], refused.code) == ("application/problem+json", "insufficient_scope")
    client = await client_for(shared, wire, "kiot-khong-ten")
    token = (await client.fetch_token()).json["access_token"]
    unnamed = await other.call("/kiotviet/users", headers={"Authorization": f"Bearer {token}"})
    assert (unnamed.headers["Content-Type"], unnamed.code) == ("application/problem+json", "insufficient_scope")


async def test_a_bound_token_is_refused(shared: Stage, wire: Wire, client: KiotVietClient) -> None:
    """A token that the key's holder bound at `/oauth/token` is none for a client that only knows Bearer."""
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    bound = (await wire.post("/oauth/token", form, headers=await prove(wire))).json
    assert bound["token_type"] == "DPoP"
    assert told(await client.call("/branches", bound["access_token"])) == (401, "invalid_token", "invalid_token")
    headers = {"Authorization": f"DPoP {bound['access_token']}", "Retailer": KEY.retailer}
    assert (await shared.app.call("/kiotviet/branches", headers=headers)).code == "invalid_dpop_proof"


async def test_a_limit_is_a_429(shared: Stage, client: KiotVietClient, token: str) -> None:
    """KiotViet's own passes with its status; so would ours."""
    await shared.kiot.switch(get_limit_per_hour=1)
    statuses = [(await client.call("/branches", token)).status for _ in range(2)]
    await shared.kiot.switch()
    assert statuses[-1] == 429
