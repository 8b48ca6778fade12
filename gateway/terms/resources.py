"""To which resources something is narrowed (RFC 9396): ids of one kind, such as rooms, as the platform writes them.

None is no narrowing: all that there are, also those that come later. A set names some; an empty one lets nothing
through. What a token may reach is what everything above it has in common, so nothing below can widen it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.terms.ids import AskId

Resources = frozenset[str] | None


def covers(held: Resources, wanted: Resources) -> bool:
    """Say whether everything that is wanted is held."""
    return held is None or (wanted is not None and wanted <= held)


def in_common(one: Resources, other: Resources) -> Resources:
    """Return what both let through."""
    if one is None or other is None:
        return one if other is None else other
    return one & other


def in_words(resources: Resources) -> str | None:
    """Write them in their one spelling, for the database and the grant log: sorted, a space between two."""
    return None if resources is None else " ".join(sorted(resources))


@dataclass(frozen=True, slots=True)
class Details:
    """An app's `authorization_details`, read: each ask named, with the resources wanted; and the account, if one is.

    `account` is the platform's own id of it.
    """

    resources: Mapping[AskId, Resources]
    account: str | None = None

    @property
    def narrowed_to(self) -> dict[AskId, frozenset[str]]:
        """The asks that are wanted for some resources only."""
        return {ask_id: ids for ask_id, ids in self.resources.items() if ids is not None}
