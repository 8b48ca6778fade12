"""Followers in tests: people with a profile beside the scene's account, an app that asks each of them, their words."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from gateway.acts import Settled
from gateway.acts.decide import DURATIONS, Answer, Decided, decide
from gateway.acts.end_at_platform import Withdrawal, end_at_platform
from gateway.acts.open_request import ask_subject
from gateway.acts.parting_copies import Follower
from gateway.acts.profiles import Met, Objection, keep_profile, object_to
from gateway.acts.register import NewPerson, add_person, register_app
from gateway.acts.show_request import show_request
from gateway.acts.withdraw import withdraw
from gateway.authority.bases import Asked, Said
from gateway.doors import is_about_people
from gateway.records.accounts.types import Account
from gateway.records.apps.types import Basis
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people.types import Person, Role
from gateway.terms.ids import AskId
from scopes import load_catalogue
from tests.house import ASKS, Scene, app_of, ask_of

ABOUT_PEOPLE = frozenset(scope for scope in load_catalogue().scopes if is_about_people(load_catalogue(), scope))
NAME, PHONE, CHAT, SENDING = AskId("crm_name"), AskId("crm_phone"), AskId("chat_read"), AskId("order_send")


async def with_asking_app(
    scene: Scene,
    bases: dict[AskId, Basis] | None = None,
    *,
    called: tuple[str, str] = ("Giao tận nhà (mẫu)", "giao-tan-nha"),
) -> Scene:
    """Return the scene with another app in the place of its first: one that asks each follower, but for `bases`."""
    app = app_of(*called, is_confidential=True, clock=scene.clock)
    asks = [ask_of(app.id, row, (bases or {}).get(AskId(row[0]), Basis.OWN_CONSENT)) for row in ASKS]
    raw_secret = await register_app(scene.house, app, asks, Actor.system())
    return replace(scene, app=app, asks=tuple(asks), raw_secret=raw_secret or "")


async def with_writing_app(scene: Scene) -> Scene:
    """Return the scene with an app in the place of its first that asks nothing about people, and writes to them."""
    app = app_of("Báo đơn (mẫu)", "bao-don", is_confidential=True, clock=scene.clock)
    asks = [ask_of(app.id, row) for row in ASKS if row[0] == SENDING]
    raw_secret = await register_app(scene.house, app, asks, Actor.system())
    return replace(scene, app=app, asks=tuple(asks), raw_secret=raw_secret or "")


def met(subject_id: str) -> Met:
    """Return the proof that somebody is the one whom the account knows so."""
    return Met(subject_id, f"login of {subject_id}", "test")


async def follow(scene: Scene, subject_id: str) -> tuple[Person, Account]:
    """Let the person whom the scene's account knows by this id sign in; return them and their profile."""
    wanted = NewPerson(f"khach-{subject_id}", f"Khách {subject_id} (mẫu)", frozenset({Role.FOLLOWER}), None)
    person = await add_person(scene.house, wanted, Actor.system())
    return person, await keep_profile(scene.house, scene.account, met(subject_id), person_id=person.id)


async def say_yes(
    scene: Scene, subject_id: str, ask_ids: Iterable[AskId], *, to: Iterable[AskId] = (NAME, PHONE, CHAT)
) -> Decided:
    """Let a new follower be asked `to` and agree to these asks of the scene's app; none is a refusal."""
    person, profile = await follow(scene, subject_id)
    return await decide_as(scene, person, profile, ask_ids=ask_ids, to=to)


async def decide_as(
    scene: Scene, person: Person, profile: Account, *, ask_ids: Iterable[AskId], to: Iterable[AskId]
) -> Decided:
    """Let a follower answer a fresh request."""
    request = await ask_subject(scene.house, profile.id, scene.app.id, person_id=person.id, ask_ids=tuple(to))
    await show_request(scene.house, request.id, person.id)
    answer = Answer(person.id, profile.id, frozenset(ask_ids), DURATIONS["P30D"], "Chữ đã hiện (mẫu)", "vi")
    return await decide(scene.house, request.id, answer)


async def take_back(scene: Scene, decided: Decided, ask_ids: Iterable[AskId] | None = None) -> Settled:
    """Let the follower who decided withdraw."""
    assert decided.grant_id is not None
    assert decided.request.person_id is not None
    actor = Actor(ActorKind.PERSON, decided.request.person_id)
    chosen = None if ask_ids is None else list(ask_ids)
    return await withdraw(scene.house, decided.grant_id, actor, ask_ids=chosen)


async def take_back_at_zalo(scene: Scene, subject_id: str, *, login_subject: str = "") -> int:
    """Let a follower take everything back at Zalo itself, of which no copy goes on; return how many grants changed."""
    told = Withdrawal(
        platform="zalo",
        name="user_withdraw",
        hashed_name=sha256(subject_id.encode()).digest(),
        followers=[Follower(scene.account.id, subject_id, login_subject)],
        about_people=ABOUT_PEOPLE,
        to_people=frozenset(each.id for each in load_catalogue().scopes.values() if each.writes_to_people),
    )
    return await end_at_platform(scene.house, told)


async def object_as(scene: Scene, subject_id: str, *ask_ids: AskId) -> Settled:
    """Let a new follower object to these asks of the scene's app, or to all that it does under a contract."""
    person, profile = await follow(scene, subject_id)
    about = Objection(profile.id, scene.app.id, frozenset(ask_ids) or None)
    return await object_to(scene.house, about, person.id)


async def find_said(scene: Scene, *people: str) -> Said:
    """Find what some followers said of the scene's app."""
    return await scene.house.words.find(Asked(scene.app.id, "zalo", scene.account.external_id, frozenset(people)))
