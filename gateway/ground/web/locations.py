"""Where an answer sends a browser that leaves for an app: a registered URI with members added to its query."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def add_to_query(uri: str, members: Mapping[str, str | None]) -> str:
    """Add members to the query of a URI without a fragment; what stands there stays as it is, byte for byte.

    A member without a value is left out.
    """
    given = {name: value for name, value in members.items() if value is not None}
    if not given:
        return uri
    path, mark, query = uri.partition("?")
    written = urlencode(given, quote_via=quote, safe="")
    return f"{path}?{query}&{written}" if mark and query else f"{path}?{written}"
