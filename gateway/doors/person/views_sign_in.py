"""What the people's pages show, part five: the ways in which a person signs in, and what follows a sign-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class ProviderButton:
    """One provider, as a button.

    Args:
        slug: its word in addresses and forms.
        name: what it is called, in the page's language.
        is_for_followers: it stands apart, below the password.
    """

    slug: str
    name: str
    is_for_followers: bool = False


@dataclass(frozen=True, slots=True)
class WayRow:
    """One identity at a provider.

    Args:
        provider: whose.
        subject: the provider's name for the person; the value of the field that unlinks it.
        by_operator: an operator tied it, and stands for it.
        is_present: this very session rests on it.
    """

    provider: ProviderButton
    subject: str
    linked_at: datetime
    by_operator: bool = False
    is_present: bool = False


@dataclass(frozen=True, slots=True)
class WaysView:
    """`/sign-in/ways`: how the person can sign in.

    Args:
        providers: where a way can be added.
        login: the name beside the password; empty: no password.
        shut: why nothing can be added: `staff` (an operator does it for them), `unproven` (none of their ways says when
            they were asked, so a stolen session could); empty: it can.
        may_unlink: more than one way is left, and they can prove who they are.
        done: `linked`, `unlinked` or "".
    """

    TEMPLATE: ClassVar[str] = "person/ways.html"
    providers: Sequence[ProviderButton]
    login: str
    rows: Sequence[WayRow]
    shut: Literal["", "staff", "unproven"] = ""
    may_unlink: bool = False
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
