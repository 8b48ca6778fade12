"""The Zalo connector: OAuth v4 with `secret_key`, `access_token` headers with a proof, the OA API's error codes."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import ClientSession

from gateway.platforms import Credential, LinkForm, Profile, Trouble
from gateway.platforms.zalo.oauth import Flow, ZaloOAuth
from gateway.platforms.zalo.wire import read_code, read_envelope
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal, Unavailable

PLATFORM = "zalo"
TROUBLES: Mapping[int, Trouble] = {
    -216: Trouble.CREDENTIAL_REFUSED,
    -220: Trouble.CREDENTIAL_REFUSED,
    -219: Trouble.ACCESS_REMOVED,
    -223: Trouble.PERMISSION_LOST,
    -32: Trouble.LIMITED,
}
_SPELLED = tuple(str(code).encode() for code in TROUBLES)

_OA_ID = re.compile(r"[1-9][0-9]{0,31}")  # the catalogue's `decimal_id`: what calls about the account are held to


@dataclass(frozen=True, slots=True)
class ZaloUpstream:
    """Where Zalo is, and the gateway's own app there.

    Args:
        base_url: the OA open API, without a trailing slash.
        oauth_url: the OAuth host, without a trailing slash.
        app_id: the app's id.
        app_secret: signs proofs and goes in the header `secret_key` of token calls.
        callback_url: the callback that is saved at Zalo, byte for byte.
    """

    base_url: str
    oauth_url: str
    app_id: str
    app_secret: str = field(repr=False)
    callback_url: str


class ZaloConnector:
    """Satisfies `gateway.platforms.Connector`.

    Args:
        upstream: where and as which app.
        http: keeps no cookies (one account's would reach the next); closed by whoever opened it.
        clock: from which the platform's `expires_in` is counted.

    Raises:
        TypeError: the session keeps cookies.
    """

    platform = PLATFORM
    link_form: LinkForm | None = None

    def __init__(self, upstream: ZaloUpstream, http: ClientSession, *, clock: Clock) -> None:
        oauth = ZaloOAuth(upstream, Flow.OA, platform=PLATFORM, http=http, clock=clock)
        self.link_url, self.log_in, self.redeem = oauth.link_url, oauth.log_in, oauth.redeem
        self.renew, self.headers, self._ask = oauth.renew, oauth.headers, oauth.ask
        self._upstream = upstream
        self._http = http
        self._clock = clock
        self.upstream_app = upstream.app_id
        self.base_url = upstream.base_url

    def as_app(self, app_id: str, secret: str) -> "ZaloConnector":
        """Return a connector with another app's id and secret; everything else of it is the same."""
        upstream = replace(self._upstream, app_id=app_id, app_secret=secret)
        return ZaloConnector(upstream, self._http, clock=self._clock)

    async def describe(self, credential: Credential) -> Profile:
        """Ask `getoa`; only an admin can link an OA, so that is the role which linking proves."""
        answer = await self._ask(f"{self.base_url}/v2.0/oa/getoa", credential)
        if (code := read_code(answer.get("error"))) != 0:
            trouble = _trouble_of(answer)
            if trouble is Trouble.LIMITED:
                raise Unavailable(PLATFORM)
            raise Refusal("platform_refused", log_detail=f"getoa answered {code}", trouble=trouble)
        found = answer.get("data")
        if not isinstance(found, dict):
            raise Unavailable(PLATFORM)
        external_id, name = found.get("oa_id", found.get("oaid")), found.get("name")
        is_id = isinstance(external_id, str | int) and _OA_ID.fullmatch(str(external_id)) is not None
        if not is_id or not isinstance(name, str):
            raise Unavailable(PLATFORM)
        return Profile(str(external_id), unicodedata.normalize("NFC", name), "admin")

    def is_refusal(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - Zalo's is always 200
        """Read the envelope's `error`: anything but 0."""
        answer = read_envelope(body)
        return answer is not None and read_code(answer.get("error", 0)) != 0

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:  # noqa: ARG002 - Zalo's is always 200
        """Read the envelope's `error`; parsed only where one of the codes stands in the body at all."""
        if not any(code in body for code in _SPELLED):
            return None
        answer = read_envelope(body)
        return None if answer is None else _trouble_of(answer)


def _trouble_of(answer: Mapping[str, Any]) -> Trouble | None:
    """Read what an error means; -223 also means an article quota, which is about the call and not about our token."""
    trouble = TROUBLES.get(read_code(answer.get("error")))
    is_quota = trouble is Trouble.PERMISSION_LOST and "quota" in str(answer.get("message", "")).lower()
    return None if is_quota else trouble
