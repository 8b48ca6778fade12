"""The declared shape of an answer, with every scope spelled out; what a filter is compiled from.

Built from the written nodes: shapes put in place, `scope` and `whose` handed down, each leaf told whether it rests on
the consent of the person around it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import msgspec

ANY = "any"
MARK = "mark"
"""Stands for the scope of what is read to be judged and passes for nobody."""


class Absent(Enum):
    """The mark of a withheld member that is simply left out."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Mask = str | bool | int | None | Absent

LEAF_TYPES: dict[str, frozenset[type]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, msgspec.Raw}),
    "boolean": frozenset({bool}),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar.

    Args:
        scope: what opens it; `ANY` for whatever opened the route.
        types: the Python types of its JSON forms (null always passes).
        masked_as: what stands there when it is withheld.
        names_subject: it is the id of the person whom the object around it is about.
        on_subject: it may pass only with that person's own basis.
        marks_minor: unless it says no, nothing passes that rests on the person whom the object around it is about.
    """

    scope: str
    types: frozenset[type]
    masked_as: Mask = ABSENT
    names_subject: bool = False
    on_subject: bool = False
    marks_minor: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """An object with listed members."""

    fields: Mapping[str, "Node"]


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of like things; of `held_by`, if any, one must pass whom a thing names: else it is left out."""

    items: "Node"
    held_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Keyed:
    """An object whose keys are free; `by_subject` where each key is the id of a person."""

    values: "Node"
    by_subject: bool = False


@dataclass(frozen=True, slots=True)
class Cases:
    """An object whose shape follows from the sibling member `by`; an unlisted case is `{}`."""

    by: str
    cases: Mapping[str, "Node"]


@dataclass(frozen=True, slots=True)
class Either:
    """A place of several JSON forms (object, list, scalar), of each at most one; the answer's own form says which."""

    forms: tuple["Branch | Keyed | Rows | Leaf", ...]


Node = Leaf | Branch | Rows | Keyed | Cases | Either


def list_children(node: Node) -> list[Node]:
    """Return the nodes directly inside a node."""
    match node:
        case Branch():
            return list(node.fields.values())
        case Rows():
            return [node.items]
        case Keyed():
            return [node.values]
        case Cases():
            return list(node.cases.values())
        case Either():
            return list(node.forms)
        case Leaf():
            return []


def walk_leaves(node: Node) -> Iterator[Leaf]:
    """Yield every leaf inside a node; what the declared counts (`Quyen-Withheld`) are made from."""
    if isinstance(node, Leaf):
        yield node
    for child in list_children(node):
        yield from walk_leaves(child)
