"""Under which asks data about somebody passed by a contract, told from what was ever changed in two grants."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.records.grants.types import NOES, PermissionState
from gateway.terms.ids import AskId

Touched = Sequence[Mapping[str, Any]]
"""The permissions that one change touched, each as `Permission.to_facts` writes it down."""


def list_passed(changes: Iterable[tuple[bool, Touched]], *, basis: str) -> frozenset[AskId]:
    """List the asks that ever stood on a basis which needs no yes of a person, while that person had not said no.

    Args:
        changes: all of the account's grant and of the person's own (True), in the order in which they were made.
        basis: that needs no yes.
    """
    standing: dict[str, AskId] = {}
    noes: dict[str, AskId] = {}
    passed: set[AskId] = set()
    for is_own, touched in changes:
        for fact in touched:
            is_given = fact["state"] == PermissionState.GRANTED and fact.get("basis") == basis
            counts = fact["current"] and (fact["state"] in NOES if is_own else is_given)
            kept = noes if is_own else standing
            if counts:
                kept[fact["id"]] = AskId(fact["ask"])
            else:
                kept.pop(fact["id"], None)
        passed |= {*standing.values()} - {*noes.values()}
    return frozenset(passed)
