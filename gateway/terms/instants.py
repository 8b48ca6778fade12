"""Instants on paper: as whole microseconds since 1970, for columns and cursors, and as RFC 3339, for what leaves us."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Write an aware datetime as whole microseconds since 1970 (exact, unlike a float timestamp)."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(value: int) -> datetime:
    """Read what `microseconds` wrote.

    Raises:
        OverflowError: no calendar holds it.
    """
    return _EPOCH + value * _MICROSECOND


def is_credible(moment: datetime) -> bool:
    """Say whether a gateway can have meant this: what was changed in a database may name any year, or the first."""
    return EARLIEST <= moment < LATEST


def nearest_moment(raw_value: object) -> datetime:
    """Return a time that cursors can go on from; what is no time stands where it is sorted, and pages show none."""
    if isinstance(raw_value, int):
        return moment_of(min(max(raw_value, microseconds(_FIRST)), microseconds(_LAST)))
    return _LAST


def write_instant(at: datetime) -> str:
    """Write an instant as RFC 3339, in UTC and to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
