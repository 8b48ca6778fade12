"""Copies of the event that tells somebody's no: the last that an app hears of them, judged by what they said before."""

from dataclasses import dataclass, field, replace

import structlog

from gateway.acts import House
from gateway.acts.queueing import queue_copies
from gateway.authority.bases import Holding, Said, render
from gateway.authority.holders import Holder, list_listening
from gateway.ground.storage.storage import UnitOfWork
from gateway.records.outbox.copies import seal_copy
from gateway.records.outbox.types import Copy
from gateway.terms.ids import AccountId, UpstreamAppId, new_id
from scopes import AnswerMalformed, Event

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody whom an account knows by an id; `login_subject`: by which they sign in, where the platform told it."""

    account_id: AccountId
    subject_id: str = field(repr=False)
    login_subject: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Original:
    """The platform's own words, and what the catalogue says of them."""

    event: Event
    body: bytes = field(repr=False)


async def keep_copies(
    house: House, unit: UnitOfWork, original: Original, follower: Follower, *, through: UpstreamAppId
) -> None:
    """Keep a copy of the event for each app to which something about them passes at this moment.

    It is judged by what they said before, for it tells just that they say no now.
    """
    denied, account_id = house.in_flight.denied, follower.account_id
    for holder in await list_listening(unit.connection, account_id, brought_id=through, denied=denied):
        live = holder.list_live(original.event.opened_by, house.clock.now())
        asked = Holding(holder.app_id, holder.platform, holder.external_id, live).ask([follower.subject_id])
        said = await house.words.find(asked, unit.connection)
        passing = [each for each in live if said.list_passing(each.ask_id, each.basis, asked.people)]
        if passing and (copy := _make_copy(house, original, follower, replace(holder, reach=tuple(passing)))):
            await queue_copies(house, unit, holder, [copy])


def _make_copy(house: House, original: Original, follower: Follower, holder: Holder) -> Copy | None:
    """Filter the event for a holder of what passes, and seal it; None where it has another form than declared."""
    event, people = original.event, [follower.subject_id]
    try:
        opened = event.open(original.body, {each.scope for each in holder.reach}, people)
    except AnswerMalformed as malformed:
        log.warning("an event has another form than declared", kind=event.type, what=malformed.detail)
        return None
    holding = Holding(holder.app_id, holder.platform, holder.external_id, holder.reach)
    passed = render(opened, holding, Said())
    copy_id = new_id("nt", house.entropy)
    sealed = seal_copy(house.vault, holder.grant_id, copy_id, body=passed.body, subjects=people)
    rests_on = frozenset(each.id for each in holder.reach)
    now, through = house.clock.now(), holder.brought_id
    return Copy(copy_id, holder.grant_id, 0, rests_on, sealed, event.type, now, through)
