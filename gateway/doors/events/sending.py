"""One try: a signed body to an app's endpoint, within every bound; the same for notices and for copies of events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.ground.fetching.checking import LastCheck
from gateway.ground.fetching.fetcher import Fetched, Fetcher, FetchFailed
from gateway.records.outbox.types import Tried

MOST_WISH_DIGITS = 6
_WISHES = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Signed:
    """What is sent: a body, and the headers that sign it."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


async def send(
    fetcher: Fetcher, url: str, signed: Signed, *, seconds: float, last_check: LastCheck | None = None
) -> Tried:
    """Send once, and say how it went; what `last_check` raises comes out, and nothing was sent."""
    try:
        answer = await fetcher.post(url, signed.body, headers=signed.headers, seconds=seconds, last_check=last_check)
    except FetchFailed as failed:
        return Tried(None, failed.why.value)
    return Tried(answer.status, wish_seconds=_wish_of(answer))


def _wish_of(answer: Fetched) -> int:
    """Return the seconds of `Retry-After`, where the answer is one that may carry it; a date is not heeded."""
    raw_wish = answer.headers.get("retry-after", "")
    is_number = raw_wish.isascii() and raw_wish.isdecimal() and len(raw_wish) <= MOST_WISH_DIGITS
    return int(raw_wish) if answer.status in _WISHES and is_number else 0
