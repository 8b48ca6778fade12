"""The acts of Quản lý quyền: one table, used for one ask, one app, or everything."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from aiohttp import web

from gateway.acts import Settled
from gateway.acts.decide import DURATIONS
from gateway.acts.open_request import reconsider
from gateway.acts.pause import pause, resume
from gateway.acts.profiles import Objection, lift_objection, object_to
from gateway.acts.shorten import shorten
from gateway.acts.withdraw import withdraw
from gateway.doors import is_heeded, visitor_of
from gateway.doors.person.confirming import BOTH, CONFIRMED, WITHDRAW, show_confirm
from gateway.doors.person.contract_cards import OwnContract, list_going_on, list_own_contracts
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.flash import SO_BEFORE
from gateway.doors.person.of_age import check_of_age
from gateway.doors.person.outcome import telling_outcome
from gateway.doors.person.own_grants import OwnGrant, list_own_grants
from gateway.doors.person.to_people import list_to_people
from gateway.ground.web.forms import Form
from gateway.ground.web.request_ids import request_id_of
from gateway.records.apps.types import Ask, Basis
from gateway.records.grants.types import PermissionState
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AskId, PersonId, RecordId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Wish:
    """An act that a person asked for: on one of their grants, all of it or one ask."""

    own: OwnGrant
    form: Form
    actor: Actor
    ask: Ask | None
    request_id: str

    @property
    def ask_ids(self) -> Collection[AskId] | None:
        """The ask that it is about; None is the whole app."""
        return None if self.ask is None else [self.ask.id]


async def _withdraw(door: PersonDoor, wish: Wish) -> Settled:
    grant_id = wish.own.grant.id
    return await withdraw(door.house, grant_id, wish.actor, ask_ids=wish.ask_ids, request_id=wish.request_id)


async def _pause(door: PersonDoor, wish: Wish) -> Settled:
    grant_id = wish.own.grant.id
    return await pause(door.house, grant_id, wish.actor, ask_ids=wish.ask_ids, request_id=wish.request_id)


async def _resume(door: PersonDoor, wish: Wish) -> Settled:
    grant_id = wish.own.grant.id
    return await resume(door.house, grant_id, wish.actor, ask_ids=wish.ask_ids, request_id=wish.request_id)


async def _shorten(door: PersonDoor, wish: Wish) -> Settled:
    lasts = DURATIONS.get(wish.form.get_one("duration"))
    if lasts is None or wish.ask is not None:
        raise Refusal("bad_form", "no such duration, or a duration for one ask alone")
    return await shorten(door.house, wish.own.grant.id, wish.actor, lasts=lasts, request_id=wish.request_id)


async def _object(door: PersonDoor, wish: Wish) -> Settled:
    own = wish.own
    to_people = list_to_people(door.catalogue, own.asks, own.account.platform)
    about = Objection(own.account.id, own.app.id, None if wish.ask is None else frozenset({wish.ask.id}), to_people)
    return await object_to(door.house, about, PersonId(wish.actor.id), request_id=wish.request_id)


async def _lift(door: PersonDoor, wish: Wish) -> Settled:
    grant_id = wish.own.grant.id
    return await lift_objection(door.house, grant_id, wish.actor, ask_ids=wish.ask_ids, request_id=wish.request_id)


Act = Callable[[PersonDoor, Wish], Awaitable[Settled]]
OBJECT = "object"
ACTS = MappingProxyType(
    {
        WITHDRAW: _withdraw,
        "pause": _pause,
        "resume": _resume,
        "shorten": _shorten,
        OBJECT: _object,
        "lift": _lift,
    }
)
OF_ONE_GRANT = frozenset({OBJECT, "lift"})
RECONSIDER = "reconsider"


async def act_on_one(door: PersonDoor, request: web.Request, form: Form, *, own: OwnGrant) -> web.Response:
    """Do what the form of one grant's page asks for."""
    path = f"/permissions/{own.grant.id}"
    raw_ask = form.find("ask")
    action = form.get_one("action")
    ask = None if raw_ask is None else own.get_any_ask(raw_ask) if action == OBJECT else own.get_ask(raw_ask)
    if action == RECONSIDER:
        return await _reconsider(door, request, own, ask=ask)
    contracts = list_going_on(await list_own_contracts(door, visitor_of(request).person.id), own)
    if _get_act(form) is _withdraw and form.find("confirm") not in CONFIRMED:
        return show_confirm(door, request, [own], ask=ask, contracts=contracts)
    objected = await _object_too(door, request, form, contracts) if ask is None else []
    with telling_outcome(objected):
        done = await _do(door, request, form, wanted=[own], ask=ask)
    return _done(door, request, path, records=[*objected, *done])


async def act_on_all(door: PersonDoor, request: web.Request, form: Form) -> web.Response:
    """Do what the list's page asks for, on every grant."""
    if "ask" in form or form.find("action") in OF_ONE_GRANT:
        raise Refusal("bad_form", "an ask belongs to one app")
    own = await list_own_grants(door, visitor_of(request).person.id)
    contracts = list_going_on(await list_own_contracts(door, visitor_of(request).person.id))
    if _get_act(form) is _withdraw and form.find("confirm") not in CONFIRMED:
        return show_confirm(door, request, own, contracts=contracts)
    objected = await _object_too(door, request, form, contracts)
    with telling_outcome(objected):
        done = await _do(door, request, form, wanted=own, ask=None)
    return _done(door, request, "/permissions", records=[*objected, *done])


async def _object_too(
    door: PersonDoor, request: web.Request, form: Form, contracts: Sequence[OwnContract]
) -> list[RecordId]:
    """Object to what goes on under contracts, where the answer to the question before a withdrawal says so."""
    if _get_act(form) is not _withdraw or form.find("confirm") != BOTH:
        return []
    person_id = visitor_of(request).person.id
    records: list[RecordId] = []
    for each in contracts:
        with _so_already():
            with telling_outcome(records):
                settled = await object_to(door.house, each.objection, person_id, request_id=request_id_of(request))
            records.append(settled.recorded.record_id)
    return records


def _get_act(form: Form) -> Act:
    act = ACTS.get(form.get_one("action"))
    if act is None:
        raise Refusal("bad_form", "no such action")
    return act


async def _do(
    door: PersonDoor, request: web.Request, form: Form, *, wanted: Sequence[OwnGrant], ask: Ask | None
) -> list[RecordId]:
    """Act on each grant and return the records; one that is so already is left as it is."""
    actor, act = Actor(ActorKind.PERSON, visitor_of(request).person.id), _get_act(form)
    if act is _resume:
        await _check_of_age(door, request, wanted, ask=ask)
    records: list[RecordId] = []
    for own in wanted:
        with _so_already():
            with telling_outcome(records):
                settled = await act(door, Wish(own, form, actor, ask, request_id_of(request)))
            records.append(settled.recorded.record_id)
    return records


async def _check_of_age(door: PersonDoor, request: web.Request, wanted: Sequence[OwnGrant], *, ask: Ask | None) -> None:
    """Let data of theirs pass again only as where they agree: before anything of it is done, and where something is."""
    for own in wanted:
        paused = {p.ask_id for p in own.grant.permissions if p.state is PermissionState.PAUSED}
        if paused and (ask is None or ask.id in paused):
            await check_of_age(door, visitor_of(request), own.account.id)


@contextmanager
def _so_already() -> Iterator[None]:
    """Leave as it is what is so already: by an act before, or somebody else's."""
    try:
        yield
    except Refusal as refusal:
        if refusal.reason != "nothing_to_change":
            raise


def _done(door: PersonDoor, request: web.Request, path: str, *, records: Sequence[RecordId]) -> web.Response:
    """Return to the page, which shows the state as it is, and says what was done, or that it was so before."""
    return door.go(request, f"{path}?done={records[-1] if records else SO_BEFORE}")


async def _reconsider(door: PersonDoor, request: web.Request, own: OwnGrant, *, ask: Ask | None) -> web.Response:
    """Open the consent screen for what does not stand."""
    now = door.now()
    over = [p.ask_id for p in own.grant.permissions if not p.is_standing(now)]
    agreeable = {each.id for each in own.asks if _may_agree(door, own, each)}
    chosen = tuple(each for each in over if each in agreeable and (ask is None or each == ask.id))
    if not chosen:
        return door.go(request, f"/permissions/{own.grant.id}")
    with telling_outcome():
        opened = await reconsider(door.house, own.grant.id, visitor_of(request).person.id, chosen)
    return door.go(request, f"/consent/{opened.id}")


def _may_agree(door: PersonDoor, own: OwnGrant, ask: Ask) -> bool:
    """Say whether whoever decides for the account agrees to such an ask: a person to what asks each of them."""
    is_asked = ask.basis is not Basis.CONTRACT and is_heeded(door.catalogue, ask.scope)
    return own.account.parent_id is None or is_asked
