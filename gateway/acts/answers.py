"""Answers to requests: what a person sent, and what it means for the grant that it is about. Pure, for `decide`."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.records.apps.statements import Statement
from gateway.records.apps.types import Ask, Basis
from gateway.records.grants import transitions
from gateway.records.grants.difference import end_beside, list_kept, list_reached
from gateway.records.grants.types import Change, Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.requests.sign_in import SignIn
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import AccountId, AskId, PermissionId, PersonId
from gateway.terms.resources import Resources

DURATIONS = {f"P{days}D": timedelta(days=days) for days in (1, 30, 90, 180, 365)}
STANDING = "standing"
"""The code beside those of `DURATIONS` that a screen offers: until the last of what stands ends, to the microsecond."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person sent: the asks they said yes to (none is a refusal), for which account, for how long.

    Args:
        account_id: None for a refusal that names none.
        agreed: what was ticked; where there was nothing to tick, what stands already and goes on.
        lasts: for how long, though never beyond what stands beside it; None: exactly as long as that.
        notice: the text that they saw, in `language`; it is archived.
        seen_version: the grant's version that the screen was drawn from; None: nobody asks for it.
        seen_statement: the digest of what a dynamic app said of itself on the screen; None: nobody asks for it.
        sign_in: the session that decides.
    """

    person_id: PersonId
    account_id: AccountId | None
    agreed: frozenset[AskId]
    lasts: timedelta | None
    notice: str
    language: str
    seen_version: int | None = None
    seen_statement: str | None = None
    sign_in: SignIn | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A request that may be decided, what it asks, the answer to it, and which asks stand and are not asked about.

    The person saw the screen last at `seen_at`.
    """

    request: AuthorizationRequest
    asks: tuple[Ask, ...]
    answer: Answer
    at: datetime
    seen_at: datetime
    kept: frozenset[AskId] = frozenset()
    statement: Statement | None = None
    """What a dynamic app says of itself; the decision rests on it."""

    @property
    def given(self) -> frozenset[AskId]:
        """The asks that the app may rely on after an agreement: what was said yes to, and what stood all along."""
        return self.answer.agreed | self.kept

    @property
    def is_incomplete(self) -> bool:
        """Say whether something was ticked, but not all that is required."""
        return bool(self.answer.agreed) and any(ask.is_required and ask.id not in self.given for ask in self.asks)

    @property
    def is_refused(self) -> bool:
        """Say whether nothing is given: no tick, or a required ask left out."""
        return not self.answer.agreed or self.is_incomplete

    def about(self, grant: Grant, at: datetime) -> "Case":
        """Return the case as decided at `at`, with what stands in this grant; the whole screen asks about that too."""
        meanings = {ask.id: ask.meaning for ask in self.asks}
        kept = list_kept(grant, meanings, self.seen_at, narrowed_to=self.request.narrowed_to)
        return replace(self, at=at, kept=frozenset() if self.request.is_full else kept)

    def reached(self, grant: Grant) -> dict[PermissionId, Resources]:
        """Return what the tokens of the answer reach."""
        return list_reached(grant, self.given, self.at, narrowed_to=self.request.narrowed_to)

    def kind_of(self, change: Change) -> Kind:
        """Name what the answer did; to go on with what stands, and no more, decides nothing and is no consent."""
        if self.is_refused:
            return Kind.REFUSED
        return Kind.DECIDED if change.changed or change.added else Kind.RECONNECTED

    def decision_on(self, grant: Grant) -> transitions.Decision:
        """Return what the answer means for a grant: the asks named in it are those that stood as boxes."""
        named = [ask for ask in self.asks if ask.id not in self.kept]
        return transitions.Decision(
            tuple(choice for ask in named if (choice := self._choice_on(grant, ask))),
            self.answer.person_id,
            seen_at=self.seen_at,
            at=self.at,
            ends_at=self.ends_at(grant),
        )

    def ends_at(self, grant: Grant) -> datetime:
        """Return when what is newly agreed to ends."""
        return end_beside(grant, self.kept, lasts=self.answer.lasts, at=self.at)

    def is_outdated(self, grant: Grant) -> bool:
        """Say whether an agreement rests on what is over: another version of the grant, or an end that has come."""
        if self.is_refused:
            return False
        is_over = bool(self.answer.agreed - self.kept) and self.ends_at(grant) <= self.at
        return is_over or self.answer.seen_version not in {None, grant.version}

    def _choice_on(self, grant: Grant, ask: Ask) -> transitions.Choice | None:
        """Return what is decided on one ask; what stands ends only by the whole screen, and never by a refusal.

        What was brought in without them is no answer of theirs: theirs, yes or no, takes its place.
        """
        is_agreed = not self.is_refused and ask.id in self.answer.agreed
        may_end = self.request.is_full and not self.is_refused
        before = grant.find(ask.id)
        is_theirs = before is not None and before.basis != Basis.IMPORTED and before.is_standing(self.at)
        if not is_agreed and not may_end and is_theirs:
            return None
        wanted = self.request.narrowed_to.get(ask.id)
        return transitions.Choice(ask.id, ask.scope, ask.scope_version, ask.purpose, is_agreed, wanted, ask.basis)
