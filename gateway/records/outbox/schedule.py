"""When a notice is tried again: soon at first, then ever later, over three days; and how many of one app at once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Protocol, TypeVar

from gateway.terms.entropy import Entropy
from gateway.terms.ids import AppId

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.1
"""A wait is up to a tenth longer, so that what failed together does not return together."""
LONGEST_WISH = timedelta(hours=24)


class _OfApp(Protocol):
    @property
    def app_id(self) -> AppId: ...


T = TypeVar("T", bound=_OfApp)


def spread(found: Iterable[T], under_way: Mapping[AppId, int], most_of_one: int) -> list[T]:
    """Leave out what is too much of one app, so that no endpoint holds up the others."""
    counts, chosen = Counter(under_way), []
    for each in found:
        counts[each.app_id] += 1
        if counts[each.app_id] <= most_of_one:
            chosen.append(each)
    return chosen


def find_delay(tries: int, entropy: Entropy, *, wish_seconds: int = 0) -> timedelta | None:
    """Return how long to wait after so many tries; None when the last was made.

    What was given up and is sent again by hand has all waits before it once more.

    Args:
        tries: how many were made, 1 or more, those before it was last given up too.
        entropy: for the jitter.
        wish_seconds: the receiver's `Retry-After`; heeded where it is longer, up to a day.
    """
    made = tries % (len(DELAYS) + 1)
    if made == 0:
        return None
    share = int.from_bytes(entropy.token(2)) / 0xFFFF
    delay = DELAYS[made - 1] * (1 + JITTER * share)
    return max(delay, min(timedelta(seconds=wish_seconds), LONGEST_WISH))
