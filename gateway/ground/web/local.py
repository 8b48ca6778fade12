"""How times, numbers and spans are written for people: Hanoi time, dd/mm/yyyy HH:MM, dots between thousands (R53)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def local_day(at: datetime) -> date:
    """Return the day on which an aware instant falls in Hanoi."""
    return _local(at).date()


def write_time(at: datetime) -> str:
    """Write an instant as `21/11/2026 10:31`."""
    return f"{_local(at):%d/%m/%Y %H:%M}"


def write_second(at: datetime) -> str:
    """Write an instant to the second, `21/11/2026 10:31:08`."""
    return f"{_local(at):%d/%m/%Y %H:%M:%S}"


def write_clock(at: datetime) -> str:
    """Write the time of day alone, `10:31:08`."""
    return f"{_local(at):%H:%M:%S}"


def write_day(day: date | datetime) -> str:
    """Write a day as `21/11/2026`; an instant is brought to Hanoi first."""
    return f"{local_day(day) if isinstance(day, datetime) else day:%d/%m/%Y}"


def write_machine(at: datetime) -> str:
    """Write an instant for the `datetime` attribute, `2026-11-21T10:31:08+07:00`."""
    return _local(at).isoformat(timespec="seconds")


def write_number(number: int) -> str:
    """Write `1204` as `1.204`, in both languages."""
    return f"{number:,}".replace(",", ".")


def country_name(code: str, lang: str) -> str:
    """Name a country by its ISO 3166 code; an unknown code stands as it is."""
    found: str = Locale(lang).territories.get(code, code)
    return found


def _local(at: datetime) -> datetime:
    """Bring an aware instant to Hanoi; a naive one is a bug and is not guessed at."""
    if at.tzinfo is None:
        raise ValueError("a naive time reached a page")
    return at.astimezone(HANOI)
