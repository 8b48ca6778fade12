"""Budgets: a platform's limit on what one upstream app may call, shared fairly among the apps that call through it.

An eighth is kept for apps that have not called yet: the first of them to come begin on it. Of the rest each app that
called within the window owns an equal share, and may use what the others leave, but not what one of them has not used
of its own. What was used before somebody came is theirs only as the window moves on. The platform has no reason to
refuse.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from math import ceil

from gateway.terms.clock import Clock

SLOTS = 60
NEWCOMERS = 8
"""One part in so many of each budget is kept for apps that have not called yet."""
MOST_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an app may still send now.

    Args:
        budget: of which it is.
        left: calls that would pass if they came now.
        resets_seconds: after so many seconds something that the app used is free again, or, where it has used nothing,
            something that others used; 0 where nothing is used.
        is_granted: whether this call was among them; it is counted then.
    """

    budget: Budget
    left: int
    resets_seconds: int
    is_granted: bool


@dataclass(slots=True)
class _Spent:
    """What was sent within one window: by slot of time, oldest first, and in all."""

    slots: deque[tuple[int, Counter[str]]] = field(default_factory=deque)
    total: Counter[str] = field(default_factory=Counter)

    def forget(self, before: int) -> None:
        """Forget the slots before one."""
        while self.slots and self.slots[0][0] < before:
            self.total -= self.slots.popleft()[1]  # drops who has none left

    def add(self, slot: int, app_id: str) -> None:
        """Count a call."""
        if not self.slots or self.slots[-1][0] != slot:
            self.slots.append((slot, Counter()))
        self.slots[-1][1][app_id] += 1
        self.total[app_id] += 1

    def count_left(self, app_id: str, calls: int) -> int:
        """Count what the app may still send."""
        own, used, for_newcomers = self.total[app_id], self.total.total(), calls // NEWCOMERS
        share = (calls - for_newcomers) // len({*self.total, app_id})
        kept = sum(max(share - theirs, 0) for other, theirs in self.total.items() if other != app_id)
        kept += for_newcomers if own else 0
        return max(min(calls - used, max(share - own, calls - used - kept)), 0)


class Budgets:
    """What the apps of this process sent on each upstream app, or account, that has a limit.

    Args:
        clock: its boot-time reading is used: setting the wall clock frees nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[tuple[str, Budget], _Spent] = {}

    def __len__(self) -> int:
        """Count the limits that something is used of."""
        return len(self._spent)

    def take(self, key: str, app_id: str, budget: Budget) -> Allowance:
        """Count a call of the app, if there is one left for it.

        Args:
            key: the upstream app or account whose limit it is.
            app_id: who calls.
            budget: the limit. Time is counted in sixtieths of its window, the one that began counting whole.
        """
        now, width = self._clock.boottime(), budget.seconds / SLOTS
        slot = int(now / width)
        if (key, budget) not in self._spent and len(self._spent) >= MOST_KEYS:
            self._forget_idle(now)
        spent = self._spent.setdefault((key, budget), _Spent())
        spent.forget(slot - SLOTS)
        is_granted = spent.count_left(app_id, budget.calls) > 0
        if is_granted:
            spent.add(slot, app_id)
        oldest = next((at for at, counts in spent.slots if app_id in counts), None)
        if oldest is None and spent.slots:
            oldest = spent.slots[0][0]
        resets = 0 if oldest is None else ceil((oldest + SLOTS + 1) * width - now)
        return Allowance(budget, spent.count_left(app_id, budget.calls), resets, is_granted)

    def _forget_idle(self, now: float) -> None:
        for (key, budget), spent in list(self._spent.items()):
            spent.forget(int(now / (budget.seconds / SLOTS)) - SLOTS)
            if not spent.slots:
                del self._spent[key, budget]
