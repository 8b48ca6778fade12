"""The connector for a person's own Zalo account: Zalo Social, which has one question, `/me`, and one permission."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import ClientSession

from gateway.platforms import Credential, LinkForm, Profile, Trouble
from gateway.platforms.zalo.connector import ZaloUpstream
from gateway.platforms.zalo.oauth import Flow, ZaloOAuth
from gateway.platforms.zalo.wire import ME, read_code, read_envelope
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
        oauth = ZaloOAuth(upstream, Flow.PERSON, platform=PLATFORM, http=http, clock=clock)
        self.link_url, self.log_in, self.redeem = oauth.link_url, oauth.log_in, oauth.redeem
        self.renew, self.headers, self._ask = oauth.renew, oauth.headers, oauth.ask
        self.upstream_app = upstream.app_id
        self.base_url = upstream.base_url

    def as_app(self, app_id: str, secret: str) -> "ZaloSocialConnector":  # noqa: ARG002 - the port's
        """Refuse: no command brings one."""
        raise AssertionError("people link their own accounts under the gateway's own app alone")

    async def describe(self, credential: Credential) -> Profile:
        """Ask `/me` whose the token is: who agreed at Zalo as somebody is that person. An empty name passes.

        Who is not plainly called no minor is not of age; Zalo says it unasked, where it says it at all.
        """
        answer = await self._ask(f"{self.base_url}{ME}?fields=id,name", credential)
        if (code := read_code(answer.get("error", 0))) != 0:
            trouble = TROUBLES.get(code)
            if trouble is Trouble.LIMITED:
                raise Unavailable(PLATFORM)
            raise Refusal("platform_refused", log_detail=f"/me answered {code}", trouble=trouble)
        external_id, name = answer.get("id"), answer.get("name", "")
        if not isinstance(external_id, str) or not _ID.fullmatch(external_id) or not isinstance(name, str):
            raise Unavailable(PLATFORM)
        return Profile(external_id, name, SELF, is_of_age=answer.get("is_sensitive") is False)

    def is_refusal(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - Zalo's is always 200
        """Read `error`: anything but 0."""
        return _read_error(body) != 0

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:  # noqa: ARG002 - Zalo's is always 200
        """Read `error`."""
        return TROUBLES.get(_read_error(body))


def _read_error(body: bytes) -> int:
    """Read `error` of a flat answer; 0 where there is none, or no object."""
    answer = read_envelope(body)
    return 0 if answer is None else read_code(answer.get("error", 0))
