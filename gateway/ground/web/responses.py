"""Answers with pages: every header that keeps a page from being framed, cached, sniffed or led elsewhere."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# A private-use scheme is a reversed domain (RFC 8252 section 7.1), so it holds a dot and can never be `javascript:`.
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
# RFC 3986 without fragment, and without the apostrophe, which ends a source in the policy.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?\[\]@!$&()*+,;=-]|%[0-9A-Fa-f]{2})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_AUTHORITY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action {targets}"
)


def html(body: str, *, is_https: bool, status: int = 200, form_action: Iterable[str] = ()) -> web.Response:
    """Return a page.

    Args:
        body: the rendered page.
        is_https: whether the public origin is https.
        status: HTTP status.
        form_action: sources beside `'self'`, from `scheme_source`; Chromium checks every hop of a redirect by them.
    """
    headers = page_headers(is_https=is_https, form_action=form_action)
    return web.Response(text=body, status=status, content_type="text/html", charset="utf-8", headers=headers)


def see_other(location: str, *, is_https: bool) -> web.Response:
    """Return a 303: after a POST the browser asks anew, so that a reload never sends a form twice."""
    return web.Response(status=303, headers=page_headers(is_https=is_https) | {"Location": location})


def stay(*, is_https: bool) -> web.Response:
    """Return the 204 that leaves the browser on the page as it stands, ticks and all."""
    return web.Response(status=204, headers=page_headers(is_https=is_https))


def page_headers(*, is_https: bool, form_action: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of every answer to a browser."""
    headers = {
        "Content-Security-Policy": POLICY.format(targets=" ".join(dict.fromkeys(("'self'", *form_action)))),
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return headers | ({"Strict-Transport-Security": "max-age=31536000"} if is_https else {})


def check_redirect_uri(uri: str) -> str:
    """Return an address to which an app may have people sent, as it was written.

    Raises:
        ValueError: it is not absolute, not https, http on loopback or a private-use scheme, or can be read in two ways.
    """
    if not _URI.fullmatch(uri):
        raise ValueError("a redirect URI is absolute, of the signs that a URI may have, and has no fragment")
    parts = urlsplit(uri)
    scheme_source(uri)
    if parts.scheme in {"http", "https"} and not _AUTHORITY.fullmatch(parts.netloc):
        raise ValueError("a redirect URI names a host and perhaps a port, and nobody's name or password")
    if "@" in parts.netloc or parts.port == 0:
        raise ValueError("a redirect URI holds no user, and a port from 1 to 65535")
    return uri


def scheme_source(uri: str) -> str:
    """Return the CSP source that lets a form lead to a *checked* target: its scheme alone.

    The scheme and not the host, because Chromium checks every later hop too, and an app may redirect on.

    Raises:
        ValueError: no scheme a redirect may have (`http:` off loopback, `javascript:`, `data:`): a check missed it.
    """
    parts = urlsplit(uri)
    if parts.scheme == "https" and parts.hostname:
        return "https:"
    if parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS:
        return "http:"
    if PRIVATE_SCHEME.fullmatch(parts.scheme):
        return f"{parts.scheme}:"
    raise ValueError(
        f"no form may lead to the scheme {parts.scheme!r}: only https, http on loopback, a reversed domain"
    )
