"""What stands beside an app's name wherever people read it: a name that an app chose must not make it another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppLabel:
    """What tells an app from one that it imitates.

    Args:
        is_verified: an operator checked who stands behind it.
        is_dynamic: it registered itself; its name is its own choice.
        where: of such an app the address of its document, or the hosts (private schemes) that its answers go to.
    """

    is_verified: bool
    is_dynamic: bool = False
    where: str = ""


UNVERIFIED = AppLabel(is_verified=False)
"""That of an app of which nothing else is known."""
