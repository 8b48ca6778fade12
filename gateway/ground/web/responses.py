"""Answers with pages: every header that keeps a page from being framed, cached, sniffed or led elsewhere."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# A private-use scheme is a reversed domain (RFC 8252 section 7.1), so it holds a dot and can never be `javascript:`.
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
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
    raise ValueError(f"no form may lead to the scheme {parts.scheme!r}")
