"""What the people's pages show, part five: the ways in which a person signs in, and what follows a sign-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class WayRow:
    """One identity at the provider.

    Args:
        subject: the provider's name for the person; the value of the field that unlinks it.
        by_operator: an operator tied it, and stands for it.
        is_present: this very session rests on it.
    """

    subject: str
    linked_at: datetime
    by_operator: bool = False
    is_present: bool = False


@dataclass(frozen=True, slots=True)
class WaysView:
    """`/sign-in/ways`: how the person can sign in.

    Args:
        provider: its name in the page's language.
        login: the name beside the password; empty: no password.
        may_link: staff may not; an operator does it for them.
        may_unlink: more than one way is left.
        done: `linked`, `unlinked` or "".
    """

    TEMPLATE: ClassVar[str] = "person/ways.html"
    provider: str
    login: str
    rows: Sequence[WayRow]
    may_link: bool
    may_unlink: bool
    done: str = ""


@dataclass(frozen=True, slots=True)
class SignedOutView:
    """`/signed-out`: after a session that began at the provider.

    Args:
        provider: its name in the page's language.
        url: where the session there can be ended; empty: it has no such page, or is silent.
    """

    TEMPLATE: ClassVar[str] = "person/signed_out.html"
    provider: str
    url: str
