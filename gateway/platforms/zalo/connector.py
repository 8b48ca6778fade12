"""The Zalo connector: OAuth v4 with `secret_key`, `access_token` headers with a proof, the OA API's error codes."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from aiohttp import ClientSession, DummyCookieJar

from gateway.platforms import Credential, LinkForm, Profile, Trouble
from gateway.platforms.exchange import exchange
from gateway.platforms.zalo.wire import TOKEN, proof_of, read_code
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
_OK = 200
_SPELLED = tuple(str(code).encode() for code in TROUBLES)

_REFUSALS = frozenset({-14002, -14003, -14005, -14014})
"""What the OAuth host says about an account's code or token. Its other errors (a wrong `secret_key`, an unknown code)
are about the gateway's own settings or the host's trouble: they must not end an account's connection."""

_SECONDS = re.compile(r"[0-9]{1,9}")
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
        if not isinstance(http.cookie_jar, DummyCookieJar):
            raise TypeError("a connector's session keeps no cookies")
        self._upstream = upstream
        self._http = http
        self._clock = clock
        self.upstream_app = upstream.app_id
        self.base_url = upstream.base_url

    def as_app(self, app_id: str, secret: str) -> "ZaloConnector":
        """Return a connector with another app's id and secret; everything else of it is the same."""
        upstream = replace(self._upstream, app_id=app_id, app_secret=secret)
        return ZaloConnector(upstream, self._http, clock=self._clock)

    def link_url(self, state: str, challenge: str) -> str | None:
        """Return Zalo's consent page with the four parameters that both SDKs send."""
        asked = {
            "app_id": self._upstream.app_id,
            "redirect_uri": self._upstream.callback_url,
            "code_challenge": challenge,
            "state": state,
        }
        return f"{self._upstream.oauth_url}/v4/oa/permission?{urlencode(asked, quote_via=quote)}"

    async def redeem(self, raw_code: str, verifier: str) -> Credential:
        """Exchange the callback's code."""
        return await self._exchange(grant_type="authorization_code", code=raw_code, code_verifier=verifier)

    async def log_in(self, answers: Mapping[str, str]) -> Credential:  # noqa: ARG002 - the port's
        """Refuse: Zalo links accounts on its own page only."""
        raise Refusal("platform_refused", log_detail="Zalo has no sign-in by a form of ours")

    async def describe(self, credential: Credential) -> Profile:
        """Ask `getoa`; only an admin can link an OA, so that is the role which linking proves."""
        answer = await self._ask(f"{self.base_url}/v2.0/oa/getoa", self.headers(credential))
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

    async def renew(self, credential: Credential) -> Credential:
        """Exchange the refresh token; Zalo's are single use and the old access token dies with it."""
        if credential.refresh_token is None:
            raise Refusal("platform_refused", log_detail="no refresh token is held")
        return await self._exchange(grant_type="refresh_token", refresh_token=credential.refresh_token)

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Return the token's header and the proof that the app's owner sends it."""
        token = credential.access_token
        return {"access_token": token, "appsecret_proof": proof_of(self._upstream.app_secret, token)}

    def is_refusal(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - Zalo's is always 200
        """Read the envelope's `error`: anything but 0."""
        answer = _read_envelope(body)
        return answer is not None and read_code(answer.get("error", 0)) != 0

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:  # noqa: ARG002 - Zalo's is always 200
        """Read the envelope's `error`; parsed only where one of the codes stands in the body at all."""
        if not any(code in body for code in _SPELLED):
            return None
        answer = _read_envelope(body)
        return None if answer is None else _trouble_of(answer)

    async def _exchange(self, **grant: str) -> Credential:
        url = f"{self._upstream.oauth_url}/v4/oa/access_token"
        form = {"app_id": self._upstream.app_id, **grant}
        answer = await self._ask(url, {"secret_key": self._upstream.app_secret}, form)
        if "error" in answer and (code := read_code(answer["error"])) != 0:
            if code in _REFUSALS:
                raise Refusal("platform_refused", log_detail=f"the OAuth host answered {code}")
            raise Unavailable(PLATFORM)
        return self._credential(answer)

    async def _ask(self, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Exchange with a Zalo host: always HTTP 200, and the object may be one of Zalo's errors."""
        content = None if form is None else ("application/x-www-form-urlencoded", urlencode(form).encode())
        status, answer = await exchange(self._http, url, headers, platform=PLATFORM, content=content)
        if status != _OK:
            raise Unavailable(PLATFORM)
        return answer

    def _credential(self, answer: dict[str, Any]) -> Credential:
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        seconds = str(answer.get("expires_in"))
        tokens_are_plain = all(isinstance(one, str) and TOKEN.fullmatch(one) for one in (access, refresh))
        if not tokens_are_plain or not _SECONDS.fullmatch(seconds):
            raise Unavailable(PLATFORM)
        return Credential(str(access), str(refresh), self._clock.now() + timedelta(seconds=int(seconds)))


def _trouble_of(answer: Mapping[str, Any]) -> Trouble | None:
    """Read what an error means; -223 also means an article quota, which is about the call and not about our token."""
    trouble = TROUBLES.get(read_code(answer.get("error")))
    is_quota = trouble is Trouble.PERMISSION_LOST and "quota" in str(answer.get("message", "")).lower()
    return None if is_quota else trouble


def _read_envelope(body: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None
