"""The platforms' own ways of speaking that an app may be registered for (`App.dialect`), in one list for every door."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a platform's clients do otherwise than OAuth's.

    Args:
        header: where the token stands in their calls.
        account_name: under which name they hear which account it is, beside the code.
    """

    header: str
    account_name: str


DIALECTS: Mapping[str, Dialect] = {"zalo": Dialect("access_token", "oa_id")}
