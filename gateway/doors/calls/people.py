"""The people whom a call is about: what of them passes, and what may be done to them (ADR 0031).

Everyone is noted in the register of calls before their word is asked for: who says no in between cuts the call (I1).
"""

from gateway.authority.bases import Holding, Withheld
from gateway.authority.verdict import Verdict
from gateway.doors import is_about_people
from gateway.doors.calls.admission import Outgoing
from gateway.doors.calls.door import CallsDoor
from gateway.records.accounts.pairs import look_up_known_otherwise
from gateway.records.apps.types import Basis
from gateway.terms.refusal import Refusal
from scopes import Route


def say_withheld(withheld: Withheld) -> dict[str, str]:
    """Return the header that says what was withheld; none where everything is seen."""
    reasons = {"scope": withheld.by_scope, "subject": withheld.by_subject}
    named = ",".join(reason for reason, count in reasons.items() if count)
    return {"Quyen-Withheld": f'{withheld.count}; reasons="{named}"'} if named else {}


def holding_of(verdict: Verdict) -> Holding:
    """Return what a verdict lets an app have at the account."""
    facts = verdict.facts
    return Holding(facts.app_id, facts.platform, facts.external_id, verdict.reach)


async def check_people(door: CallsDoor, verdict: Verdict, route: Route, *, outgoing: Outgoing, noted: set[str]) -> None:
    """Let nothing be done to people without a basis for it, nor to who said no to the app and yes to nothing (R61).

    What a call reads is masked when it is there. A file names nobody, nor does a write about everyone, or about
    somebody whom the platform does not know yet: these pass where nobody is asked.

    Raises:
        Refusal: `no_basis`.
        Unavailable: nobody's word can be had; nothing is sent.
    """
    opening = [reach for reach in verdict.reach if reach.scope in outgoing.done_by]
    others = [reach for reach in opening if is_about_people(door.catalogue, reach.scope)]
    asked = holding_of(verdict).ask(outgoing.subjects)
    people, is_write = asked.people, route.kind == "write" and not route.serves_subject
    if people and (is_write or route.answer.about_named):
        await _check_own_ids(door, verdict, people)
    names_nobody = route.answer.is_binary or (is_write and not people)
    if names_nobody and any(reach.basis != Basis.CONTRACT for reach in others):
        raise Refusal("no_basis")
    if not is_write or not people:
        return
    noted.update(people)
    said = await door.house.words.find(asked)
    has_all = all(people <= said.list_passing(reach.ask_id, reach.basis, people) for reach in others)
    if not has_all or any(said.has_only_refused(person) for person in people):
        raise Refusal("no_basis")


async def _check_own_ids(door: CallsDoor, verdict: Verdict, named: frozenset[str]) -> None:
    """Refuse the id by which somebody signs in: what they said stands under the id by which the account knows them.

    A write, and an answer that names nobody, is judged by what the call wrote; the platform may know one by both.
    """
    if await look_up_known_otherwise(door.house.storage, door.house.vault, verdict.facts.account_id, named):
        raise Refusal("no_basis")
