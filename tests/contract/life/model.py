"""What people, apps, operators and time did to one account and one app, and what therefore must be live.

A page of plain Python: what was agreed, and what took it away again. Each act answers whether the gateway must do it,
and if so notes what came of it. Of the gateway it knows how long things last, and nothing else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.acts.decide import DURATIONS
from gateway.records.accounts.types import STANDING_LASTS
from gateway.records.families.types import ACCESS_LASTS, CODE_LASTS, REFRESH_IDLE
from gateway.terms.ids import AskId
from tests.contract.life.calls import Outcome, Way
from tests.contract.life.upstream import Upstream
from tests.contract.steps import ALL, PROFILE
from tests.stand_ins.clock import ManualClock

Names = frozenset[AskId]


@dataclass
class Ask:
    """One ask of the grant: which agreement it rests on, and until when (None: on none)."""

    number: int = 0
    ends_at: datetime | None = None
    is_paused: bool = False

    def stands(self, now: datetime) -> bool:
        """Say whether it is granted or paused, in time."""
        return self.ends_at is not None and self.ends_at > now


@dataclass(eq=False)
class Family:
    """One authorization: the agreements that it reaches, by ask."""

    reaches: Mapping[AskId, int]
    is_over: bool = False


@dataclass(eq=False, repr=False)
class Token:
    """A code, refresh token or access token that the app holds.

    `asks` are those that an access token was narrowed to; `parent` is the refresh token that it came of; `answer` is
    what a used refresh token was exchanged for, until one of the tokens in it is used.
    """

    raw: str
    family: Family
    expires_at: datetime
    asks: Names = frozenset(ALL)
    parent: "Token | None" = None
    is_used: bool = False
    answer: "Token | None" = None

    def __repr__(self) -> str:
        return f"{self.raw[:8]} ({', '.join(sorted(self.asks & self.family.reaches.keys()))})"

    def arrive(self) -> None:
        """Note its use: the answer that brought it cannot have been lost."""
        if self.parent is not None:
            self.parent.answer = None


class Model:
    """The account, the app, and everything between them."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.asks = {name: Ask() for name in ALL}
        self.access: list[Token] = []
        self.upstream = Upstream(clock)
        self.standing_until = self.now
        self.is_suspended = False
        self._families: list[Family] = []
        self._agreements = 0

    # --- what must be so ------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self._clock.now()

    @property
    def has_standing(self) -> bool:
        """Say whether the owner may decide."""
        return self.standing_until > self.now

    @property
    def may_decide(self) -> bool:
        """Say whether the owner can be asked by this app, and may answer."""
        return self.has_standing and not self.is_suspended

    def holds(self, family: Family) -> Names:
        """Name what of a family stands, paused or not: tokens go on for that."""
        return frozenset(
            n for n, k in family.reaches.items() if self.asks[n].number == k and self.asks[n].stands(self.now)
        )

    def foretell(self, token: Token, way: Way, user: str) -> Outcome:
        """Say what comes of a call: what reaches the platform, and what the app gets to see."""
        if token.family.is_over or token.expires_at <= self.now:
            return Outcome.refused("invalid_token")
        if self.is_suspended:
            return Outcome.refused("app_suspended")
        token.arrive()
        held = self.holds(token.family) & token.asks
        live = {name for name in held if self.has_standing and not self.asks[name].is_paused}
        if not way.opened_by & live:
            is_paused = any(self.asks[name].is_paused for name in way.opened_by & held)
            return Outcome.refused("paused" if is_paused else "insufficient_scope")
        arrived, is_answered = self.upstream.pass_on(way.seen(user))
        return Outcome(arrived, way.shown(live), None) if is_answered else Outcome.refused("connection_lost", *arrived)

    # --- what people do -------------------------------------------------------------------------------------------

    def link(self) -> None:
        """The owner proves their standing anew; what lapsed meanwhile does not come back."""
        if not self.has_standing:
            self._end(ALL)
        self.standing_until = self.now + STANDING_LASTS
        self.upstream.link()

    def decide(self, asked: Names, agreed: Names, duration: str, *, is_whole: bool) -> Family | None:
        """The owner answers a request; without what it requires nothing is given, and what stands, stays.

        What stands is decided anew on the whole screen alone; else it is kept as it is, and the app gets it too.
        Nothing new outlasts it.
        """
        kept = frozenset() if is_whole else frozenset(name for name in asked if self.asks[name].stands(self.now))
        if PROFILE in asked - agreed - kept:
            self._end({name for name in asked if not self.asks[name].stands(self.now)})
            return None
        self._agreements += 1
        ends_at = min([self.now + DURATIONS[duration], *self._last_of(kept)])
        for name in asked - kept:
            ask = self.asks[name]
            number = ask.number if name not in agreed or ask.stands(self.now) else self._agreements
            self.asks[name] = Ask(number, ends_at if name in agreed else None)
        self._end_families()
        family = Family({name: self.asks[name].number for name in agreed | kept})
        self._families.append(family)
        return family

    def _last_of(self, kept: Names) -> list[datetime]:
        ends = [ends_at for name in kept if (ends_at := self.asks[name].ends_at) is not None]
        return [max(ends)] if ends else []

    def withdraw(self, names: Collection[AskId]) -> bool:
        """The owner takes these back."""
        chosen = {name for name in names if self.asks[name].ends_at is not None}
        if self.has_standing:
            self._end(chosen)
        return self.has_standing and bool(chosen)

    def pause(self, names: Collection[AskId], *, is_paused: bool) -> bool:
        """The owner holds these back, or lets them through again."""
        each = [self.asks[name] for name in names]
        chosen = [ask for ask in each if ask.stands(self.now) and ask.is_paused is not is_paused]
        for ask in chosen if self.has_standing else ():
            ask.is_paused = is_paused
        return self.has_standing and bool(chosen)

    def shorten(self, lasts: timedelta) -> bool:
        """The owner brings the end nearer."""
        ends_at = self.now + lasts
        chosen = [ask for ask in self.asks.values() if ask.ends_at is not None and ask.ends_at > ends_at]
        for ask in chosen if self.has_standing else ():
            ask.ends_at = ends_at
        return self.has_standing and bool(chosen)

    # --- what the app does ----------------------------------------------------------------------------------------

    def code(self, raw_code: str, family: Family) -> Token:
        """The app gets a code."""
        return Token(raw_code, family, self.now + CODE_LASTS)

    def redeem(self, code: Token) -> bool:
        """The app redeems a code, for the first time or again, which ends the family."""
        if self.is_suspended:
            return False
        code.family.is_over |= code.is_used
        if code.family.is_over or code.expires_at <= self.now or not self.holds(code.family):
            return False
        code.is_used = True
        return True

    def refresh(self, token: Token, asks: Names | None) -> bool:
        """The app refreshes: for a successor, for the answer that it never got, or again, which ends the family."""
        if self.is_suspended or token.family.is_over or token.expires_at <= self.now:
            return False
        if token.is_used and token.answer is None:
            token.family.is_over = True
        holds = self.holds(token.family)
        if token.family.is_over or not holds:
            return False
        if not token.is_used and (asks is None or asks <= holds):
            token.is_used = True
            token.arrive()
            return True
        return token.is_used

    def take(
        self, answer: Mapping[str, Any], family: Family, *, parent: Token | None = None, asks: Names | None = None
    ) -> Token:
        """The app keeps the tokens that it got for a code or for `parent`; return the refresh token."""
        if parent is not None and parent.answer is not None:
            assert answer["refresh_token"] == parent.answer.raw
            return parent.answer
        held = self.holds(family) if asks is None else asks
        last = max(ends_at for name in held if (ends_at := self.asks[name].ends_at) is not None)
        until = min(self.now + ACCESS_LASTS, last)
        self.access.append(Token(answer["access_token"], family, until, asks or frozenset(ALL), parent))
        fresh = Token(answer["refresh_token"], family, min(self.now + REFRESH_IDLE, last), parent=parent)
        if parent is not None:
            parent.answer = fresh
        return fresh

    # --- what else happens ----------------------------------------------------------------------------------------

    def lapse(self) -> None:
        """The owner's standing ends at once; the record follows later."""
        self.standing_until = min(self.standing_until, self.now)

    def expire(self) -> None:
        """The gateway writes down what time has ended."""
        self._end({name for name, ask in self.asks.items() if not (self.has_standing and ask.stands(self.now))})

    def _end(self, names: Collection[AskId]) -> None:
        for name in names:
            self.asks[name] = Ask(self.asks[name].number)
        self._end_families()

    def _end_families(self) -> None:
        for family in self._families:
            mine = [self.asks[name] for name, number in family.reaches.items() if self.asks[name].number == number]
            family.is_over |= all(ask.ends_at is None for ask in mine)
