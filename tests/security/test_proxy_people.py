"""Whose data passes and to whom something may be sent, judged by bytes on the wire (ADR 0031)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gateway.acts.profiles import Objection, object_to
from gateway.acts.recall_noes import recall_noes
from gateway.authority.bases import Asked, Said, Words
from gateway.records.apps.types import Basis
from gateway.records.grants.tables import permissions
from gateway.sandbox.zalo.seeds import BAKERY, PLACE_OF_MINOR
from gateway.terms.ids import AskId
from gateway.terms.refusal import Unavailable
from tests.followers import CHAT, NAME, PHONE, decide_as, follow, object_as, say_yes, take_back, with_asking_app
from tests.halting import halt_after
from tests.platforms.zalo.lying import answering, lying, saying
from tests.platforms.zalo.stage import SEND, Reply, Stage, mint_token, wait_until, zalo_stage

CHATS = "/zalo/v2.0/oa/listrecentchat?data=" + quote(json.dumps({"offset": 0, "count": 50}))
FIFTY = [str(9100 + number) for number in range(50)]
FIRST = BAKERY.followers[0]
KEPT = {"user_id", "user_is_follower"}


def detail(user_id: str) -> str:
    """Return the call that views one follower."""
    return f"/zalo/v3.0/oa/user/detail?data={quote(json.dumps({'user_id': user_id}))}"


def message_to(user_id: str) -> dict[str, Any]:
    """Return a message to one follower."""
    return {"recipient": {"user_id": user_id}, "message": {"text": "Chào bạn (mẫu)"}}


async def with_asking(stage: Stage, bases: dict[AskId, Basis] | None = None) -> Stage:
    """Return the stage with an app that asks each follower, and its token."""
    scene = await with_asking_app(stage.scene, bases)
    token, grant_id = await mint_token(scene)
    stage.app.token = token
    return replace(stage, scene=scene, grant_id=grant_id)


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage whose app asks each follower."""
    async with zalo_stage(tmp_path) as stage:
        yield await with_asking(stage)


@asynccontextmanager
async def chatty(folder: Path, people: list[str]) -> AsyncIterator[Stage]:
    """Set a stage whose platform answers with one message of each of some people to the shop."""
    async with lying(saying()) as liar, zalo_stage(folder, base_url=liar.url) as stage:
        shop = stage.scene.account.external_id
        said = {"src": 1, "to_id": shop, "message": "xin chào", "from_display_name": "Khách Một (mẫu)"}
        rows = [{**said, "from_id": each} for each in people]
        liar.script = answering(json.dumps({"error": 0, "data": rows}).encode())
        yield stage


def said_by(reply: Reply) -> dict[str, set[str]]:
    """Return which members stand about each person, beside the ids."""
    return {row["from_id"]: set(row) - {"src", "from_id", "to_id"} for row in reply.json["data"]}


async def test_fifty_people_of_mixed_minds_cost_one_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of fifty in one answer who agreed to messages is there, with what they agreed to; all are asked for at once."""
    async with chatty(tmp_path, FIFTY) as contract_stage:
        stage = await with_asking(contract_stage)
        expected = {}
        for number, person in enumerate(FIFTY[:12]):
            agreed = [ask for bit, ask in enumerate((NAME, PHONE, CHAT)) if number >> bit & 1]
            await say_yes(stage.scene, person, agreed)
            if CHAT in agreed:
                expected[person] = {"message", *(["from_display_name"] if NAME in agreed else [])}
        asked: list[Asked] = []
        find = Words.find

        async def noting(words: Words, about: Asked) -> Said:
            asked.append(about)
            return await find(words, about)

        monkeypatch.setattr(Words, "find", noting)
        reply = await stage.app.call(CHATS)
        assert reply.status == 200, reply.body
        assert said_by(reply) == expected
        assert [len(about.people) for about in asked] == [50]
        assert reply.headers["Quyen-Withheld"] == '16; reasons="subject"'
        (line,) = await stage.list_lines()
        assert line.ending is not None
        assert (line.ending.subjects, line.ending.withheld) == (50, 16)


async def test_bases_of_several_asks_meet_in_one_answer(tmp_path: Path) -> None:
    """Messages by each one's consent, names by contract: who agrees is there, who objects too loses the name."""
    async with chatty(tmp_path, ["1", "2", "3", "4"]) as contract_stage:
        stage = await with_asking(contract_stage, {NAME: Basis.CONTRACT})
        await say_yes(stage.scene, "1", [CHAT], to=[CHAT])
        person, profile = await follow(stage.scene, "2")
        await decide_as(stage.scene, person, profile, ask_ids=[CHAT], to=[CHAT])
        about = Objection(profile.id, stage.scene.app.id, frozenset({NAME}))
        await object_to(stage.scene.house, about, person.id)
        await say_yes(stage.scene, "3", [], to=[CHAT])
        reply = await stage.app.call(CHATS)
        assert said_by(reply) == {"1": {"from_display_name", "message"}, "2": {"message"}}
        assert reply.headers["Quyen-Withheld"] == '12; reasons="subject"'


async def test_a_contract_shows_everyone_but_who_objected(tmp_path: Path) -> None:
    """Nothing is counted as withheld: the header says nothing of any person (I10)."""
    async with chatty(tmp_path, ["1", "2"]) as stage:
        await object_as(stage.scene, "1", CHAT)
        reply = await stage.app.call(CHATS)
        assert said_by(reply) == {"2": {"from_display_name", "message"}}
        assert "Quyen-Withheld" not in reply.headers


async def test_a_follower_s_data_passes_from_their_yes_to_their_no(asking: Stage) -> None:
    """Masked before, open for what was agreed, masked in the very next answer after it was taken back (R60, R61)."""
    before = (await asking.app.call(detail(FIRST.user_id))).json["data"]
    decided = await say_yes(asking.scene, FIRST.user_id, [NAME, PHONE])
    during = (await asking.app.call(detail(FIRST.user_id))).json["data"]
    await take_back(asking.scene, decided, [PHONE])
    between = (await asking.app.call(detail(FIRST.user_id))).json["data"]
    await take_back(asking.scene, decided)
    after = (await asking.app.call(detail(FIRST.user_id))).json["data"]
    assert before.keys() == after.keys() == KEPT
    assert during["shared_info"].keys() == {"name", "phone"}
    assert during["display_name"] == FIRST.display_name
    assert between["shared_info"].keys() == {"name"}


async def test_one_follower_s_yes_opens_nobody_else(asking: Stage) -> None:
    """Neither another follower of the same account, nor the same id seen by another app."""
    await say_yes(asking.scene, FIRST.user_id, [NAME, PHONE])
    other = (await asking.app.call(detail(BAKERY.followers[1].user_id))).json["data"]
    assert other.keys() == KEPT
    second = replace(asking.scene, app=asking.scene.public_app)
    assert second.app.id != asking.scene.app.id
    async with asking.scene.house.storage.read() as connection:
        given = [row.ask_id for row in await connection.execute(permissions.select()) if row.basis == "own_consent"]
    assert set(given) == {NAME, PHONE, CHAT}


async def test_a_yes_that_ran_out_opens_nothing(asking: Stage) -> None:
    """A consent ends with its time, whether or not that is written down yet."""
    await say_yes(asking.scene, FIRST.user_id, [PHONE])
    token, _ = await mint_token(asking.scene, duration="P365D", whole=True)
    asking.app.token = token
    assert "shared_info" in (await asking.app.call(detail(FIRST.user_id))).json["data"]
    asking.scene.clock.advance(timedelta(days=31))
    asking.app.token, _ = await mint_token(asking.scene, duration="P365D", whole=True)
    assert (await asking.app.call(detail(FIRST.user_id))).json["data"].keys() == KEPT


async def test_a_minor_is_masked_even_under_a_contract(tmp_path: Path) -> None:
    """Whom the platform flags shows nothing of their own, whatever they agreed to and whatever the contract says."""
    minor = BAKERY.followers[PLACE_OF_MINOR]
    async with zalo_stage(tmp_path) as stage:
        grown = (await stage.app.call(detail(FIRST.user_id))).json["data"]
        young = (await stage.app.call(detail(minor.user_id))).json["data"]
        assert (grown["display_name"], young.keys()) == (FIRST.display_name, KEPT)
        asking = await with_asking(stage)
        await say_yes(asking.scene, minor.user_id, [NAME, PHONE])
        assert (await asking.app.call(detail(minor.user_id))).json["data"].keys() == KEPT


async def test_who_said_no_gets_no_message(asking: Stage) -> None:
    """A send to somebody who only said no is refused, and no byte of it reaches the platform (R61)."""
    decided = await say_yes(asking.scene, FIRST.user_id, [NAME])
    assert (await asking.app.call(SEND, "POST", json=message_to(FIRST.user_id))).status == 200
    await take_back(asking.scene, decided)
    before = len(await asking.arrived())
    reply = await asking.app.call(SEND, "POST", json=message_to(FIRST.user_id))
    assert (reply.status, reply.code) == (403, "no_basis")
    assert len(await asking.arrived()) == before
    assert (await asking.app.call(SEND, "POST", json=message_to(BAKERY.followers[1].user_id))).status == 200
    line = next(line for line in await asking.list_lines() if line.ending and line.ending.reason)
    assert line.ending is not None
    assert line.ending.reason == "no_basis"


async def test_who_objected_to_a_contract_gets_no_message_either(tmp_path: Path) -> None:
    """An objection is a no, and so is a refusal; in Zalo's dialect it is Zalo's word for no permission."""
    async with zalo_stage(tmp_path) as stage:
        await object_as(stage.scene, FIRST.user_id)
        headers = {"access_token": stage.app.token}
        reply = await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id), headers=headers)
        assert (reply.status, reply.code, reply.json["error"]) == (200, "no_basis", -223)
        assert await stage.arrived() == []


async def test_no_word_of_the_authority_shows_nobody(asking: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody's word can be had, the answer is withheld whole and nothing is sent (I5)."""

    async def silent(_words: Words, _about: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(Words, "find", silent)
    for call in (asking.app.call(detail(FIRST.user_id)), asking.app.call(SEND, "POST", json=message_to(FIRST.user_id))):
        reply = await call
        assert reply.status == 503
        assert FIRST.display_name.encode() not in reply.body
    assert [one["method"] for one in await asking.arrived()] == ["GET"]


@pytest.mark.parametrize("basis", [Basis.OWN_CONSENT, Basis.CONTRACT])
async def test_a_no_cuts_the_answer_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, basis: Basis) -> None:
    """A no between the look-up and the answer's bytes: once the act has returned, nothing of the person passes (I1)."""
    async with chatty(tmp_path, ["1", "2"]) as contract_stage:
        is_contract = basis is Basis.CONTRACT
        stage = contract_stage if is_contract else await with_asking(contract_stage)
        decided = None if is_contract else await say_yes(stage.scene, "1", [CHAT, NAME])
        halt = halt_after(monkeypatch, Words, "find")
        call = asyncio.create_task(stage.app.call(CHATS))
        await halt.wait()
        await (object_as(stage.scene, "1") if decided is None else take_back(stage.scene, decided))
        halt.go_on.set()
        reply = await call
        assert reply.status == 403
        assert b"xin" not in reply.body
        assert "Khách".encode() not in reply.body


async def test_a_no_stops_a_message_that_waits_for_the_pool(tmp_path: Path) -> None:
    """A send that waited for a connection while its addressee said no never leaves."""
    async with zalo_stage(tmp_path, limit_connections=1) as contract_stage:
        stage = await with_asking(contract_stage)
        decided = await say_yes(stage.scene, FIRST.user_id, [NAME])
        in_flight = stage.scene.house.in_flight
        await stage.zalo.switch(slow_seconds=1)
        first = asyncio.create_task(stage.app.call("/zalo/v2.0/oa/getoa"))
        await wait_until(lambda: len(in_flight) == 1)
        send = asyncio.create_task(stage.app.call(SEND, "POST", json=message_to(FIRST.user_id)))
        await wait_until(lambda: len(in_flight) == 2)
        await take_back(stage.scene, decided)
        assert (await send).code == "no_basis"
        assert (await first).status == 200
        assert [one["method"] for one in await stage.arrived()] == ["GET"]


async def test_noes_that_a_restore_lost_still_hold(asking: Stage) -> None:
    """What only the journal knows of is held against every call, until the person decides anew (I4)."""
    scene = asking.scene
    decided = await say_yes(scene, FIRST.user_id, [NAME])
    assert await recall_noes(scene.house, scene.house.journal.read()) == 0
    await take_back(scene, decided)
    assert await recall_noes(scene.house, scene.house.journal.read()) == 0
    async with scene.house.storage.unit() as unit:  # the database is put back to before the withdrawal
        older = permissions.update().where(permissions.c.grant_id == decided.grant_id, permissions.c.ask_id == NAME)
        await unit.connection.execute(older.values(state="granted", ended_at=None))
        await unit.commit()
    assert "display_name" in (await asking.app.call(detail(FIRST.user_id))).json["data"]
    assert await recall_noes(scene.house, scene.house.journal.read()) == 1
    assert (await asking.app.call(detail(FIRST.user_id))).json["data"].keys() == KEPT
