"""The way back to the app: its redirect URI with the answer of RFC 6749 section 4.1.2 and the issuer of RFC 9207."""

from gateway.acts.decide import Decided
from gateway.ground.web.locations import add_to_query


def return_url(decided: Decided, issuer: str) -> str:
    """Return where a decided authorize request leads; the app's own query stays as it was registered."""
    uri = decided.request.redirect_uri
    if uri is None:
        raise AssertionError("an authorize request has a redirect URI")
    answer = {
        "code": decided.raw_code,
        "error": decided.error,
        "error_description": decided.error_description,
        "state": decided.request.state,
        "iss": issuer,
    }
    return add_to_query(uri, answer)
