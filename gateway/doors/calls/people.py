"""The people whom a call is about: what of them passes, and what may be done to them (ADR 0031).

Everyone is noted in the register of calls before their word is asked for: who says no in between cuts the call (I1).
"""

from dataclasses import dataclass

from gateway.authority.bases import Asked, People, Said, Words
from gateway.authority.verdict import Verdict
from gateway.doors.calls.door import CallsDoor
from gateway.records.apps.types import Basis
from gateway.terms.refusal import Refusal
from scopes import ANY, Answer, Filtered, Opened, Route


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many declared members a token cannot see: for want of a scope, and for each person's own consent (I10)."""

    by_scope: int
    by_subject: int

    @property
    def count(self) -> int:
        """How many in all."""
        return self.by_scope + self.by_subject

    @property
    def header(self) -> dict[str, str]:
        """The header that says so; none where everything is seen."""
        reasons = {"scope": self.by_scope, "subject": self.by_subject}
        named = ",".join(reason for reason, count in reasons.items() if count)
        return {"Quyen-Withheld": f'{self.count}; reasons="{named}"'} if named else {}


def count_withheld(answer: Answer, verdict: Verdict) -> Withheld:
    """Count by declaration, never by what an answer held."""
    opened = verdict.open_scopes
    asked_for = {reach.scope for reach in verdict.reach if reach.basis != Basis.CONTRACT}
    return Withheld(answer.declared_withheld(opened), answer.declared_resting(opened, asked_for))


async def show_people(door: CallsDoor, verdict: Verdict, opened: Opened, noted: set[str]) -> Filtered:
    """Write an answer in which everyone without a basis is masked; one look-up for all of them, none for nobody.

    Raises:
        Unavailable: nobody's word can be had; nothing passes.
    """
    if not opened.rests_on_people:
        return opened.write()
    people = frozenset(opened.subjects) - {verdict.facts.external_id}
    noted.update(people)
    return opened.render(_with_basis(verdict, await _find_said(door, verdict, people), people))


async def check_people(
    door: CallsDoor, verdict: Verdict, route: Route, *, named: frozenset[str], noted: set[str]
) -> None:
    """Let nothing be done to people without a basis for it, nor to who said no to the app and yes to nothing (R61).

    What a call reads is masked when it is there; a file names nobody, so it passes where nobody is asked.

    Raises:
        Refusal: `no_basis`.
        Unavailable: nobody's word can be had; nothing is sent.
    """
    others = [
        reach for reach in verdict.reach if reach.scope in route.opened_by and _is_about_others(door, reach.scope)
    ]
    if route.answer.is_binary and any(reach.basis != Basis.CONTRACT for reach in others):
        raise Refusal("no_basis")
    people = named - {verdict.facts.external_id}
    if route.kind != "write" or route.serves_subject or not people:
        return
    noted.update(people)
    said = await _find_said(door, verdict, people)
    has_all = all(people <= said.list_passing(reach.ask_id, reach.basis, people) for reach in others)
    if not has_all or any(said.has_only_refused(person) for person in people):
        raise Refusal("no_basis")


async def _find_said(door: CallsDoor, verdict: Verdict, people: People) -> Said:
    house, facts = door.house, verdict.facts
    words = Words(house.storage, house.clock, house.vault, house.in_flight.denied, house.in_flight.recalled)
    return await words.find(Asked(facts.app_id, facts.platform, facts.external_id, people))


def _with_basis(verdict: Verdict, said: Said, people: People) -> dict[str, People]:
    """Return whose data may pass by each open scope; the account itself is nobody whom anyone asks."""
    itself = {verdict.facts.external_id}
    passing = {reach.scope: said.list_passing(reach.ask_id, reach.basis, people) | itself for reach in verdict.reach}
    return {**passing, ANY: frozenset[str]().union(*passing.values())}


def _is_about_others(door: CallsDoor, scope_id: str) -> bool:
    scope = door.catalogue.scopes.get(scope_id)
    return scope is not None and scope.whose == "subject"
