"""What one pass over an answer found, and how what rests on people without a basis is withheld from it afterwards."""

from collections.abc import Container
from dataclasses import dataclass, field

from scopes.trees import ABSENT

Ids = list[str]


@dataclass(slots=True)
class Sweep:
    """What one pass over one answer found.

    Args:
        subjects: ids of the people in it, in order, each once.
        count: rows of its outermost lists.
        holds: for each object with members that rest on people's own basis: the people, the object, the members' masks.
    """

    subjects: dict[str, None] = field(default_factory=dict)
    count: int = 0
    holds: list[tuple[Ids, dict[str, object], dict[str, object]]] = field(default_factory=list)

    def mask(self, with_basis: Container[str]) -> None:
        """Withhold, in place, what rests on anyone outside `with_basis`; nobody named counts as nobody's basis."""
        for ids, kept, masks in self.holds:
            if ids and all(one in with_basis for one in ids):
                continue
            for name, mask in masks.items():
                if name in kept or mask is not ABSENT:
                    _withhold(kept, name, mask)


def _withhold(kept: dict[str, object], name: str, mask: object) -> None:
    if mask is ABSENT:
        del kept[name]
    else:
        kept[name] = mask
