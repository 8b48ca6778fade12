"""Sessions on both databases: opened, seen, idle, over."""

from dataclasses import replace
from datetime import timedelta

from gateway.acts.session import end_session, open_session
from gateway.ground.vault.tokens import hashed
from gateway.records.people import store as people
from gateway.records.people.seen import touch
from gateway.records.people.types import SESSION_IDLE, SESSION_WHOLE, Role, Session
from gateway.terms.ids import PersonId
from tests.house import Scene


async def find_session(scene: Scene, raw_token: str) -> Session | None:
    """Find the session that is alive under this cookie."""
    async with scene.house.storage.read() as connection:
        return await people.find_session(connection, hashed(raw_token), scene.clock.now())


async def test_a_session_is_the_person_s_and_known_by_its_hash(scene: Scene) -> None:
    """Two sign-ins are two sessions; a guess is none; the cookie's token is 256 bits in 43 digits."""
    tokens = [await open_session(scene.house, scene.owner.id) for _ in range(2)]
    assert tokens[0] != tokens[1]
    for raw_token in tokens:
        assert len(raw_token) == 43
        session = await find_session(scene, raw_token)
        assert session is not None
        assert (session.person_id, session.hashed_token) == (scene.owner.id, hashed(raw_token))
        assert session.authenticated_at == session.last_seen_at == scene.clock.now()
    assert await find_session(scene, "guess") is None


async def test_a_session_that_ended_never_lives_again(scene: Scene) -> None:
    """Signing out ends that browser alone; signing out twice, or without a session, is nothing."""
    gone, kept = [await open_session(scene.house, scene.owner.id) for _ in range(2)]
    for raw_token in (gone, gone, "guess"):
        await end_session(scene.house, raw_token)
    assert await find_session(scene, gone) is None
    assert await find_session(scene, kept) is not None


async def test_a_session_ends_after_twelve_idle_hours(scene: Scene) -> None:
    """Not a moment before."""
    raw_token = await open_session(scene.house, scene.owner.id)
    scene.clock.advance(SESSION_IDLE - timedelta(microseconds=1))
    assert await find_session(scene, raw_token) is not None
    scene.clock.advance(timedelta(microseconds=1))
    assert await find_session(scene, raw_token) is None


async def test_a_session_in_use_ends_after_seven_days(scene: Scene) -> None:
    """Being seen keeps it from idling, never from ending."""
    raw_token = await open_session(scene.house, scene.owner.id)
    step = timedelta(hours=8)
    for _ in range(SESSION_WHOLE // step):
        session = await find_session(scene, raw_token)
        assert session is not None
        await touch(scene.house.storage, session, scene.clock.now())
        scene.clock.advance(step)
    assert await find_session(scene, raw_token) is None


async def test_the_mark_moves_at_most_once_a_minute(scene: Scene) -> None:
    """A page that loads ten times writes once."""
    raw_token = await open_session(scene.house, scene.owner.id)
    opened = await find_session(scene, raw_token)
    assert opened is not None
    scene.clock.advance(59)
    await touch(scene.house.storage, opened, scene.clock.now())
    assert await find_session(scene, raw_token) == opened
    scene.clock.advance(1)
    await touch(scene.house.storage, opened, scene.clock.now())
    assert await find_session(scene, raw_token) == replace(opened, last_seen_at=scene.clock.now())


async def test_people_are_found_by_login_by_id_and_together(scene: Scene) -> None:
    """Logins keep their case; nobody is found under an unknown one."""
    async with scene.house.storage.read() as connection:
        assert await people.find_by_login(connection, "chu-1") == scene.owner
        assert await people.find_by_login(connection, "CHU-1") is None
        assert await people.find(connection, PersonId("ps_unknown")) is None
        named = await people.list_named(connection, frozenset({scene.owner.id, scene.other_owner.id, PersonId("x")}))
    assert named == {scene.owner.id: scene.owner, scene.other_owner.id: scene.other_owner}
    assert scene.owner.has_role(Role.OWNER)
    assert not scene.owner.has_role(Role.OPERATOR)
