"""A copy, opened for one try: filtered once more by what stands now, and held so that it can be cut at once (I1)."""

import asyncio
from dataclasses import dataclass, field

from gateway.acts import House
from gateway.authority.bases import Holding, count_by_evidence, count_withheld, may_hear, render
from gateway.authority.facts import Reach
from gateway.authority.holders import Holder, find_holder
from gateway.ground.vault.sealing import Unsealable
from gateway.records.outbox.copies import open_copy
from gateway.records.outbox.types import Copy
from gateway.records.trace.types import Line
from gateway.terms.ids import AskId, PermissionId, TraceId, new_id
from scopes import AnswerMalformed, Catalogue, Event


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out of a copy now, and what that rests on.

    Args:
        copy: the copy.
        event: what the catalogue says of it.
        holder: whose grant it is.
        permission_ids, ask_ids: what lets it through.
        body: the platform's words, filtered.
        people: how many people it is about.
        asked: those of them whose own word counts; nobody's where it tells just that they say no.
        withheld: how many declared members this app may not see.
        by_evidence: of how many the consent was brought in.
    """

    copy: Copy
    event: Event
    holder: Holder
    permission_ids: frozenset[PermissionId]
    ask_ids: tuple[AskId, ...]
    body: bytes = field(repr=False)
    people: int
    asked: frozenset[str] = field(repr=False)
    withheld: int
    by_evidence: int


class Stopped(Exception):
    """What a parcel rests on ended before a byte of it was sent."""


async def open_parcel(house: House, catalogue: Catalogue, copy: Copy) -> Parcel | None:
    """Open a copy by what stands now; None where nothing of it may go out any more.

    Raises:
        Unavailable: the authority gave no answer; nothing may go out.
    """
    event = _find_event(catalogue, copy.event)
    holder = await find_holder(house.storage, copy.grant_id, denied=house.in_flight.denied)
    if event is None or holder is None or holder.brought_id != copy.brought_id:
        return None
    live = _list_live(house, event, copy, holder)
    scopes = frozenset(each.scope for each in live)
    holding = Holding(holder.app_id, holder.platform, holder.external_id, live)
    try:
        body, subjects = open_copy(house.vault, copy.grant_id, copy.id, copy.sealed)
        opened = event.open(body, scopes, subjects)
    except (Unsealable, AnswerMalformed):
        return None
    asked = holding.ask(() if event.ends_consent else subjects)
    said = await house.words.find(asked)
    if not may_hear(event, holding, asked, said):
        return None
    passed = render(opened, holding, said)
    return Parcel(
        copy=copy,
        event=event,
        holder=holder,
        permission_ids=frozenset(each.id for each in live),
        ask_ids=tuple(sorted(each.ask_id for each in live)),
        body=passed.body,
        people=len(subjects),
        asked=asked.people,
        withheld=count_withheld(event.answer, live).count,
        by_evidence=count_by_evidence(holding, asked, said),
    )


def line_of(house: House, parcel: Parcel) -> Line:
    """Return the trace line of one try; its request is the `webhook-id` that the app gets."""
    holder = parcel.holder
    return Line(
        id=TraceId(new_id("tr", house.entropy)),
        request_id=parcel.copy.id,
        app_id=holder.app_id,
        grant_id=holder.grant_id,
        account_id=holder.account_id,
        family_id=None,
        platform=holder.platform,
        route=parcel.event.id,
        ask_ids=parcel.ask_ids,
        opened_at=house.clock.now(),
    )


class Hold:
    """One try's hold on the wire: its last check, and how it is cut."""

    def __init__(self, house: House, catalogue: Catalogue, parcel: Parcel) -> None:
        self._house = house
        self._catalogue = catalogue
        self._parcel = parcel
        self._transport: asyncio.Transport | None = None
        self.is_cut = False

    async def check_last(self, transport: asyncio.Transport | None) -> None:
        """Let bytes follow only if the same would go out of it now: nothing ended, and nobody in it said no.

        Raises:
            Stopped: it would not.
            Unavailable: the authority gave no answer.
        """
        parcel = self._parcel
        fresh = await open_parcel(self._house, self._catalogue, parcel.copy)
        is_same = fresh is not None and parcel.permission_ids <= fresh.permission_ids and fresh.body == parcel.body
        if self.is_cut or not is_same:
            raise Stopped
        self._transport = transport

    def cut(self) -> None:
        """Stop; after this returns no byte of it reaches the kernel."""
        self.is_cut = True
        if self._transport is not None:
            self._transport.abort()


def _list_live(house: House, event: Event, copy: Copy, holder: Holder) -> list[Reach]:
    """List what lets it through: of what stands now, what it was kept under; a later decision reaches no older copy."""
    live = holder.list_live(event.scopes, house.clock.now())
    return [each for each in live if each.id in copy.rests_on]


def _find_event(catalogue: Catalogue, event_type: str) -> Event | None:
    platform_id, _, event_id = event_type.partition(".")
    platform = catalogue.platforms.get(platform_id)
    return None if platform is None else platform.events.get(event_id)
