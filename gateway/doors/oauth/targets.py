"""Resource indicators (RFC 8707): which platform's API the tokens are for, by its resource identifier."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.doors.oauth.parameters import Parameters
from gateway.terms.refusal import Refusal


def find_platform(resources: Mapping[str, str], parameters: Parameters) -> str | None:
    """Return the platform that the request names as its target; None where it names none.

    A scheme and host may be written in other case; nothing else may differ.

    Args:
        resources: each platform by its resource identifier.
        parameters: of the request; `resource` may stand several times, for one platform.

    Raises:
        Refusal: `invalid_target`: no absolute URI, not one of ours, or several platforms at once.
    """
    named = {_in_form(raw) for raw in parameters.list("resource")}
    platforms = {resources.get(uri) for uri in named}
    if len(platforms) > 1 or None in platforms:
        raise Refusal("invalid_target", "resource must be the identifier of one API of this gateway")
    return platforms.pop() if platforms else None


def _in_form(raw_uri: str) -> str:
    try:
        parts = urlsplit(raw_uri)
        return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
    except ValueError:
        return ""
