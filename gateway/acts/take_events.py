"""Taking events: what a platform told is kept for each app that may hear it, filtered and sealed, at once (I6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gateway.acts import House
from gateway.acts.queueing import queue_copies
from gateway.authority.bases import Holding, Said, may_hear, render
from gateway.authority.facts import Reach
from gateway.authority.holders import Holder, hold_listening, list_listening
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.accounts.pairs import note_pairs
from gateway.records.accounts.types import ProfilePair
from gateway.records.hooks import store as hooks
from gateway.records.outbox.copies import seal_copy
from gateway.records.outbox.types import Copy
from gateway.terms.ids import GATEWAYS_OWN, AccountId, UpstreamAppId, new_id
from gateway.terms.refusal import Unavailable
from scopes import AnswerMalformed, Event

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event, as a platform told it; its signature, time and form hold.

    Args:
        account_id: whose.
        hashed_name: of what names this telling at the platform: another of the same name is the same.
        event: what the catalogue says of it.
        body: the platform's words.
        subjects: the people whom they are about.
        pair: by which ids the platform knows the one person of it: to sign in through its app, and to the account.
        remembered: for how long it is known again; longer than anything as old would be believed.
        brought_id: through which upstream app it is told.
    """

    account_id: AccountId
    hashed_name: bytes
    event: Event
    body: bytes = field(repr=False)
    subjects: tuple[str, ...] = field(repr=False)
    pair: tuple[str, str] | None = field(default=None, repr=False)
    remembered: timedelta = timedelta(hours=26)
    brought_id: UpstreamAppId = GATEWAYS_OWN


@shielded
async def take_events(house: House, told: Sequence[ToldEvent]) -> None:
    """Keep a copy for each app with a live ask for it; on disk when this returns. What was told before changes nothing.

    Raises:
        Unavailable: nothing was kept; the platform may tell it again.
    """
    async with house.storage.unit() as unit:
        new = await _list_new(house, unit, told)
        await _note_pairs(house, unit, new)
        for holder, own in await _share_out(house, unit, new):
            asked = _holding(holder, ()).ask(one for each in own for one in each.subjects)
            said = await house.words.find(asked, unit.connection)
            copies = [copy for each in own if (copy := _make_copy(house, each, holder, said)) is not None]
            if copies:
                await queue_copies(house, unit, holder, copies)
        await unit.commit()
    house.has_notices.set()


async def _note_pairs(house: House, unit: UnitOfWork, new: Sequence[ToldEvent]) -> None:
    """Note whom the platform knows by which two ids, so that a follower is known when they sign in (ADR 0032)."""
    now = house.clock.now()
    pairs = [ProfilePair(each.account_id, *each.pair, now) for each in new if each.pair is not None]
    await note_pairs(unit.connection, house.vault, pairs)


async def _share_out(house: House, unit: UnitOfWork, new: Sequence[ToldEvent]) -> list[tuple[Holder, list[ToldEvent]]]:
    """Give each app that listens what its upstream app told of its account, in the order in which lanes are held."""
    of_account: dict[tuple[AccountId, UpstreamAppId], list[ToldEvent]] = {}
    for each in new:
        of_account.setdefault((each.account_id, each.brought_id), []).append(each)
    await hold_listening(unit.connection, {account_id for account_id, _ in of_account})
    denied = house.in_flight.denied
    found = [
        (holder, own)
        for (account_id, through), own in of_account.items()
        for holder in await list_listening(unit.connection, account_id, brought_id=through, denied=denied)
    ]
    return sorted(found, key=lambda pair: pair[0].grant_id)


async def _list_new(house: House, unit: UnitOfWork, told: Sequence[ToldEvent]) -> list[ToldEvent]:
    """Leave out what was taken before, here or by another process a moment ago, and remember the rest."""
    by_name = {each.hashed_name: each for each in reversed(told)}
    for _ in range(2):
        known = await hooks.list_known(unit.connection, by_name)
        new = {name: by_name[name] for name in reversed(by_name) if name not in known}
        until = {name: house.clock.now() + each.remembered for name, each in new.items()}
        if not new or await unit.is_added(hooks.add(unit.connection, until)):
            return list(new.values())
    raise Unavailable("database")


def _make_copy(house: House, told: ToldEvent, holder: Holder, said: Said) -> Copy | None:
    """Filter and seal what this app may hear of it; None where that is nothing."""
    now = house.clock.now()
    live = holder.list_live(told.event.scopes, now)
    scopes = frozenset(each.scope for each in live)
    holding = _holding(holder, live)
    if not may_hear(told.event, holding, holding.ask(told.subjects), said):
        return None
    try:
        passed = render(told.event.open(told.body, scopes, told.subjects), holding, said)
    except AnswerMalformed as malformed:
        log.warning("an event has another form than declared", kind=told.event.type, what=malformed.detail)
        return None
    copy_id = new_id("nt", house.entropy)
    sealed = seal_copy(house.vault, holder.grant_id, copy_id, body=passed.body, subjects=told.subjects)
    rests_on = frozenset(each.id for each in live)
    return Copy(copy_id, holder.grant_id, 0, rests_on, sealed, told.event.type, now, told.brought_id)


def _holding(holder: Holder, live: Sequence[Reach]) -> Holding:
    return Holding(holder.app_id, holder.platform, holder.external_id, live)
