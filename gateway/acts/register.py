"""Register: people, apps, and the apps' secrets."""

from dataclasses import dataclass

from gateway.acts import House, named
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.entries import Barred
from gateway.ground.vault.tokens import CLIENT_SECRET, hashed, new_token
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import App, AppSecret, Ask, AuthMethod
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.owed import store as owed
from gateway.records.people import store as people
from gateway.records.people.types import Person, Role
from gateway.terms.ids import AppId, PersonId, new_id
from gateway.terms.refusal import Refusal

LIVE_SECRETS = 2


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who is to be added. `hashed_password` is argon2id's text, or None where another sign-in is used."""

    login: str
    name: str
    roles: frozenset[Role]
    hashed_password: str | None


@shielded
async def add_person(house: House, wanted: NewPerson, actor: Actor) -> Person:
    """Add a person.

    Raises:
        Refusal: `login_taken`.
    """
    now = house.clock.now()
    person_id = PersonId(new_id("ps", house.entropy))
    person = Person(person_id, wanted.login, wanted.name, wanted.roles, wanted.hashed_password, now)
    async with house.storage.unit() as unit:
        if not await unit.is_added(people.add(unit.connection, person)):
            raise Refusal("login_taken")
        facts = {"person": person.id, "roles": sorted(person.roles)}
        parts = (named(person),)
        await house.ledger.append(unit.connection, Draft(Kind.PERSON_ADDED, now, actor, facts, parts=parts))
        await unit.commit()
    await house.ledger.publish()
    return person


@shielded
async def set_roles(house: House, login: str, roles: frozenset[Role], actor: Actor) -> None:
    """Replace what a person may be.

    Raises:
        Refusal: `not_found`.
        Unavailable: as `House.change_grant` says.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        person = await people.find_by_login(unit.connection, login)
        if person is None:
            raise Refusal("not_found")
        await people.set_roles(unit.connection, person.id, roles)
        facts = {"person": person.id, "roles": sorted(roles)}
        for role in Role:
            entry = Barred("role", f"{person.id}/{role.value}", is_barred=role not in roles, at=now)
            await owed.add(unit.connection, entry)
        await house.ledger.append(unit.connection, Draft(Kind.ROLES_SET, now, actor, facts))
        await unit.commit()
    await house.write_owed()
    await house.ledger.publish()


@shielded
async def register_app(house: House, app: App, asks: list[Ask], actor: Actor) -> str | None:
    """Add an app with its asks, checked against the catalogue by the caller.

    Returns:
        The raw client secret, shown this once; None for an app that has none.
    """
    async with house.storage.unit() as unit:
        await apps.add(unit.connection, app, asks)
        facts = {"asks": [ask.wire_name for ask in asks], "is_reviewed": app.is_reviewed}
        draft = Draft(Kind.APP_REGISTERED, house.clock.now(), actor, facts, app_id=app.id)
        await house.ledger.append(unit.connection, draft)
        raw_secret = await _add_secret(house, unit, app.id) if app.auth_method is AuthMethod.SECRET else None
        await unit.commit()
    await house.ledger.publish()
    return raw_secret


@shielded
async def register_itself(house: House, app: App, asks: list[Ask], *, statement: Statement) -> str | None:
    """Add an app that asks for it itself, checked by the caller; the grant log begins with the first decision about it.

    Returns:
        The raw client secret, shown this once; None for an app that has none.
    """
    async with house.storage.unit() as unit:
        await apps.add(unit.connection, app, asks)
        await statements.put(unit.connection, statement)
        raw_secret = await _add_secret(house, unit, app.id) if app.auth_method is AuthMethod.SECRET else None
        await unit.commit()
    return raw_secret


@shielded
async def rotate_secret(house: House, app_id: AppId, actor: Actor) -> str:
    """Give the app a new secret; the one before stays alive beside it, older ones end.

    Raises:
        Refusal: `not_found`; `no_secret` (a public app, or one that proves itself by a key).
        Unavailable: as `House.change_grant` says; if `not_settled`, the new secret is lost and may be rotated away.
    """
    async with house.storage.unit() as unit:
        app = await apps.find(unit.connection, app_id, lock=True)
        if app is None:
            raise Refusal("not_found")
        if app.auth_method is not AuthMethod.SECRET:
            raise Refusal("no_secret")
        now = house.clock.now()
        ended = await apps.end_secrets(unit.connection, app_id, LIVE_SECRETS - 1, now)
        for secret in ended:
            await owed.add(unit.connection, Barred("secret", secret.hashed_secret.hex(), is_barred=True, at=now))
        raw_secret = await _add_secret(house, unit, app_id)
        draft = Draft(Kind.SECRET_ROTATED, now, actor, {"last4": raw_secret[-4:]}, app_id=app_id)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    if ended:
        await house.write_owed()
    await house.ledger.publish()
    return raw_secret


async def _add_secret(house: House, unit: UnitOfWork, app_id: AppId) -> str:
    raw_secret = new_token(CLIENT_SECRET, house.entropy)
    secret_id = new_id("sk", house.entropy)
    number = len(await apps.list_secrets(unit.connection, app_id)) + 1
    secret = AppSecret(secret_id, app_id, number, hashed(raw_secret), raw_secret[-4:], house.clock.now(), None)
    await apps.add_secret(unit.connection, secret)
    return raw_secret
