"""Which credential a call presents: exactly one, in a header.

`Authorization: Bearer` or `DPoP` for everyone; the platform's own header for apps of its dialect. A token in the query
would stand in logs, so it opens nothing; beside another credential it counts as the second one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from gateway.doors.calls.head import Head
from gateway.doors.calls.schemes import Scheme, find_scheme
from gateway.ground.vault.tokens import ACCESS, is_well_formed
from gateway.records.apps.dialects import DIALECTS, find_dialect
from gateway.terms.refusal import Refusal

_AUTHORIZATION = re.compile(r"(bearer|dpop) +([!-~]+)", re.IGNORECASE)
_QUERY_KEY = "access_token"


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that has the shape of ours; nothing is known about its being alive.

    Args:
        raw_token: what was sent.
        scheme: how.
        dialect: the platform whose own header it stood in; None for `Authorization`.
    """

    raw_token: str = field(repr=False)
    scheme: Scheme
    dialect: str | None


def find_credential(head: Head) -> Presented:
    """Find the one credential.

    Raises:
        Refusal: `two_credentials`, `no_credential` (also where it stands in the query alone), `invalid_token`.
    """
    authorizations = head.headers.get("authorization", ())
    dialect = find_dialect(head.platform)
    spoken = DIALECTS[dialect] if dialect else None
    of_dialect = head.headers.get(spoken.header, ()) if spoken and spoken.holds_token else ()
    in_query = list(_list_query_tokens(head.raw_query))
    if len(authorizations) + len(of_dialect) + len(in_query) > 1:
        raise Refusal("two_credentials")
    if of_dialect:
        return _checked(Presented(of_dialect[0], Scheme.PLATFORM, dialect))
    if not authorizations:
        raise Refusal("no_credential")
    sent = _AUTHORIZATION.fullmatch(authorizations[0])
    if sent is None:
        raise Refusal("invalid_token" if find_scheme(authorizations) else "no_credential")
    return _checked(Presented(sent[2], find_scheme(authorizations) or Scheme.BEARER, None))


def _checked(presented: Presented) -> Presented:
    if not is_well_formed(presented.raw_token, ACCESS):
        raise Refusal("invalid_token")
    return presented


def _list_query_tokens(raw_query: str) -> Iterator[str]:
    for pair in raw_query.split("&"):
        raw_key, _, raw_value = pair.partition("=")
        value = unquote_plus(raw_value)
        if unquote_plus(raw_key).lower() == _QUERY_KEY or is_well_formed(value, ACCESS):
            yield value
