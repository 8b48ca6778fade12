"""The platforms' own ways of speaking that an app may be registered for (`App.dialect`), in one list for every door."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a platform's clients do otherwise than OAuth's.

    Args:
        header: by which their calls are known.
        account_name: under which name they hear which account it is, beside the code.
        holds_token: whether the token stands in that header; else it is beside `Authorization: Bearer`.
    """

    header: str
    account_name: str
    holds_token: bool = True


DIALECTS: Mapping[str, Dialect] = {
    "zalo": Dialect("access_token", "oa_id"),
    "kiotviet": Dialect("retailer", "retailer", holds_token=False),
}

_SPOKEN: Mapping[str, str] = {**{each: each for each in DIALECTS}, "zalosocial": "zalo"}


def find_dialect(platform: str) -> str | None:
    """Find the dialect that clients of a platform speak: Zalo's is one for Official Accounts and for people."""
    return _SPOKEN.get(platform)


KEY_PATHS: Mapping[str, str] = {"kiotviet": "/dialect/kiotviet/connect/token"}
"""Where clients of a platform's exchange a connection key, if they know a key at all."""
