"""Client documents that change, fall silent, or are of a suspended app: what was agreed to holds, or is asked anew."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from gateway.acts import House
from gateway.acts import adopt as adopting
from gateway.acts.adopt import adopt
from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.expire import expire
from gateway.acts.forget_apps import UNUSED_LASTS, forget_apps
from gateway.acts.show_request import show_request
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.oauth import documents
from gateway.records.apps import statements
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import AppState
from gateway.records.grants import store as grants
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Refusal
from tests.house import REDIRECT_URI
from tests.protocol.keys import proof_of, public_jwks
from tests.protocol.publisher import Publisher, with_status
from tests.stand_ins.receiver import Answering, hanging_up


async def causes_of(house: House) -> list[dict[str, Any]]:
    """Return what the log says of why grants are to be confirmed anew, newest first."""
    async with house.storage.read() as connection:
        records = await reading.list_records(connection, reading.Search(kinds=[Kind.RECONFIRM]), 10)
    return [{name: fact for name, fact in each.facts.items() if name != "permissions"} for each in records]


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


async def test_words_that_nobody_saw_are_agreed_to_by_nobody(publisher: Publisher) -> None:
    """Another name is no other identity, but an answer to the old one is asked again; the new one may be answered."""
    wire = publisher.wire
    app = await publisher.introduce(headers={"Cache_Control": "no-store"})
    opened = await wire.find_request(await publisher.authorize(app.id))
    await show_request(wire.house, opened.id, wire.scene.owner.id)
    before = await publisher.statement_of(app)
    publisher.is_later(documents.SHORTEST)
    publisher.publish(app.id, client_name="Khác (mẫu)")
    await publisher.authorize(app.id)
    agreed = frozenset(opened.ask_ids)
    answer = Answer(wire.scene.owner.id, wire.scene.account.id, agreed, DURATIONS["P1D"], "Chữ (mẫu)", "vi")
    for answered in (answer, replace(answer, agreed=frozenset()), replace(answer, agreed=frozenset(), account_id=None)):
        with pytest.raises(Refusal, match="screen_outdated"):
            await decide(wire.house, opened.id, replace(answered, seen_statement=before.digest))
    after = await publisher.statement_of(app)
    decided = await decide(wire.house, opened.id, replace(answer, seen_statement=after.digest))
    assert (await publisher.kept(decided.grant_id)).digest == after.digest != before.digest


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
    "changes,told",
    [
        ({"redirect_uris": [REDIRECT_URI, "https://evil.example/cb"]}, ["redirect_uris"]),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": public_jwks()},
            ["jwks", "token_endpoint_auth_method"],
        ),
    ],
    ids=["redirects", "keys"],
)
async def test_req_214_another_identity_asks_anew(
    publisher: Publisher, changes: dict[str, Any], told: list[str]
) -> None:
    """What stands is to be confirmed and the log says why; tokens are dead, the boxes shown, an open screen is over."""
    wire = publisher.wire
    app = await publisher.introduce(headers={"Cache_Control": "no-store"})
    decided = await wire.agree_on(await publisher.authorize(app.id))
    tokens = (await wire.redeem(decided.raw_code or "", app=app)).json
    opened = await wire.find_request(await publisher.authorize(app.id))
    await show_request(wire.house, opened.id, wire.scene.owner.id)
    publisher.is_later(documents.SHORTEST)
    publisher.publish(app.id, **changes)
    again = await publisher.authorize(app.id)
    assert await publisher.grant_states(decided.grant_id) == {"reconfirm"}
    assert (await causes_of(wire.house))[0] == {"cause": "app_changed", "changed": told}
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
    assert await publisher.kept(anew.grant_id) == await publisher.statement_of(app)


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
    said = {**(await publisher.statement_of(app)).content, "redirect_uris": ["https://evil.example/"]}
    now = wire.scene.clock.now()
    async with wire.house.storage.unit() as unit:
        other = Statement.of("cs_left_over", app.id, said, at=now, fresh_until=now)
        await statements.put(unit.connection, other)
        await unit.commit()
    assert await expire(wire.house) >= 1
    assert await publisher.grant_states(decided.grant_id) == {"reconfirm"}
    assert (await causes_of(wire.house))[0] == {"cause": "app_changed", "changed": ["redirect_uris"]}
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


async def test_req_214_what_ended_meanwhile_stays_as_it_ended(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person withdraws while the changed document is taken over: the withdrawal stands, and nothing fails."""
    wire = publisher.wire
    app = await publisher.introduce()
    decided = await wire.agree_on(await publisher.authorize(app.id))
    list_standing = grants.list_standing

    async def list_and_lose(connection: Any, chosen: Any) -> list[GrantId]:
        found = await list_standing(connection, chosen)
        for grant_id in found:
            await withdraw(wire.house, grant_id, Actor(ActorKind.PERSON, wire.scene.owner.id))
        return found

    monkeypatch.setattr(grants, "list_standing", list_and_lose)
    publisher.is_later()
    publisher.publish(app.id, redirect_uris=["https://other.example/cb"])
    assert (await publisher.authorize(app.id, redirect_uri="https://other.example/cb")).status == 303
    assert await publisher.grant_states(decided.grant_id) == {"withdrawn"}


@dataclass(slots=True)
class HeldBack:
    """An answer that waits until the test says so, and says when it was asked for."""

    answer: Answering
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_due: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer in time."""
        self.is_asked.set()
        await self.is_due.wait()
        return await self.answer(request)


def by_keys(key: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an app with one key."""
    return {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}}


async def test_a_reading_that_began_earlier_changes_nothing(publisher: Publisher) -> None:
    """A key that the document has dropped does not come back with an answer that was on its way before."""
    wire, keys = publisher.wire, public_jwks()["keys"]
    old, new = by_keys(keys[0]), by_keys(keys[1])
    app = await publisher.introduce(**old)
    publisher.is_later()
    publisher.publish(app.id, client_name="Khác (mẫu)", **old)
    (early,) = publisher.receiver.answers
    assert not isinstance(early, int)
    held = HeldBack(early)
    publisher.receiver.answers = [held]
    reading = asyncio.create_task(publisher.authorize(app.id))
    await asyncio.wait_for(held.is_asked.wait(), 10)
    wire.scene.clock.advance(1)
    publisher.publish(app.id, **new)
    decided = await wire.agree_on(await publisher.authorize(app.id))
    held.is_due.set()
    assert (await reading).status == 303
    assert (await publisher.find(app.id)).jwks == new["jwks"]
    assert await publisher.grant_states(decided.grant_id) == {"granted"}
    proof = proof_of(wire, await publisher.find(app.id))
    assert (await wire.post("/oauth/introspect", {"token": "x", **proof})).error == (401, "invalid_client")


async def test_a_reading_that_is_overtaken_on_its_way_in_changes_nothing(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which one counts is judged under the app's lock, not by what was there before it was taken."""
    house, clock = publisher.wire.house, publisher.wire.scene.clock
    app = await publisher.introduce()
    confirm_anew, first = adopting._confirm_anew, await publisher.statement_of(app)
    early, late = (
        Statement.of(f"cs_{name}", app.id, {**first.content, "redirect_uris": [uri]}, at=at, fresh_until=at)
        for name, uri, at in (
            ("early", "https://early.example/", clock.now()),
            ("late", "https://late.example/", clock.now() + timedelta(seconds=1)),
        )
    )
    taken_over: list[Statement] = []

    async def be_overtaken(house: House, statement: Statement) -> None:
        await confirm_anew(house, statement)
        if not taken_over:
            taken_over.append(late)
            await adopt(house, replace(app, redirect_uris=("https://late.example/",)), [], statement=late)

    monkeypatch.setattr(adopting, "_confirm_anew", be_overtaken)
    await adopt(house, replace(app, redirect_uris=("https://early.example/",)), [], statement=early)
    assert (await publisher.find(app.id)).redirect_uris == ("https://late.example/",)
    assert (await publisher.statement_of(app)).id == late.id
