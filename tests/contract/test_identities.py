"""Identities at a provider, on both databases: tied once, taken away, and logouts that count once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from gateway.acts.identities import end_by_provider, link_identity, unlink_identity
from gateway.acts.register import NewPerson, add_person
from gateway.acts.session import open_session
from gateway.acts.sign_in import Errand, Return, SignedIn, find_attempt, finish_sign_in, start_sign_in
from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import LoggedOut, Registration
from gateway.ground.vault.tokens import hashed
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people import identities
from gateway.records.people import store as people
from gateway.records.people.identities import Purpose
from gateway.records.people.tables import people as people_table
from gateway.records.people.tables import provider_logouts, sign_in_attempts
from gateway.records.people.types import Proof, Role
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal
from tests.house import Scene
from tests.stand_ins.provider import CALLBACK, CLIENT_ID, CLIENT_SECRET, LyingProvider, lying_provider

ISSUER = "https://id.example"
OWNER = frozenset({Role.OWNER})
BROWSER = "b" * 43


@pytest.fixture
async def liar(scene: Scene) -> AsyncIterator[LyingProvider]:
    """Yield a provider on loopback."""
    async with lying_provider(scene.clock) as provider:
        yield provider


@pytest.fixture
def client(scene: Scene, liar: LyingProvider) -> Provider:
    """Return the gateway's client of it."""
    registration = Registration(liar.base, CLIENT_ID, CLIENT_SECRET, "client_secret_basic", CALLBACK, CALLBACK)
    return Provider(registration, scene.clock)


async def go_out(scene: Scene, client: Provider, errand: Errand | None = None) -> str:
    """Set out; return where the browser goes."""
    return await start_sign_in(scene.house, client, errand or Errand("/"), raw_browser=BROWSER)


async def come_back(scene: Scene, client: Provider, path: str) -> SignedIn:
    """Come back along a path."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    attempt = await find_attempt(scene.house, given["state"], [BROWSER])
    back = Return(given["code"], None, given["iss"])
    return await finish_sign_in(scene.house, client, attempt, back, newcomer=OWNER)


async def is_alive(scene: Scene, raw_token: str) -> bool:
    """Say whether a session lives."""
    async with scene.house.storage.read() as connection:
        return await people.find_session(connection, hashed(raw_token), scene.clock.now()) is not None


async def find_person_id(scene: Scene, subject: str, issuer: str = ISSUER) -> PersonId | None:
    """Find whom a subject is."""
    async with scene.house.storage.read() as connection:
        known = await identities.find(connection, issuer, subject)
    return known.person_id if known else None


async def test_of_eight_first_sign_ins_at_once_one_makes_the_person(
    scene: Scene, client: Provider, liar: LyingProvider
) -> None:
    """Eight devices of one new person, all told that nobody is there yet: one person, eight times let in."""
    paths = [liar.authorise(await go_out(scene, client), "u-1") for _ in range(8)]
    liar.lies.delay_seconds["/me"] = 0.3  # all of them have looked before the first is added
    liar.lies.userinfo = {"sub": "u-1", "name": "An (mẫu)"}
    found = await asyncio.gather(*(come_back(scene, client, path) for path in paths))
    assert {each.person_id for each in found} == {await find_person_id(scene, "u-1", liar.base)}
    async with scene.house.storage.read() as connection:
        named = select(func.count()).where(people_table.c.name == "An (mẫu)")
        assert await connection.scalar(named) == 1
        search = reading.Search(kinds=[Kind.PERSON_ADDED])
        added = [each for each in await reading.list_records(connection, search, 99) if "issuer" in each.facts]
    assert len(added) == 1


async def test_of_eight_returns_at_once_one_counts(scene: Scene, client: Provider, liar: LyingProvider) -> None:
    """One atomic write: the others are told that it was used."""
    path = liar.authorise(await go_out(scene, client), "u-1", name="An (mẫu)")
    outcomes = await asyncio.gather(*(come_back(scene, client, path) for _ in range(8)), return_exceptions=True)
    refused = [each.reason for each in outcomes if isinstance(each, Refusal)]
    assert refused == ["sign_in_replayed"] * 7
    assert liar.asked.count("/token") == 1


async def test_two_people_link_one_identity_at_once(scene: Scene, client: Provider, liar: LyingProvider) -> None:
    """One of them has it, the other is told; whoever has it may link it again."""
    errands = [Errand("/", Purpose.LINK, person.id) for person in (scene.owner, scene.other_owner)]
    paths = [liar.authorise(await go_out(scene, client, errand), "u-1") for errand in errands]
    outcomes = await asyncio.gather(*(come_back(scene, client, path) for path in paths), return_exceptions=True)
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == ["identity_taken"]
    (winner,) = [each.person_id for each in outcomes if isinstance(each, SignedIn)]
    assert await find_person_id(scene, "u-1", liar.base) == winner
    again = liar.authorise(await go_out(scene, client, Errand("/", Purpose.LINK, winner)), "u-1")
    assert (await come_back(scene, client, again)).person_id == winner


async def test_staff_do_not_link_themselves(scene: Scene, client: Provider, liar: LyingProvider) -> None:
    """Also where the role came between the way out and the way back."""
    path = liar.authorise(await go_out(scene, client, Errand("/", Purpose.LINK, scene.owner.id)), "u-1")
    async with scene.house.storage.unit() as unit:
        await people.set_roles(unit.connection, scene.owner.id, frozenset({Role.OWNER, Role.DEVELOPER}))
        await unit.commit()
    with pytest.raises(Refusal) as refused:
        await come_back(scene, client, path)
    assert refused.value.reason == "identity_staff"
    assert await find_person_id(scene, "u-1", liar.base) is None


async def test_ways_out_are_forgotten_after_a_day(scene: Scene, client: Provider) -> None:
    """The table holds those of a day; a new one sweeps."""
    for hours in (0, 25):
        scene.clock.advance(timedelta(hours=hours))
        await go_out(scene, client)
    async with scene.house.storage.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(sign_in_attempts)) == 1


async def test_an_operator_ties_an_identity(scene: Scene) -> None:
    """To a person by login, once and again; never to a second person, and to nobody unknown. Each is in the log."""
    house, actor = scene.house, Actor.system()
    for _ in range(2):
        assert await link_identity(house, "chu-1", ISSUER, subject="u-1", actor=actor) == scene.owner.id
    with pytest.raises(Refusal) as taken:
        await link_identity(house, "chu-2", ISSUER, subject="u-1", actor=actor)
    assert (taken.value.reason, taken.value.detail) == ("identity_taken", "chu-1 signs in with it")
    with pytest.raises(Refusal) as unknown:
        await link_identity(house, "khong-co", ISSUER, subject="u-2", actor=actor)
    assert unknown.value.reason == "not_found"
    async with house.storage.read() as connection:
        search = reading.Search(kinds=[Kind.IDENTITY_LINKED])
        found = await reading.list_records(connection, search, 9)
    told = {"person": scene.owner.id, "issuer": ISSUER, "by": "operator"}
    assert [record.facts for record in found] == [told, told]


async def test_an_operator_takes_even_the_last_way_in(scene: Scene) -> None:
    """A person keeps theirs; an operator may take it, and the sessions that rest on it end, and no others."""
    house = scene.house
    await link_identity(house, "chu-1", ISSUER, subject="u-1", actor=Actor.system())
    by_it = await open_session(house, scene.owner.id, Proof(scene.clock.now(), None, ISSUER, "u-1", None))
    otherwise = await open_session(house, scene.owner.id)
    with pytest.raises(Refusal) as kept:
        await unlink_identity(
            house, scene.owner.id, ISSUER, subject="u-1", actor=Actor(ActorKind.PERSON, scene.owner.id)
        )
    assert kept.value.reason == "last_way_in"
    assert await is_alive(scene, by_it)
    assert await unlink_identity(house, scene.owner.id, ISSUER, subject="u-1", actor=Actor.system()) == 1
    assert [await is_alive(scene, each) for each in (by_it, otherwise)] == [False, True]
    for person_id in (scene.owner.id, PersonId("ps_unknown")):
        with pytest.raises(Refusal) as gone:
            await unlink_identity(house, person_id, ISSUER, subject="u-1", actor=Actor.system())
        assert gone.value.reason == "not_found"


async def test_of_two_ways_in_taken_at_once_one_stays(scene: Scene) -> None:
    """A person without a password, in two tabs: they never shut themselves out."""
    actor = Actor(ActorKind.PERSON, scene.owner.id)
    for subject in ("u-1", "u-2"):
        await link_identity(scene.house, "chu-1", ISSUER, subject=subject, actor=Actor.system())
    taking = (
        unlink_identity(scene.house, scene.owner.id, ISSUER, subject=each, actor=actor) for each in ("u-1", "u-2")
    )
    outcomes = await asyncio.gather(*taking, return_exceptions=True)
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == ["last_way_in"]


async def test_with_a_password_the_identity_may_go(scene: Scene) -> None:
    """There is another way in."""
    wanted = NewPerson("co-mat-khau", "Có mật khẩu (mẫu)", OWNER, "argon2id-text")
    person = await add_person(scene.house, wanted, Actor.system())
    await link_identity(scene.house, person.login, ISSUER, subject="u-1", actor=Actor.system())
    actor = Actor(ActorKind.PERSON, person.id)
    assert await unlink_identity(scene.house, person.id, ISSUER, subject="u-1", actor=actor) == 0


async def test_of_eight_logouts_at_once_one_counts(scene: Scene) -> None:
    """One atomic insert; the same id from another issuer is another token."""
    ends_at = scene.clock.now() + timedelta(minutes=2)
    told = LoggedOut(ISSUER, "u-1", None, "jti-1", ends_at)
    raw_token = await open_session(scene.house, scene.owner.id, Proof(scene.clock.now(), None, ISSUER, "u-1", None))
    outcomes = await asyncio.gather(*(end_by_provider(scene.house, told) for _ in range(8)), return_exceptions=True)
    assert sorted(str(each.reason if isinstance(each, Refusal) else each) for each in outcomes) == [
        "1",
        *["logout_replayed"] * 7,
    ]
    assert not await is_alive(scene, raw_token)
    assert await end_by_provider(scene.house, LoggedOut("https://other.example", "u-1", None, "jti-1", ends_at)) == 0
    scene.clock.advance(timedelta(minutes=3))
    later = scene.clock.now() + timedelta(minutes=2)
    await end_by_provider(scene.house, LoggedOut(ISSUER, None, "s-1", "jti-2", later))
    async with scene.house.storage.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(provider_logouts)) == 1


async def test_a_logout_that_names_nobody_is_a_bug(scene: Scene) -> None:
    """Neither subject nor session would be everyone; the tokens' checks rule it out, and so does the record."""
    with pytest.raises(ValueError, match="never meant"):
        await end_by_provider(scene.house, LoggedOut(ISSUER, None, None, "jti-1", scene.clock.now()))
