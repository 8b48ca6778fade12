"""Instants on paper: as whole microseconds since 1970, for columns and cursors, and as RFC 3339, for what leaves us."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Write an aware datetime as whole microseconds since 1970 (exact, unlike a float timestamp)."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(value: int) -> datetime:
    """Read what `microseconds` wrote.

    Raises:
        OverflowError: no calendar holds it.
    """
    return _EPOCH + value * _MICROSECOND


def write_instant(at: datetime) -> str:
    """Write an instant as RFC 3339, in UTC and to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
