"""The cookie that forms rest on before sign-in: random, short-lived, worth nothing after it."""

import re
from dataclasses import dataclass

from aiohttp import web

from gateway.terms.entropy import Entropy
from gateway.terms.ids import RANDOM_DIGITS, random_base62

TTL_SECONDS = 3600
_SHAPE = re.compile(rf"[0-9A-Za-z]{{{RANDOM_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class FormCookie:
    """Name and flags; the form token follows from its value, as it follows from the session's afterwards."""

    is_https: bool

    @property
    def name(self) -> str:
        """The cookie's name."""
        return "__Host-quyen_form" if self.is_https else "quyen_form"

    def find(self, request: web.Request) -> str | None:
        """Return the secret that the browser holds, or None."""
        value = request.cookies.get(self.name, "")
        return value if _SHAPE.fullmatch(value) else None

    def find_or_make(self, request: web.Request, entropy: Entropy) -> str:
        """Return the browser's secret, so that two open tabs both work, or a fresh one."""
        return self.find(request) or random_base62(entropy)

    def set(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser a secret."""
        self._write(response, secret, TTL_SECONDS)

    def clear(self, response: web.StreamResponse) -> None:
        """Take it away."""
        self._write(response, "", 0)

    def _write(self, response: web.StreamResponse, value: str, ttl_seconds: int) -> None:
        response.set_cookie(
            self.name, value, max_age=ttl_seconds, path="/", secure=self.is_https, httponly=True, samesite="Lax"
        )
