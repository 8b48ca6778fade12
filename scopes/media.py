"""Media types as headers write them."""

import re

_PARAMETER = re.compile(r'\s*;\s*([A-Za-z0-9-]+)\s*=\s*(?:"([^"\\]*)"|([^\s";,]+))')
_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+)")


def read_media_type(header: str, *, is_text: bool) -> str | None:
    """Return the type and subtype in lower case, or None where the header is not one plain media type.

    Args:
        header: the value of Content-Type; checked by nobody yet.
        is_text: the body will be read as text: a charset other than UTF-8 then makes it None.
    """
    start = _TYPE.match(header)
    if start is None:
        return None
    at = start.end()
    while parameter := _PARAMETER.match(header, at):
        charset = (parameter[2] or parameter[3] or "").lower()
        if is_text and parameter[1].lower() == "charset" and charset not in {"utf-8", "utf8"}:
            return None
        at = parameter.end()
    return start[1].lower() if not header[at:].strip(" \t") else None
