"""What was shut in the gap of a restore, and is no permission, stays shut: sessions, secrets, apps, roles (I4)."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from gateway.acts.register import rotate_secret, set_roles
from gateway.acts.restore import Gap, restore
from gateway.acts.session import open_session
from gateway.acts.suspend import resume_app, suspend_app
from gateway.ground.vault.entries import Barred
from gateway.ground.vault.journal import Journal
from gateway.ground.vault.tokens import hashed
from gateway.records.apps import store as apps
from gateway.records.apps.tables import app_secrets
from gateway.records.apps.types import AppState
from gateway.records.ledger.kinds import Kind
from gateway.records.people import store as people
from gateway.records.people.types import Role
from gateway.terms.refusal import Refusal, Unavailable
from tests.contract.steps import SYSTEM, list_records, verified
from tests.house import Scene

GAP = Gap(restored_size=1, signed_size=9)


async def list_open_secrets(scene: Scene) -> list[bytes]:
    """List what opens the app's door."""
    async with scene.house.storage.read() as connection:
        return [each.hashed_secret for each in await apps.list_live_secrets(connection, scene.app.id)]


async def get_state(scene: Scene) -> AppState:
    """Read whether the app is suspended."""
    async with scene.house.storage.read() as connection:
        app = await apps.find(connection, scene.app.id)
    assert app is not None
    return app.state


async def get_roles(scene: Scene) -> frozenset[Role]:
    """Read what the second person may be."""
    async with scene.house.storage.read() as connection:
        person = await people.find(connection, scene.other_owner.id)
    assert person is not None
    return person.roles


async def forget(scene: Scene) -> None:
    """Bring back what an older database would: the app active, every secret alive, every role held."""
    async with scene.house.storage.unit() as unit:
        await apps.set_state(unit.connection, scene.app.id, AppState.ACTIVE, None)
        await unit.connection.execute(update(app_secrets).values(ended_at=None))
        await people.set_roles(unit.connection, scene.other_owner.id, frozenset(Role))
        await unit.commit()


async def test_who_had_signed_out_is_not_signed_in_again(scene: Scene) -> None:
    """Every session ends: an older database does not know which were ended."""
    raw_token = await open_session(scene.house, scene.owner.id)
    await restore(scene.house, SYSTEM, GAP)
    async with scene.house.storage.read() as connection:
        assert await people.find_session(connection, hashed(raw_token), scene.clock.now()) is None
    assert (await list_records(scene.house))[0].facts["sessions_ended"] == 1


async def test_a_secret_that_was_rotated_away_does_not_open_the_door_again(scene: Scene) -> None:
    """The oldest of three ended; an older database that holds it alive is corrected, the others stay."""
    for _ in range(2):
        await rotate_secret(scene.house, scene.app.id, SYSTEM)
    alive = await list_open_secrets(scene)
    assert hashed(scene.raw_secret) not in alive
    await forget(scene)
    assert hashed(scene.raw_secret) in await list_open_secrets(scene)
    await restore(scene.house, SYSTEM, GAP)
    assert await list_open_secrets(scene) == alive


@pytest.mark.parametrize("is_resumed", [False, True])
async def test_a_suspension_outlives_the_restore_unless_it_was_lifted(scene: Scene, *, is_resumed: bool) -> None:
    """What was done last holds; the record says what was suspended again, and the log verifies."""
    await suspend_app(scene.house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)")
    if is_resumed:
        await resume_app(scene.house, scene.app.id, SYSTEM)
    await forget(scene)
    await restore(scene.house, SYSTEM, GAP)
    assert await get_state(scene) is (AppState.ACTIVE if is_resumed else AppState.SUSPENDED)
    record = (await list_records(scene.house))[0]
    assert record.kind is Kind.RESTORED
    assert record.facts["apps_suspended"] == ([] if is_resumed else [scene.app.id])
    assert (await verified(scene.house)).is_ok


async def test_a_role_that_was_taken_away_does_not_come_back(scene: Scene) -> None:
    """An operator who became an owner is no operator after the restore; a role given again is."""
    for roles in ({Role.OPERATOR, Role.DEVELOPER}, {Role.OWNER}, {Role.OWNER, Role.DEVELOPER}):
        await set_roles(scene.house, scene.other_owner.login, frozenset(roles), SYSTEM)
    await forget(scene)
    await restore(scene.house, SYSTEM, GAP)
    assert await get_roles(scene) == {Role.OWNER, Role.DEVELOPER}


async def test_what_the_older_database_never_knew_is_passed_over(scene: Scene) -> None:
    """An app, a secret and a person of the gap: nothing to shut."""
    now = scene.clock.now()
    names = (("app", "unknown"), ("secret", "ab" * 32), ("role", "ps_unknown/operator"))
    scene.house.journal.append([Barred(what, name, is_barred=True, at=now) for what, name in names])  # type: ignore[arg-type]
    await restore(scene.house, SYSTEM, GAP)
    facts = (await list_records(scene.house))[0].facts
    assert (facts["apps_suspended"], facts["secrets_ended"], facts["roles_taken"]) == ([], [], [])


ACTS: dict[str, Callable[[Scene], Awaitable[object]]] = {
    "suspend": lambda scene: suspend_app(scene.house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)"),
    "roles": lambda scene: set_roles(scene.house, scene.other_owner.login, frozenset({Role.OWNER}), SYSTEM),
    "rotate": lambda scene: rotate_secret(scene.house, scene.app.id, SYSTEM),
}


@pytest.mark.parametrize("name", ACTS)
async def test_what_is_not_in_the_journal_is_not_acknowledged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A full disk: `not_settled`, each time; with room again the journal has it, and only then it is said."""
    await rotate_secret(scene.house, scene.app.id, SYSTEM)

    def full_disk(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Journal, "append", full_disk)
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await ACTS[name](scene)
            assert caught.value.reason == "not_settled"
    if name == "suspend":
        with pytest.raises(Refusal, match="nothing_to_change"):
            await ACTS[name](scene)
    else:
        await ACTS[name](scene)
    barred = [each for each in scene.house.journal.read().entries if isinstance(each, Barred) and each.is_barred]
    assert {each.what for each in barred} == {{"suspend": "app", "roles": "role", "rotate": "secret"}[name]}
