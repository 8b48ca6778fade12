"""The one cookie that says who is signed in, with every flag it can have."""

from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Name and flags of the session cookie.

    On https the `__Host-` prefix makes browsers refuse it without Secure, with a Domain, or from a plain page. On http
    loopback (the demo) the prefix does not work in every client, so the name is plain and Secure is off.

    Args:
        is_https: whether the public origin is https.
    """

    is_https: bool

    @property
    def name(self) -> str:
        """The cookie's name."""
        return "__Host-quyen_session" if self.is_https else "quyen_session"

    def find(self, request: web.Request) -> str | None:
        """Return the secret that the browser holds, or None."""
        return request.cookies.get(self.name) or None

    def set(self, response: web.StreamResponse, secret: str, *, ttl_seconds: int) -> None:
        """Give the browser a secret; scripts cannot read it, other sites' forms do not carry it."""
        response.set_cookie(
            self.name, secret, max_age=ttl_seconds, path="/", secure=self.is_https, httponly=True, samesite="Lax"
        )

    def clear(self, response: web.StreamResponse) -> None:
        """Take the secret away; the same flags, else a browser keeps a `__Host-` cookie."""
        self.set(response, "", ttl_seconds=0)
