"""Redirect URIs: which ones an app may name, and an error on one."""

import re

from gateway.doors.oauth.errors import error_members
from gateway.ground.web.locations import add_to_query
from gateway.records.apps.types import App
from gateway.terms.refusal import Refusal

# Loopback by address only (RFC 8252 section 7.3): `localhost` is a name, and compared exactly like every other.
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)")
_HIGHEST_PORT = 65535


def get_redirect_uri(app: App, unverified_uri: str | None) -> str:
    """Return where the answer goes: one of the app's registered addresses, byte for byte but for a loopback's port.

    Raises:
        Refusal: `invalid_request`: it is not one of them, or none was named and there are several.
    """
    if unverified_uri is None:
        if len(app.redirect_uris) == 1:
            return app.redirect_uris[0]
        raise Refusal("invalid_request", "redirect_uri is missing, and the app registered not exactly one")
    if unverified_uri in app.redirect_uris:
        return unverified_uri
    portless = _without_port(unverified_uri)
    if portless is not None and portless in {_without_port(uri) for uri in app.redirect_uris}:
        return unverified_uri
    raise Refusal("invalid_request", "redirect_uri is not one that the app registered")


def error_location(uri: str, refusal: Refusal, *, state: str | None, issuer: str) -> str:
    """Return a checked redirect URI with an error on it (RFC 6749 section 4.1.2.1, RFC 9207)."""
    return add_to_query(uri, {**error_members(refusal.reason, refusal.detail), "state": state, "iss": issuer})


def _without_port(uri: str) -> str | None:
    """Return a loopback address without its port, or None where the port counts."""
    match = _LOOPBACK.fullmatch(uri)
    if match is None or int(match[2] or 0) > _HIGHEST_PORT:
        return None
    return match[1] + match[3]
