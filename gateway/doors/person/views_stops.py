"""What the people's pages show of what stops an app although a consent stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing passes under a consent that stands.

    Args:
        why: `suspended`: an operator stopped the app (R82); `lost`: the platform refuses the account's connection;
            `unlinked`: there is none, or none through the upstream app that the app brought.
        since: when; None where nobody knows any more.
        reason: the operator's own words, or "".
        was_restored: a restore lost since when and why.
        through: name of the app that brought an upstream app, which the connection is through; or "".
        app: its name, where the page is about several; or "".
    """

    why: Literal["suspended", "lost", "unlinked"]
    since: datetime | None = None
    reason: str = ""
    was_restored: bool = False
    through: str = ""
    app: str = ""
