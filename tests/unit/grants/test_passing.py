"""Under which asks data about somebody ever passed by a contract: what the shop gave, less what they said no to."""

from collections.abc import Iterable
from typing import Any

import pytest

from gateway.records.grants.passing import list_passed

SHOP, OWN = False, True


def fact(permission_id: str, state: str, *, basis: str | None = "contract", current: bool = True) -> dict[str, Any]:
    """Return a permission of the one ask, as a record of the log has it."""
    return {
        "id": permission_id,
        "ask": "a",
        "state": state,
        "current": current,
        **({} if basis is None else {"basis": basis}),
    }


GIVEN, NO = (SHOP, fact("s", "granted")), (OWN, fact("o", "refused"))
OVER = SHOP, fact("s", "withdrawn")
LIFTED = OWN, fact("o", "refused", current=False)


@pytest.mark.parametrize(
    "changes, has_passed",
    [
        ([GIVEN], True),
        ([GIVEN, NO], True),
        ([GIVEN, OVER], True),
        ([NO, GIVEN], False),
        ([NO, GIVEN, OVER, LIFTED], False),
        ([NO, GIVEN, LIFTED], True),
        ([NO, LIFTED, GIVEN], True),
        ([(OWN, fact("o", "withdrawn")), GIVEN], False),
        ([(SHOP, fact("s", "paused"))], False),
        ([(SHOP, fact("s", "granted", basis="own_consent"))], False),
        ([(SHOP, fact("s", "granted", basis=None))], False),
        ([(OWN, fact("o", "granted"))], False),
        ([], False),
    ],
    ids=[
        "given",
        "then objected to",
        "then over",
        "objected to before",
        "over when it was lifted",
        "lifted while it stood",
        "lifted before",
        "taken back before",
        "never open",
        "on their own yes",
        "about nobody",
        "a yes of theirs",
        "nothing",
    ],
)
def test_what_passed_without_a_yes(changes: Iterable[tuple[bool, dict[str, Any]]], *, has_passed: bool) -> None:
    """It passed where it once stood open at a moment in which no no of theirs stood."""
    told = [(is_own, [touched]) for is_own, touched in changes]
    assert list_passed(told, basis="contract") == ({"a"} if has_passed else frozenset())
