"""The connector for a person's own Zalo account: Zalo Social, which has one question, `/me`, and one permission."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from aiohttp import ClientSession

from gateway.platforms import Credential, LinkForm, Profile, Trouble
from gateway.platforms.zalo.connector import ZaloUpstream
from gateway.platforms.zalo.oauth import Flow, ZaloOAuth
from gateway.platforms.zalo.wire import ME, read_code
from gateway.records.accounts.types import SELF
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal, Unavailable

PLATFORM: Final = "zalosocial"
_QUOTAS = range(12_000, 12_013)
TROUBLES: Final[Mapping[int, Trouble]] = MappingProxyType(
    {
        452: Trouble.CREDENTIAL_REFUSED,
        110: Trouble.PERMISSION_LOST,
        210: Trouble.PERMISSION_LOST,
        -32: Trouble.LIMITED,
        **dict.fromkeys(_QUOTAS, Trouble.LIMITED),
    }
)
"""452 is a token that ended; 110 and 210 say that the person is not to be seen by the app (any more)."""
_ID = re.compile(r"[1-9][0-9]{0,31}")


class ZaloSocialConnector:
    """Satisfies `gateway.platforms.Connector`; an account is one person's own.

    Args:
        upstream: where and as which app; `base_url` is the Social API's.
        http: keeps no cookies; closed by whoever opened it.
        clock: from which the platform's `expires_in` is counted.

    Raises:
        TypeError: the session keeps cookies.
    """

    platform = PLATFORM
    link_form: LinkForm | None = None

    def __init__(self, upstream: ZaloUpstream, http: ClientSession, *, clock: Clock) -> None:
        self._oauth = ZaloOAuth(upstream, Flow.PERSON, platform=PLATFORM, http=http, clock=clock)
        self.upstream_app = upstream.app_id
        self.base_url = upstream.base_url

    def as_app(self, app_id: str, secret: str) -> "ZaloSocialConnector":  # noqa: ARG002 - the port's
        """Refuse: no command brings one."""
        raise AssertionError("people link their own accounts under the gateway's own app alone")

    def link_url(self, state: str, challenge: str) -> str | None:
        """Return the page on which a person agrees at Zalo."""
        return self._oauth.link_url(state, challenge)

    async def redeem(self, raw_code: str, verifier: str) -> Credential:
        """Exchange the callback's code."""
        return await self._oauth.redeem(raw_code, verifier)

    async def log_in(self, answers: Mapping[str, str]) -> Credential:  # noqa: ARG002 - the port's
        """Refuse: Zalo links accounts on its own page only."""
        raise Refusal("platform_refused", log_detail="Zalo has no sign-in by a form of ours")

    async def describe(self, credential: Credential) -> Profile:
        """Ask `/me` whose the token is: who agreed at Zalo as somebody is that person. An empty name passes."""
        answer = await self._oauth.ask(f"{self.base_url}{ME}?fields=id,name", credential)
        if (code := read_code(answer.get("error", 0))) != 0:
            trouble = TROUBLES.get(code)
            if trouble is Trouble.LIMITED:
                raise Unavailable(PLATFORM)
            raise Refusal("platform_refused", log_detail=f"/me answered {code}", trouble=trouble)
        external_id, name = answer.get("id"), answer.get("name", "")
        if not isinstance(external_id, str) or not _ID.fullmatch(external_id) or not isinstance(name, str):
            raise Unavailable(PLATFORM)
        return Profile(external_id, name, SELF)

    async def renew(self, credential: Credential) -> Credential:
        """Exchange the refresh token; after 30 days from the linking Zalo refuses it, and the person links anew."""
        return await self._oauth.renew(credential)

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Return the token's header and the proof, which this host demands."""
        return self._oauth.headers(credential)

    def is_refusal(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - Zalo's is always 200
        """Read `error`: anything but 0."""
        return _read_code(body) != 0

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:  # noqa: ARG002 - Zalo's is always 200
        """Read `error`."""
        return TROUBLES.get(_read_code(body))


def _read_code(body: bytes) -> int:
    """Read `error` of a flat answer; 0 where there is none, or no object."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return 0
    return read_code(answer.get("error", 0)) if isinstance(answer, dict) else 0
