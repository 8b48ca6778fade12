"""How times, numbers and spans are written for people: Hanoi time, dd/mm/yyyy HH:MM, dots between thousands (R53).

A time that nobody can have meant, as it stands in a row that was changed, is a dash.
"""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale

from gateway.terms.instants import is_credible

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
UNREADABLE: Final = "–"


def local_day(at: datetime) -> date | None:
    """Return the day on which an aware instant falls in Hanoi; None for one that nobody can have meant."""
    local = _find_local(at)
    return local and local.date()


def write_time(at: datetime) -> str:
    """Write an instant as `21/11/2026 10:31`."""
    return _written(at, "%d/%m/%Y %H:%M")


def write_second(at: datetime) -> str:
    """Write an instant to the second, `21/11/2026 10:31:08`."""
    return _written(at, "%d/%m/%Y %H:%M:%S")


def write_clock(at: datetime) -> str:
    """Write the time of day alone, `10:31:08`."""
    return _written(at, "%H:%M:%S")


def write_day(day: date | datetime | None) -> str:
    """Write a day as `21/11/2026`; an instant is brought to Hanoi first."""
    written = local_day(day) if isinstance(day, datetime) else day
    return UNREADABLE if written is None else f"{written:%d/%m/%Y}"


def write_machine(at: datetime) -> str:
    """Write an instant for the `datetime` attribute, `2026-11-21T10:31:08+07:00`; empty for a dash."""
    local = _find_local(at)
    return "" if local is None else local.isoformat(timespec="seconds")


def write_number(number: int) -> str:
    """Write `1204` as `1.204`, in both languages."""
    return f"{number:,}".replace(",", ".")


def country_name(code: str, lang: str) -> str:
    """Name a country by its ISO 3166 code; an unknown code stands as it is."""
    found: str = Locale(lang).territories.get(code, code)
    return found


def _written(at: datetime, form: str) -> str:
    local = _find_local(at)
    return UNREADABLE if local is None else local.strftime(form)


def _find_local(at: datetime) -> datetime | None:
    """Bring an aware instant to Hanoi, if it is one to believe; a naive one is a bug and is not guessed at."""
    if at.tzinfo is None:
        raise ValueError("a naive time reached a page")
    return at.astimezone(HANOI) if is_credible(at) else None
