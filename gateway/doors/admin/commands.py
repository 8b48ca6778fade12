"""The commands that act, by name: each a model of its arguments and a coroutine that calls one act."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.acts import House
from gateway.acts.identities import link_identity, unlink_identity
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.register import NewPerson, add_person, register_app, rotate_secret, set_roles
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.acts.withdraw import withdraw
from gateway.doors.admin.consents import ConsentRows, check_consents, import_consents
from gateway.doors.admin.fitting import list_misfits
from gateway.doors.admin.of_age import Desk
from gateway.doors.admin.registration import ON_LOOPBACK, AppEntry, records_of
from gateway.ground.vault.passwords import Passwords
from gateway.records.apps import store as apps
from gateway.records.apps.wording import Readable
from gateway.records.ledger.types import Actor
from gateway.records.outbox.keys import event_key_of, read_secret
from gateway.records.people import store as people
from gateway.records.people.types import Role
from gateway.terms.ids import AppId, AskId, GrantId, PersonId
from gateway.terms.refusal import Refusal
from scopes import Catalogue

OPERATOR = Actor.command_line()


@dataclass(frozen=True, slots=True)
class AdminDoor:
    """What the commands work with; `is_on_loopback`: on this machine alone, so that endpoints of apps may be too.

    `own_apps` are the gateway's own upstream apps, by platform: no app may bring one of these. `desk` is where
    platforms are asked about people.
    """

    house: House
    catalogue: Catalogue
    passwords: Passwords
    is_on_loopback: bool = False
    own_apps: Mapping[str, str] = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonCreate(_Arguments):
    """`person create`."""

    login: Readable = Field(min_length=1, max_length=200)
    name: Readable = Field(min_length=1, max_length=200)
    roles: frozenset[Role] = Field(min_length=1)
    password: str = Field(min_length=12, max_length=1000)


class PersonRole(_Arguments):
    """`person role`."""

    login: str
    roles: frozenset[Role] = Field(min_length=1)


class PersonIdentity(_Arguments):
    """`person link`, `person unlink`."""

    login: str
    issuer: str = Field(min_length=1, max_length=1000)
    subject: str = Field(pattern=r"^[!-~]{1,255}$")


class AppRegister(_Arguments):
    """`app register`."""

    app: AppEntry


class AppNamed(_Arguments):
    """`app rotate-secret`, `app resume`."""

    client_id: str


class AppSuspend(_Arguments):
    """`app suspend`."""

    client_id: str
    reason: str = Field(min_length=3, max_length=500)


class UpstreamNamed(_Arguments):
    """`app remove-upstream`."""

    client_id: str
    platform: Literal["zalo"]


class UpstreamBring(UpstreamNamed):
    """`app bring-upstream`."""

    upstream_app: str = Field(pattern=r"^[1-9][0-9]{0,31}$")
    secret: str = Field(pattern=r"^[!-~]{1,256}$", repr=False)
    event_key: str | None = Field(default=None, pattern=r"^[!-~]{0,256}$", repr=False)


class GrantWithdraw(_Arguments):
    """`grant withdraw`."""

    grant_id: str
    ask: str | None = None


async def _create_person(door: AdminDoor, given: PersonCreate) -> dict[str, Any]:
    hashed_password = await door.passwords.hash_password(given.password)
    person = await add_person(door.house, NewPerson(given.login, given.name, given.roles, hashed_password), OPERATOR)
    return {"person_id": person.id, "login": person.login, "roles": sorted(role.value for role in person.roles)}


async def _set_roles(door: AdminDoor, given: PersonRole) -> dict[str, Any]:
    await set_roles(door.house, given.login, given.roles, OPERATOR)
    return {"login": given.login, "roles": sorted(role.value for role in given.roles)}


async def _link_identity(door: AdminDoor, given: PersonIdentity) -> dict[str, Any]:
    await link_identity(door.house, given.login, given.issuer, subject=given.subject, actor=OPERATOR)
    return {"login": given.login, "issuer": given.issuer, "subject": given.subject}


async def _unlink_identity(door: AdminDoor, given: PersonIdentity) -> dict[str, Any]:
    async with door.house.storage.read() as connection:
        person = await people.find_by_login(connection, given.login)
    if person is None:
        raise Refusal("not_found")
    ended = await unlink_identity(door.house, person.id, given.issuer, subject=given.subject, actor=OPERATOR)
    return {"login": given.login, "sessions_ended": ended}


async def _register_app(door: AdminDoor, given: AppRegister) -> dict[str, Any]:
    owner_id, misfits = await _judge_app(door, given.app.model_dump())
    if misfits:
        raise Refusal("invalid_registration", "; ".join(misfits))
    app, asks = records_of(given.app, door.catalogue, owner_id, clock=door.house.clock, entropy=door.house.entropy)
    raw_secret = await register_app(door.house, app, asks, OPERATOR)
    registered = {"client_id": app.id, "client_secret": raw_secret, "name": app.name}
    if given.app.notice_url is None:
        return registered
    notice_secret = await set_endpoint(door.house, app.id, given.app.notice_url, OPERATOR) or ""
    registered["notice_secret"] = notice_secret
    return {**registered, "event_key": event_key_of(read_secret(notice_secret))} if app.dialect else registered


async def _judge_app(door: AdminDoor, said: object) -> tuple[PersonId | None, list[str]]:
    """Return which developer a registration names, and what of it does not fit, each by its place."""
    misfits = [f"app.{each}" for each in list_misfits(said, door.catalogue)]
    login = said.get("owner_login") if isinstance(said, dict) else None
    if not isinstance(login, str):
        return None, misfits
    async with door.house.storage.read() as connection:
        owner = await people.find_by_login(connection, login)
    if owner is None or not owner.has_role(Role.DEVELOPER):
        return None, [*misfits, f"app.owner_login: no developer signs in as {login}"]
    return owner.id, misfits


async def _list_app_misfits(door: AdminDoor, arguments: Mapping[str, Any]) -> list[str]:
    return (await _judge_app(door, arguments.get("app")))[1]


async def _rotate_secret(door: AdminDoor, given: AppNamed) -> dict[str, Any]:
    raw_secret = await rotate_secret(door.house, AppId(given.client_id), OPERATOR)
    return {"client_id": given.client_id, "client_secret": raw_secret}


async def _suspend_app(door: AdminDoor, given: AppSuspend) -> dict[str, Any]:
    await suspend_app(door.house, AppId(given.client_id), OPERATOR, reason=given.reason)
    return {"client_id": given.client_id, "state": "suspended"}


async def _resume_app(door: AdminDoor, given: AppNamed) -> dict[str, Any]:
    await resume_app(door.house, AppId(given.client_id), OPERATOR)
    return {"client_id": given.client_id, "state": "active"}


async def _bring_upstream(door: AdminDoor, given: UpstreamBring) -> dict[str, Any]:
    if door.own_apps.get(given.platform) == given.upstream_app:
        raise Refusal("upstream_app_taken", "it is the gateway's own")
    async with door.house.storage.read() as connection:
        asks = await apps.list_asks(connection, AppId(given.client_id))
    if asks and all(ask.platform != given.platform for ask in asks):
        raise Refusal("bad_arguments", "platform: the app asks for nothing there")
    named = AppId(given.client_id), given.platform, given.upstream_app
    brought = Brought(*named, given.secret, given.event_key)
    await bring_upstream(door.house, brought, OPERATOR)
    return {"client_id": given.client_id, "platform": given.platform, "upstream_app": given.upstream_app}


async def _remove_upstream(door: AdminDoor, given: UpstreamNamed) -> dict[str, Any]:
    await remove_upstream(door.house, AppId(given.client_id), given.platform, OPERATOR)
    return {"client_id": given.client_id, "platform": given.platform, "upstream_app": None}


async def _withdraw(door: AdminDoor, given: GrantWithdraw) -> dict[str, Any]:
    ask_ids = None if given.ask is None else [AskId(given.ask)]
    settled = await withdraw(door.house, GrantId(given.grant_id), OPERATOR, ask_ids=ask_ids)
    return {"grant_id": given.grant_id, "record_id": settled.recorded.record_id, "ended": len(settled.change.ended)}


COMMANDS: dict[str, tuple[type[Any], Callable[[AdminDoor, Any], Awaitable[dict[str, Any]]]]] = {
    "person create": (PersonCreate, _create_person),
    "person role": (PersonRole, _set_roles),
    "person link": (PersonIdentity, _link_identity),
    "person unlink": (PersonIdentity, _unlink_identity),
    "app register": (AppRegister, _register_app),
    "app rotate-secret": (AppNamed, _rotate_secret),
    "app suspend": (AppSuspend, _suspend_app),
    "app resume": (AppNamed, _resume_app),
    "app bring-upstream": (UpstreamBring, _bring_upstream),
    "app remove-upstream": (UpstreamNamed, _remove_upstream),
    "grant withdraw": (GrantWithdraw, _withdraw),
    "consent check": (ConsentRows, check_consents),
    "consent import": (ConsentRows, import_consents),
}

MISFITS: Mapping[str, Callable[[AdminDoor, Mapping[str, Any]], Awaitable[list[str]]]] = {
    "app register": _list_app_misfits,
}
"""What else is wrong with arguments of which some cannot be read, so that all is told at once."""


async def perform(door: AdminDoor, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one command.

    Raises:
        Refusal: `unknown_command`, `bad_arguments` (the detail says which, and what else is wrong), or the act's own.
        Unavailable: as the act says.
    """
    if command not in COMMANDS:
        raise Refusal("unknown_command", command)
    model, run = COMMANDS[command]
    try:
        given = model.model_validate(arguments, context={ON_LOOPBACK: door.is_on_loopback})
    except ValidationError as error:
        further = await MISFITS[command](door, arguments) if command in MISFITS else []
        raise Refusal("bad_arguments", "; ".join([*map(_sentence, error.errors()), *further])) from None
    return await run(door, given)


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {str(error['msg']).removeprefix('Value error, ')}"
