"""The Matrix connector: password login with refresh tokens, `whoami`, Bearer headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

import orjson
from aiohttp import ClientSession, DummyCookieJar

from gateway.platforms import Credential, LinkForm, Profile, Trouble
from gateway.platforms.exchange import exchange
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal, Unavailable

PLATFORM = "matrix"
CLIENT_API = "/_matrix/client/v3"
DEVICE_NAME = "Quyen"
FORM = LinkForm(named=("user_id",), secret="password")

_OK, _UNAUTHORIZED, _LIMITED = 200, 401, 429
_REFUSALS = frozenset({400, 401, 403})
_TOKEN = re.compile(r"[!-~]{1,4096}")
_USER_ID = re.compile(r"@[!-9;-~]{1,200}:[0-9A-Za-z.:\[\]-]{1,230}")


@dataclass(frozen=True, slots=True)
class MatrixUpstream:
    """Where the homeserver is.

    Args:
        base_url: its client-server API, without `/_matrix` and without a trailing slash.
    """

    base_url: str


class MatrixConnector:
    """Satisfies `gateway.platforms.Connector`.

    Args:
        upstream: where the homeserver is.
        http: keeps no cookies; closed by whoever opened it.
        clock: from which `expires_in_ms` is counted.

    Raises:
        TypeError: the session keeps cookies.
    """

    platform = PLATFORM
    link_form: LinkForm | None = FORM

    def __init__(self, upstream: MatrixUpstream, http: ClientSession, *, clock: Clock) -> None:
        if not isinstance(http.cookie_jar, DummyCookieJar):
            raise TypeError("a connector's session keeps no cookies")
        self._http = http
        self._clock = clock
        self.upstream_app = upstream.base_url
        self.base_url = upstream.base_url

    def as_app(self, app_id: str, secret: str) -> "MatrixConnector":  # noqa: ARG002 - the port's
        """Refuse: no command brings one."""
        raise AssertionError("Matrix knows no upstream apps")

    def link_url(self, state: str, challenge: str) -> str | None:  # noqa: ARG002 - the port's
        """Return None: accounts are linked by password, once."""
        return None

    async def redeem(self, raw_code: str, verifier: str) -> Credential:  # noqa: ARG002 - the port's
        """Refuse: there is no page that a code could come from."""
        raise Refusal("platform_refused", log_detail="Matrix accounts are linked by password")

    async def log_in(self, answers: Mapping[str, str]) -> Credential:
        """Log in as a new device that may refresh; the password is used once and kept nowhere."""
        body: dict[str, object] = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": answers["user_id"]},
            "password": answers["password"],
            "refresh_token": True,
            "initial_device_display_name": DEVICE_NAME,
        }
        answer = await self._ask("login", {}, body)
        return self._credential(answer, None)

    async def describe(self, credential: Credential) -> Profile:
        """Ask `whoami`; the Matrix id is also the name, since a display name may be anybody's."""
        user_id = (await self._ask("account/whoami", self.headers(credential))).get("user_id")
        if not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
            raise Unavailable(PLATFORM)
        return Profile(user_id, user_id, "owner")

    async def renew(self, credential: Credential) -> Credential:
        """Exchange the refresh token; where the homeserver sends no new one the old one stays good."""
        if credential.refresh_token is None:
            raise Refusal("platform_refused", log_detail="no refresh token is held")
        body = {"refresh_token": credential.refresh_token}
        answer = await self._ask("refresh", {}, body)
        return self._credential(answer, credential.refresh_token)

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Return the Bearer header."""
        return {"Authorization": f"Bearer {credential.access_token}"}

    def is_refusal(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - the port's
        """Read the status."""
        return status != _OK

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:  # noqa: ARG002 - the port's
        """Read the status: every 401 (`M_UNKNOWN_TOKEN`) is about the gateway's token, since apps' tokens stay here."""
        return {_UNAUTHORIZED: Trouble.CREDENTIAL_REFUSED, _LIMITED: Trouble.LIMITED}.get(status)

    async def _ask(
        self, path: str, headers: Mapping[str, str], body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Exchange with the homeserver, and return what it answered where it said yes."""
        url = f"{self.base_url}{CLIENT_API}/{path}"
        content = None if body is None else ("application/json", orjson.dumps(body))
        status, answer = await exchange(self._http, url, headers, platform=PLATFORM, content=content)
        if status in _REFUSALS:
            why = f"the homeserver answered {status}"
            raise Refusal("platform_refused", log_detail=why, trouble=self.read_trouble(status, b""))
        if status != _OK:
            raise Unavailable(PLATFORM)
        return answer

    def _credential(self, answer: dict[str, Any], kept_refresh: str | None) -> Credential:
        access, refresh = answer.get("access_token"), answer.get("refresh_token", kept_refresh)
        if not _is_token(access) or not (refresh is None or _is_token(refresh)):
            raise Unavailable(PLATFORM)
        return Credential(access, refresh, self._expiry(answer.get("expires_in_ms")))

    def _expiry(self, milliseconds: object) -> datetime | None:
        if milliseconds is None:
            return None
        if type(milliseconds) is not int or not 0 <= milliseconds < 1 << 40:
            raise Unavailable(PLATFORM)
        return self._clock.now() + timedelta(milliseconds=milliseconds)


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None
