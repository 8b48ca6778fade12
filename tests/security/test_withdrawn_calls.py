"""After a follower took their consent back at Zalo itself: what calls show of them, what reaches them, what is cut."""

import asyncio
from pathlib import Path

import pytest

from gateway.acts.profiles import lift_objection
from gateway.authority.bases import Words
from gateway.records.apps.types import Basis
from gateway.records.grants import store as grants
from gateway.records.ledger.types import Actor, ActorKind
from gateway.sandbox.zalo.seeds import BAKERY
from gateway.terms.ids import AskId
from tests.bringing import bring, row_of
from tests.followers import CHAT, NAME, PHONE, follow, say_yes, take_back_at_zalo, with_writing_app
from tests.halting import halt_after
from tests.platforms.zalo.stage import SEND, Stage, mint_token, zalo_stage
from tests.security.test_proxy_people import CHATS, FIRST, KEPT, chatty, detail, message_to, with_asking


async def agree_by(basis: Basis, stage: Stage, person: str, *asks: AskId) -> None:
    """Let a follower agree to these asks here, or have agreed before."""
    if basis is Basis.OWN_CONSENT:
        await say_yes(stage.scene, person, asks)
    else:
        await bring(stage.scene, *(row_of(stage.scene, person, ask) for ask in asks))


@pytest.mark.parametrize("basis", list(Basis))
async def test_reads_mask_them_and_sends_are_refused(tmp_path: Path, basis: Basis) -> None:
    """On whatever basis, in the very next call; other followers are seen and written to as before (R61)."""
    async with zalo_stage(tmp_path) as contract_stage:
        stage = contract_stage
        if basis is not Basis.CONTRACT:
            stage = await with_asking(contract_stage)
            await agree_by(basis, stage, FIRST.user_id, NAME, PHONE)
        assert "display_name" in (await stage.app.call(detail(FIRST.user_id))).json["data"]
        assert (await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id))).status == 200
        assert await take_back_at_zalo(stage.scene, FIRST.user_id) == (1 if basis is Basis.CONTRACT else 2)
        assert (await stage.app.call(detail(FIRST.user_id))).json["data"].keys() == KEPT
        before = len(await stage.arrived())
        reply = await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id))
        assert (reply.status, reply.code) == (403, "no_basis")
        assert len(await stage.arrived()) == before
        other = BAKERY.followers[1].user_id
        assert (await stage.app.call(SEND, "POST", json=message_to(other))).status == 200


@pytest.mark.parametrize("basis", list(Basis))
async def test_it_cuts_the_answer_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, basis: Basis) -> None:
    """Told between the look-up and the answer's bytes: once it is done, nothing of the person passes (I1)."""
    async with chatty(tmp_path, ["1", "2"]) as contract_stage:
        stage = contract_stage
        if basis is not Basis.CONTRACT:
            stage = await with_asking(contract_stage)
            await agree_by(basis, stage, "1", CHAT, NAME)
        halt = halt_after(monkeypatch, Words, "find")
        call = asyncio.create_task(stage.app.call(CHATS))
        await halt.wait()
        await take_back_at_zalo(stage.scene, "1")
        halt.go_on.set()
        reply = await call
        assert reply.status == 403
        assert "Khách".encode() not in reply.body


async def test_an_app_that_asks_nothing_about_people_writes_to_them_no_more(tmp_path: Path) -> None:
    """What only the shop agreed to ends for that person too, told in both dialects, until they lift it themself."""
    async with zalo_stage(tmp_path) as stage:
        scene = await with_writing_app(stage.scene)
        stage.app.token, _ = await mint_token(scene)
        person, profile = await follow(scene, FIRST.user_id)
        assert (await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id))).status == 200
        await take_back_at_zalo(scene, FIRST.user_id)
        before = len(await stage.arrived())
        reply = await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id))
        assert (reply.status, reply.code) == (403, "no_basis")
        by_header = {"access_token": stage.app.token}
        native = await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id), headers=by_header)
        assert (native.status, native.json["error"], native.headers["Quyen-Error"]) == (200, -223, "no_basis")
        assert len(await stage.arrived()) == before
        assert (await stage.app.call(SEND, "POST", json=message_to(BAKERY.followers[1].user_id))).status == 200
        async with scene.house.storage.read() as connection:
            own = await grants.find_between(connection, profile.id, scene.app.id)
        assert own is not None
        await lift_objection(scene.house, own.id, Actor(ActorKind.PERSON, person.id))
        assert (await stage.app.call(SEND, "POST", json=message_to(FIRST.user_id))).status == 200
