"""Looks of a few minutes ago: who loads the page again, or turns it, looks at what they looked at, and is told of once.

Kept in this process alone: another one, or one that was started anew, records a look once more, which hides nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gateway.acts.look_up import Looker
from gateway.terms.clock import Clock

LASTS_SECONDS = 300
MOST = 1000
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class RecentLooks:
    """Which operator looked for what and why, until when it is the same look."""

    clock: Clock
    _until: dict[_Key, float] = field(default_factory=dict, init=False)

    @contextmanager
    def noting(self, looker: Looker, sought: str) -> Iterator[Looker]:
        """Yield the looker as one who looks again, if it is so; a look that failed is none to come back to.

        Nor is one that found nobody: it may find somebody the next time, who has to read of it.
        """
        is_again = self._until.get(_key_of(looker, sought), 0.0) > self.clock.boottime()
        yield replace(looker, is_again=is_again)
        self._add(looker, sought)

    def _add(self, looker: Looker, sought: str) -> None:
        """Remember a look that was recorded; it is not made longer by being repeated."""
        now = self.clock.boottime()
        for over in [key for key, until in self._until.items() if until <= now]:
            del self._until[over]
        if len(self._until) < MOST:  # beyond that each is recorded
            self._until.setdefault(_key_of(looker, sought), now + LASTS_SECONDS)


def _key_of(looker: Looker, sought: str) -> _Key:
    return looker.person_id, sought, looker.reason.text
