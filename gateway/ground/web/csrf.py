"""Whether a form was sent by a page of ours: where the browser says it comes from, and a token that only we know.

Both must hold. `Sec-Fetch-Site` decides the first, because no page can forge it; `Origin` is asked only where it is
absent. `Origin: null` is not foreign in itself: with `Referrer-Policy: no-referrer` Chromium sends it on our own forms.
Then the token alone decides.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from hmac import new as new_hmac

from multidict import MultiMapping

from gateway.terms.refusal import Refusal

OWN_SITES = frozenset({"same-origin", "none"})


def form_token(cookie_value: str) -> str:
    """Return the token that goes into the forms of one browser session.

    It follows from the session cookie's secret and tells nothing of it, so nothing is stored and a new session has a
    new token. Before sign-in the value of a short-lived cookie of random bytes takes its place.

    Args:
        cookie_value: the secret in the browser's cookie; never empty.
    """
    if not cookie_value:
        raise ValueError("a form token needs a secret to follow from")
    digest = new_hmac(cookie_value.encode(), b"quyen form token", sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def check_form(headers: MultiMapping[str], *, own_origin: str, expected: str, given: str | None) -> None:
    """Let a form pass that one of our own pages sent.

    Args:
        headers: of the request.
        own_origin: scheme, host and port of the public origin, as a browser writes it.
        expected: `form_token` of this browser's session.
        given: the form's `csrf_token`.

    Raises:
        Refusal: `csrf_failed`; nothing was read from the form yet but the token.
    """
    if is_foreign(headers, own_origin):
        raise Refusal("csrf_failed", log_detail="another site sent the form")
    if not given or not expected or not compare_digest(given.encode(), expected.encode()):
        raise Refusal("csrf_failed", log_detail="the form token is missing or of another session")


def is_foreign(headers: MultiMapping[str], own_origin: str) -> bool:
    """Tell whether the browser says that another site sent this; `same-site` is another site."""
    sites = headers.getall("Sec-Fetch-Site", [])
    if sites:
        return not set(sites) <= OWN_SITES
    return not set(headers.getall("Origin", [])) <= {own_origin, "null"}
