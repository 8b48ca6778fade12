"""People, apps and secrets on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.acts.register import NewPerson, add_person, register_app, rotate_secret, set_roles
from gateway.ground.vault.tokens import CLIENT_SECRET, hashed, is_well_formed
from gateway.records.apps import store as apps
from gateway.records.apps.types import AppSecret
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.people import store as people
from gateway.records.people.types import Person, Role
from gateway.terms.ids import AppId, PersonId
from gateway.terms.refusal import Refusal
from tests.contract.steps import SYSTEM, keys_of, list_records, verified
from tests.house import Scene, app_of, ask_of


async def list_live(scene: Scene, app_id: AppId) -> list[AppSecret]:
    """List an app's live secrets."""
    async with scene.house.storage.read() as connection:
        return await apps.list_live_secrets(connection, app_id)


async def test_a_person_is_added_with_a_record_that_hides_who(scene: Scene) -> None:
    """Login and name stand in the sealed part alone."""
    wanted = NewPerson("khach-9", "Khách 9 (mẫu)", frozenset({Role.FOLLOWER, Role.OWNER}), "$argon2id$x")
    person = await add_person(scene.house, wanted, SYSTEM)
    async with scene.house.storage.read() as connection:
        assert await people.find(connection, person.id) == person
        record = (await list_records(scene.house, kinds=[Kind.PERSON_ADDED]))[0]
        parts = await reading.open_parts(connection, record, keys_of(scene.house))
    assert record.facts == {"person": person.id, "roles": ["follower", "owner"]}
    assert parts == {"identity": {"login": "khach-9", "name": "Khách 9 (mẫu)"}}
    assert b"khach-9" not in record.canonical


async def test_a_login_is_taken_once(scene: Scene) -> None:
    """Eight at once: one person, one record."""
    before = len(await list_records(scene.house))
    wanted = NewPerson("khach-9", "Khách 9 (mẫu)", frozenset({Role.FOLLOWER}), None)
    outcomes = await asyncio.gather(
        *[add_person(scene.house, wanted, SYSTEM) for _ in range(8)], return_exceptions=True
    )
    assert sum(isinstance(each, Person) for each in outcomes) == 1
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == ["login_taken"] * 7
    assert len(await list_records(scene.house)) == before + 1
    assert (await verified(scene.house)).is_ok


async def test_roles_are_replaced(scene: Scene) -> None:
    """Recorded; a login that nobody has is not found."""
    await set_roles(scene.house, "chu-1", frozenset({Role.OPERATOR}), SYSTEM)
    async with scene.house.storage.read() as connection:
        person = await people.find_by_login(connection, "chu-1")
    assert person is not None
    assert person.roles == {Role.OPERATOR}
    assert (await list_records(scene.house))[0].facts == {"person": scene.owner.id, "roles": ["operator"]}
    with pytest.raises(Refusal, match="not_found"):
        await set_roles(scene.house, "nobody", frozenset({Role.OPERATOR}), SYSTEM)


async def test_an_app_is_registered_whole(scene: Scene) -> None:
    """App and asks come back as they went in; the secret of a confidential app is shown once and stored as a hash."""
    async with scene.house.storage.read() as connection:
        assert await apps.find(connection, scene.app.id) == scene.app
        assert tuple(await apps.list_asks(connection, scene.app.id)) == scene.asks
        assert await apps.find(connection, "unknown") is None
    (secret,) = await list_live(scene, scene.app.id)
    assert is_well_formed(scene.raw_secret, CLIENT_SECRET)
    assert (secret.hashed_secret, secret.last4) == (hashed(scene.raw_secret), scene.raw_secret[-4:])
    assert await list_live(scene, scene.public_app.id) == []
    registered = (await list_records(scene.house, app_id=scene.app.id))[-1]
    assert registered.facts["asks"] == [ask.wire_name for ask in scene.asks]
    assert registered.facts["is_reviewed"] is True


async def test_apps_are_listed_by_their_developer(scene: Scene) -> None:
    """All, oldest first, or one person's."""
    fresh = app_of("Của tôi (mẫu)", "cua-toi", is_confidential=False, clock=scene.clock)
    scene.clock.advance(1)
    mine = replace(fresh, owner_id=scene.owner.id, created_at=scene.clock.now(), reviewed_at=None)
    row = ("oa_profile", "zalo.profile.read", "crm", True)
    assert await register_app(scene.house, mine, [ask_of(mine.id, row)], SYSTEM) is None
    async with scene.house.storage.read() as connection:
        assert await apps.list_all(connection, scene.owner.id) == [mine]
        assert await apps.list_all(connection, PersonId("ps_unknown")) == []
        everyone = await apps.list_all(connection)
    assert [app.id for app in everyone][-1] == mine.id
    assert len(everyone) == 3
    assert not mine.is_reviewed
    assert [record.kind for record in await list_records(scene.house, app_id=mine.id)] == [Kind.APP_REGISTERED]


async def test_of_an_app_s_secrets_the_two_newest_live(scene: Scene) -> None:
    """The new one always, also when the machine's clock stood still or went back; the one before beside it."""
    raw = [scene.raw_secret]
    for seconds in (0, 0, 60, -3600, 0):
        scene.clock.skew(timedelta(seconds=seconds))
        raw.append(await rotate_secret(scene.house, scene.app.id, SYSTEM))
        live = {secret.hashed_secret for secret in await list_live(scene, scene.app.id)}
        assert live == {hashed(secret) for secret in raw[-2:]}
    records = await list_records(scene.house, kinds=[Kind.SECRET_ROTATED])
    assert [each.facts["last4"] for each in records] == [secret[-4:] for secret in reversed(raw[1:])]


async def test_secrets_rotated_at_once_leave_two(scene: Scene) -> None:
    """Eight rotations: nobody's old secret lives on beside them."""
    raw = await asyncio.gather(*[rotate_secret(scene.house, scene.app.id, SYSTEM) for _ in range(8)])
    live = {secret.hashed_secret for secret in await list_live(scene, scene.app.id)}
    assert len(live) == 2
    assert live <= {hashed(each) for each in raw}


async def test_only_a_confidential_app_has_a_secret(scene: Scene) -> None:
    """A public app and an unknown one are refused."""
    with pytest.raises(Refusal, match="no_secret"):
        await rotate_secret(scene.house, scene.public_app.id, SYSTEM)
    with pytest.raises(Refusal, match="not_found"):
        await rotate_secret(scene.house, AppId("unknown"), SYSTEM)
