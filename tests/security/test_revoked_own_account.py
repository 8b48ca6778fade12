"""Somebody takes their consent back in a Mini App: what apps were given of their own Zalo account ends too."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.acts.register import NewPerson, add_person, register_app
from gateway.acts.withdraw import withdraw
from gateway.authority.in_flight import Call
from gateway.ground.storage.failures import DiskFull
from gateway.platforms.zalo.hooks import ZaloHooks
from gateway.platforms.zalo.revocations import MiniApp
from gateway.records.grants import store as grants
from gateway.records.hooks import store as hooks
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AskId, FamilyId, PermissionId
from tests.contract.steps import verified
from tests.house import Scene, agree, app_of, ask_of, link_account
from tests.ready import scene_in
from tests.security.test_revoked_in_mini_app import MINI_APP, MINI_KEY, revoke
from tests.security.test_withdrawn_at_platform import LOGIN, list_told, notices
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Receiver
from tests.telling import UPSTREAM_APP, Teller, listen, telling


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Teller]:
    """Yield Zalo, telling of a Mini App."""
    own = {"zalo": ZaloHooks(UPSTREAM_APP, mini_app=MiniApp(MINI_APP, MINI_KEY))}
    async with scene_in(tmp_path, clock) as scene, telling(scene, hooks=own) as teller:
        yield teller


async def with_own_account(scene: Scene, external_id: str = LOGIN) -> Scene:
    """Return the scene with an app that was given, and listens to, somebody's own Zalo account."""
    person = await add_person(scene.house, NewPerson("khach-own", "Khách (mẫu)", frozenset(), None), Actor.system())
    account = await link_account(scene.house, person.id, external_id=external_id, platform="zalosocial")
    app = app_of("Thẻ thành viên (mẫu)", "the-thanh-vien", is_confidential=True, clock=scene.clock)
    rows = ("own_id", "zalosocial.id.read"), ("own_name", "zalosocial.profile.read")
    asks = tuple(ask_of(app.id, (*row, "crm", False)) for row in rows)
    await register_app(scene.house, app, list(asks), Actor.system())
    return replace(scene, app=app, asks=asks, account=account, owner=person)


async def find_own(scene: Scene) -> dict[str, str]:
    """Find how each ask about their own account stands."""
    async with scene.house.storage.read() as connection:
        grant = await grants.find_between(connection, scene.account.id, scene.app.id)
    return {p.ask_id: p.state.value for p in grant.permissions} if grant else {}


async def list_live(scene: Scene) -> frozenset[PermissionId]:
    """List what lets something of their own account through."""
    async with scene.house.storage.read() as connection:
        grant = await grants.find_between(connection, scene.account.id, scene.app.id)
    return frozenset(p.id for p in grant.live(scene.house.clock.now())) if grant else frozenset()


async def test_their_own_account_ends_too(teller: Teller, receiver: Receiver) -> None:
    """Zalo Social knows them by that very id: tokens are dead, a receipt, a notice to erase; once, until a new yes."""
    own = await with_own_account(teller.scene)
    house, cut = own.house, list[str]()
    await agree(own, frozenset({AskId("own_name")}))
    await listen(own, receiver.url)
    call = Call(own.app.id, own.account.id, FamilyId("fa"), b"", await list_live(own), lambda: cut.append("it"))
    with house.in_flight.registered(call):
        assert await revoke(teller, userId=f"{LOGIN}0") == 200
        assert cut == []
        assert await revoke(teller) == 200
        assert cut == ["it"]
    assert await find_own(own) == {"own_id": "refused", "own_name": "withdrawn"}
    (record,) = await list_told(house)
    assert (record.actor.id, record.facts["event"], record.account_id) == (
        "zalo",
        "user.revoke.consent",
        own.account.id,
    )
    assert any(stone.cause == "withdrawn_at_platform" for stone in house.journal.read().tombstones)
    await teller.bring()
    (notice,) = notices(receiver)
    assert notice["data"]["account"] == LOGIN
    assert [(each["ask"], each["wanted"]) for each in notice["data"]["asks"]] == [("own_name", "erase")]
    stamp = teller.stamp(1)
    assert await revoke(teller, timestamp=int(stamp)) == 200
    assert len(await list_told(house)) == 1
    await agree(own)
    assert await revoke(teller, timestamp=int(stamp)) == 200
    assert set((await find_own(own)).values()) == {"granted"}
    assert await revoke(teller, timestamp=int(teller.stamp(2))) == 200
    assert set((await find_own(own)).values()) == {"withdrawn"}
    assert (await verified(house)).is_ok


async def test_what_they_took_back_of_their_own_before_is_erased_too(teller: Teller, receiver: Receiver) -> None:
    """The app still holds it, though nothing of it is left to end."""
    own = await with_own_account(teller.scene)
    decided = await agree(own)
    assert decided.grant_id is not None
    await withdraw(own.house, decided.grant_id, Actor(ActorKind.PERSON, own.owner.id))
    await listen(own, receiver.url)
    assert await revoke(teller) == 200
    await teller.bring()
    (notice,) = notices(receiver)
    assert {each["wanted"] for each in notice["data"]["asks"]} == {"erase"}


async def test_without_any_room_their_own_is_denied_in_memory(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, and no call passes under it for as long as this process lives; told again it ends."""

    async def full(*_args: Any) -> None:
        raise DiskFull("database")

    own = await with_own_account(teller.scene)
    await agree(own)
    with monkeypatch.context() as patch:
        patch.setattr(hooks, "add", full)
        assert await revoke(teller) == 503
    assert set((await find_own(own)).values()) == {"granted"}
    assert len(own.house.in_flight.denied) == 2
    assert await revoke(teller) == 200
    assert not own.house.in_flight.denied
