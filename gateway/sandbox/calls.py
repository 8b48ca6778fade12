"""A request as a stand-in's handlers see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Call:
    """A request as it came, its body read."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    def form(self) -> dict[str, str]:
        """The body as a form; a body of another media type is an empty form."""
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/x-www-form-urlencoded":
            return {}
        return first_values(self.body.decode("utf-8", "replace"))


def first_values(encoded: str) -> dict[str, str]:
    """The first value of each name in a query or form."""
    return {name: values[0] for name, values in parse_qs(encoded, keep_blank_values=True).items()}
