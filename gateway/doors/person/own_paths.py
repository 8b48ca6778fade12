"""Paths to return to: our own, in one plain spelling, or the first page. There is no open redirect to find here."""

import re

FIRST = "/"
_LONGEST = 4096
# Unreserved signs and single slashes only: the path holds no `//`, no backslash, no control, nor any of them encoded.
_OWN = re.compile(
    r"/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*/?)?"
    r"(?:\?(?:[A-Za-z0-9._~!$'()*+,;=:@/?&-]|%[0-9A-Fa-f]{2})*)?"
)


def own_path(raw_path: str | None, otherwise: str = FIRST) -> str:
    """Return a path of this origin that a browser cannot read as another one; anything else becomes `otherwise`."""
    if raw_path is None or len(raw_path) > _LONGEST or _OWN.fullmatch(raw_path) is None:
        return otherwise
    return raw_path
