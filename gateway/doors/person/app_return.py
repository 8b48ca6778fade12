"""The way back to the app: its redirect URI with the answer of RFC 6749 section 4.1.2 and the issuer of RFC 9207."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from gateway.acts.decide import Decided


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
    return with_answer(uri, {name: value for name, value in answer.items() if value is not None})


def with_answer(uri: str, answer: Mapping[str, str]) -> str:
    """Add parameters to a URI byte for byte: what decodes at the app is what stood in the request."""
    pairs = "&".join(f"{name}={quote(value, safe='', errors='surrogatepass')}" for name, value in answer.items())
    query = urlsplit(uri).query
    return f"{uri}&{pairs}" if query else f"{uri}{'' if uri.endswith('?') else '?'}{pairs}"
