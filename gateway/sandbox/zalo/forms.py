"""Reading form data with one file, as a platform reads it: it takes what clients send."""

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'[; ]name="([^"]*)"')
_FILE_NAME = re.compile(rb'filename="([^"]*)"')


@dataclass(frozen=True)
class SentFile:
    """A file as it came."""

    name: str
    content: bytes


def read_file(content_type: str, body: bytes) -> SentFile | None:
    """Read the part `file` of form data; None where there is none."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        headers, _, content = part.partition(b"\r\n\r\n")
        name, file_name = _NAME.search(headers), _FILE_NAME.search(headers)
        if name is not None and name[1] == b"file" and file_name is not None:
            return SentFile(file_name[1].decode("utf-8", "replace"), content.removesuffix(b"\r\n"))
    return None
