"""From the consent form to what the person said, or to what was unclear about it."""

from dataclasses import dataclass

from gateway.acts.decide import DURATIONS
from gateway.doors.person.chosen import Chosen
from gateway.doors.person.drawing import screen_durations
from gateway.doors.person.screen import Screen
from gateway.ground.web.forms import Form
from gateway.terms.ids import AccountId, AskId
from gateway.terms.refusal import Refusal

SHORTEST = min(DURATIONS, key=DURATIONS.__getitem__)
SEEN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What was said.

    Args:
        ask_ids: the asks ticked, or what stands where there was none to tick; empty is a refusal.
        duration: a code of `DURATIONS`, or `STANDING`.
        account_id: one of the person's own, or None.
        is_complete: every required ask is ticked.
        chosen: what was ticked on the screen before linking, where this reply confirms it.
        seen: the version of the grant on the page that was answered, if it said one.
    """

    ask_ids: frozenset[AskId]
    duration: str
    account_id: AccountId | None
    is_complete: bool
    chosen: Chosen | None = None
    seen: int | None = None

    @property
    def is_agreed(self) -> bool:
        """Whether anything is to be granted: no tick, or a required ask without one, gives nothing."""
        return bool(self.ask_ids) and self.is_complete


class UnclearReply(Exception):
    """The form does not say what to do; nothing is decided and the screen asks again, naming the `error`."""

    def __init__(self, screen: Screen, error: str, chosen: Chosen | None = None) -> None:
        super().__init__(error)
        self.screen = screen
        self.error = error
        self.chosen = chosen


def read_reply(form: Form, screen: Screen, chosen: Chosen | None) -> Reply:
    """Read the decision.

    A form without ticks but with an account confirms what was chosen before linking; the screen with ticks never sends
    that while such a choice is kept.

    Raises:
        UnclearReply: `outdated`, `unreadable`, `unknown_ask`, `unknown_duration`, `no_account`.
        Refusal: `bad_form`.
    """
    decision = form.get_one("decision")
    _check_said(form, screen, chosen)
    account_id = find_account(form, screen)
    if decision == "refuse":
        return Reply(frozenset(), SHORTEST, account_id, is_complete=True)
    if decision != "agree":
        raise Refusal("bad_form", "decision is agree, refuse, look, choose or stay")
    ticked = frozenset(AskId(ask) for ask in form.list("ask"))
    is_confirming = chosen is not None and not ticked and "account" in form
    if chosen is not None and is_confirming:
        ticked = chosen.ask_ids
    named = chosen.duration if chosen and is_confirming else form.find("duration")
    duration = SHORTEST if named is None else named
    _check_offered(screen, ticked, duration)
    if screen.face == "short":
        ticked, duration = screen.kept, SHORTEST
    is_complete = screen.required <= ticked
    seen = _find_seen(form, screen)
    reply = Reply(ticked, duration, account_id, is_complete, chosen if is_confirming else None, seen)
    if reply.is_agreed and named is None and screen.face == "asks":  # for how long is the person's to say
        raise UnclearReply(screen, "unknown_duration")
    if reply.is_agreed and screen.held and account_id is None:
        raise UnclearReply(screen, "no_account", reply.chosen)
    return reply


def _check_said(form: Form, screen: Screen, chosen: Chosen | None) -> None:
    """Ask again, whatever was pressed, where the app says other things of itself than on the page that was answered."""
    if (form.find("said") or None) != screen.said or (chosen is not None and chosen.said != screen.said):
        raise UnclearReply(screen, "outdated")


def _check_offered(screen: Screen, ticked: frozenset[AskId], duration: str) -> None:
    """Refuse what no face of this screen offers; ticking what stands says nothing new, and does nothing."""
    if screen.face in {"account", "cool_down"} or not ticked <= screen.offered | screen.kept:
        raise UnclearReply(screen, "unknown_ask")
    # The shortest is taken always: beside what ends sooner it is cut to that (ADR 0019).
    if screen.face == "asks" and duration not in {SHORTEST, *(offer.value for offer in screen_durations(screen))}:
        raise UnclearReply(screen, "unknown_duration")


def _find_seen(form: Form, screen: Screen) -> int | None:
    """Read which version the person saw; a form may do without, and one that says none of ours was not made by us."""
    raw_seen = form.find("seen")
    if raw_seen is None:
        return None
    if not (raw_seen.isascii() and raw_seen.isdigit() and len(raw_seen) < SEEN_DIGITS):
        raise UnclearReply(screen, "unreadable")
    return int(raw_seen)


def find_account(form: Form, screen: Screen) -> AccountId | None:
    """Find the account named, if it is one that the person may decide for."""
    named = form.find("account")
    return next((account.id for account, _ in screen.held if account.id == named), None)
