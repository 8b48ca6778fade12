"""Whose pages Quản lý quyền, the receipts and the trace are: those of people with accounts."""

from typing import Final

from gateway.doors import Visitor
from gateway.records.people.types import Role
from gateway.terms.refusal import Refusal

OWNERS_OF_DATA: Final = frozenset({Role.OWNER, Role.FOLLOWER, Role.GUARDIAN})


def check_is_theirs(visitor: Visitor, *, has_something: bool) -> None:
    """Refuse an empty page to whoever is staff alone; what is left from when they were more stays theirs to end.

    Raises:
        Refusal: `forbidden`.
    """
    if not has_something and not visitor.person.roles & OWNERS_OF_DATA:
        raise Refusal("forbidden", needs=OWNERS_OF_DATA)
