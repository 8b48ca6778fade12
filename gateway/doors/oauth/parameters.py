"""Parameters of an OAuth request: read once, byte-exact; empty is omitted, and which of two counts is never guessed."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.ground.web.forms import read_form
from gateway.terms.refusal import Refusal

MOST_PARAMETERS = 100
REPEATABLE = frozenset({"resource"})
"""RFC 8707, section 2."""
SECRETS = frozenset(
    {
        "client_secret",
        "client_assertion",
        "code",
        "code_verifier",
        "device_code",
        "refresh_token",
        "access_token",
        "token",
    }
)


class Parameters:
    """The parameters of one request, each with all its values."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        self._values: Mapping[str, list[str]] = values

    def renamed(self, names: Mapping[str, str]) -> "Parameters":
        """Return those that `names` holds, under the names that it gives them; each as often as it stands."""
        return Parameters((ours, value) for theirs, ours in names.items() for value in self._values.get(theirs, []))

    def with_one(self, fixed: Mapping[str, str]) -> "Parameters":
        """Return these and others, each of which stands once."""
        return Parameters([*((name, value) for name, found in self._values.items() for value in found), *fixed.items()])

    @property
    def repeated(self) -> frozenset[str]:
        """The names that stand more than once and may not."""
        return frozenset(name for name, values in self._values.items() if len(values) > 1) - REPEATABLE

    def list(self, name: str) -> list[str]:
        """Return every value but empty ones, which count as omitted."""
        return [value for value in self._values.get(name, []) if value]

    def find(self, name: str) -> str | None:
        """Return the value, or None where it is absent or empty (OAuth 2.1 section 3.1).

        Raises:
            Refusal: `invalid_request`: it stands more than once.
        """
        values = self._values.get(name, [])
        if len(values) > 1:
            raise Refusal("invalid_request", f"{name} stands more than once")
        return (values[0] or None) if values else None

    def get(self, name: str) -> str:
        """Return a value that must be there.

        Raises:
            Refusal: `invalid_request`.
        """
        value = self.find(name)
        if value is None:
            raise Refusal("invalid_request", f"{name} is missing")
        return value

    def has_any(self, names: Iterable[str]) -> bool:
        """Say whether one of the names stands here, with whatever value."""
        return any(name in self._values for name in names)


def parse_query(request: web.Request) -> Parameters:
    """Read the query from the raw target: URL libraries write it anew and would change a byte of `state`.

    Raises:
        Refusal: `invalid_request`: not UTF-8, or very many parameters.
    """
    raw_query = request.raw_path.partition("?")[2]
    try:
        raw_query.encode()
        return Parameters(parse_qsl(raw_query, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS))
    except ValueError:
        raise Refusal("invalid_request", "the query cannot be read") from None


async def read_parameters(request: web.Request) -> Parameters:
    """Read the form of a POST endpoint, byte-exact as the query is: what an app sends it may want back.

    Raises:
        Refusal: `invalid_request` (a parameter stands twice; a secret stands in the address, where logs keep it),
            `unsupported_media`, `too_large`, `bad_form`.
    """
    if parse_query(request).has_any(SECRETS):
        raise Refusal("invalid_request", "secrets, codes and tokens stand in the body, never in the address")
    form = await read_form(request, is_typed=False)
    parameters = Parameters((name, value) for name, values in form.items() for value in values)
    if parameters.repeated:
        raise Refusal("invalid_request", "a parameter stands more than once")
    return parameters
