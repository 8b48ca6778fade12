"""Opaque cursors: where a page of a list ends, as a word for the address."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from gateway.terms.instants import microseconds, moment_of


def write_moment(at: datetime, row_id: str) -> str:
    """Write the place of a row in a list that is ordered by time and id."""
    return urlsafe_b64encode(f"{microseconds(at)} {row_id}".encode()).decode().rstrip("=")


def read_moment(raw_cursor: str) -> tuple[datetime, str] | None:
    """Read what `write_moment` wrote; None for anything else, which shows the first page."""
    try:
        written = urlsafe_b64decode(raw_cursor + "=" * (-len(raw_cursor) % 4)).decode("ascii")
        number, row_id = written.split(" ", 1)
        at = moment_of(int(number))
    except (ValueError, OverflowError):
        return None
    return (at, row_id) if row_id.isprintable() else None


def write_number(number: int) -> str:
    """Write the place of a record in the log."""
    return urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def read_number(raw_cursor: str) -> int | None:
    """Read what `write_number` wrote; None for anything else."""
    try:
        number = int(urlsafe_b64decode(raw_cursor + "=" * (-len(raw_cursor) % 4)).decode("ascii"))
    except ValueError:
        return None
    return number if 0 < number < 1 << 63 else None
