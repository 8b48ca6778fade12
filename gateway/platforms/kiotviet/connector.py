"""The KiotViet connector: a shop's key gets a token of a day, again and again; `Retailer` is always the account's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, DummyCookieJar

from gateway.platforms import ClientKey, Credential, LinkForm, Profile, Trouble
from gateway.platforms.exchange import exchange
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal, Unavailable

PLATFORM = "kiotviet"
SCOPE = "PublicApi.Access"
FORM = LinkForm(named=("retailer", "client_id"), secret="client_secret")

_OK, _UNAUTHORIZED, _LIMITED = 200, 401, 429
_REFUSALS = frozenset({400, 401, 403, 404, 420})
"""How the platform says no is documented nowhere: any of these, where it says so in JSON."""

_RETAILER = re.compile(r"[0-9a-z][0-9a-z_-]{0,99}")
_WORD = re.compile(r"[!-~]{1,256}")
_TOKEN = re.compile(r"[!-~]{1,4096}")
_LONGEST_SECONDS = 1 << 24


@dataclass(frozen=True, slots=True)
class KiotVietUpstream:
    """Where KiotViet is.

    Args:
        base_url: the Public API, without a trailing slash.
        oauth_url: the host that gives tokens, without a trailing slash.
    """

    base_url: str
    oauth_url: str


class KiotVietConnector:
    """Satisfies `gateway.platforms.Connector`.

    Args:
        upstream: where KiotViet is.
        http: keeps no cookies (one account's would reach the next); closed by whoever opened it.
        clock: from which `expires_in` is counted.

    Raises:
        TypeError: the session keeps cookies.
    """

    platform = PLATFORM
    link_form: LinkForm | None = FORM

    def __init__(self, upstream: KiotVietUpstream, http: ClientSession, *, clock: Clock) -> None:
        if not isinstance(http.cookie_jar, DummyCookieJar):
            raise TypeError("a connector's session keeps no cookies")
        self._oauth_url = upstream.oauth_url
        self._http = http
        self._clock = clock
        self.upstream_app = upstream.base_url
        self.base_url = upstream.base_url

    def as_app(self, app_id: str, secret: str) -> "KiotVietConnector":  # noqa: ARG002 - the port's
        """Refuse: no command brings one."""
        raise AssertionError("KiotViet knows no upstream apps")

    def link_url(self, state: str, challenge: str) -> str | None:  # noqa: ARG002 - the port's
        """Return None: accounts are linked by a key that the shop's admin makes."""
        return None

    async def redeem(self, raw_code: str, verifier: str) -> Credential:  # noqa: ARG002 - the port's
        """Refuse: there is no page that a code could come from."""
        raise Refusal("platform_refused", log_detail="KiotViet shops are linked by a key")

    async def log_in(self, answers: Mapping[str, str]) -> Credential:
        """Get the first token for a shop's key, which the credential keeps: it is all that a renewal needs.

        A shop's name is an account's id, so it has one spelling: small letters. Whether the platform tells capitals
        apart is documented nowhere; if it does, a name with capitals is refused, and no shop passes for another.
        """
        retailer, client_id, secret = (answers[name].strip() for name in (*FORM.named, FORM.secret))
        if not _RETAILER.fullmatch(retailer.lower()) or not _WORD.fullmatch(client_id) or not _WORD.fullmatch(secret):
            raise Refusal("platform_refused", log_detail="no shop's name, client id or secret has this form")
        return await self._get_token(ClientKey(retailer.lower(), client_id, secret))

    async def describe(self, credential: Credential) -> Profile:
        """Read the shop's branches under its name, and see that another name is refused.

        The name says whose account it is. Were a token good under any name, the key of one shop would prove another.
        Only a shop's admin sees its key, so that is the role which linking proves.
        """
        key = _key_of(credential)
        status = await self._knock(credential, key.account)
        if status != _OK:
            trouble = self.read_trouble(status, b"")
            raise Refusal("platform_refused", log_detail="the key is not of a shop of this name", trouble=trouble)
        if await self._knock(credential, f"{key.account}-quyen-thu-ten-khac") == _OK:
            raise Refusal("platform_refused", log_detail="the platform takes the key under any name")
        return Profile(key.account, key.account, "admin")

    async def renew(self, credential: Credential) -> Credential:
        """Ask for another token with the shop's key."""
        return await self._get_token(_key_of(credential))

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Return the Bearer header and the shop's name (I11)."""
        return _headers(credential, _key_of(credential).account)

    def is_refusal(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - the port's
        """Read the status."""
        return status != _OK

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:  # noqa: ARG002 - the port's
        """Read the status: every 401 is about the gateway's token, since apps' tokens stay here."""
        return {_UNAUTHORIZED: Trouble.CREDENTIAL_REFUSED, _LIMITED: Trouble.LIMITED}.get(status)

    async def _get_token(self, key: ClientKey) -> Credential:
        form = {
            "scopes": SCOPE,
            "grant_type": "client_credentials",
            "client_id": key.client_id,
            "client_secret": key.client_secret,
        }
        content = ("application/x-www-form-urlencoded", urlencode(form).encode())
        url = f"{self._oauth_url}/connect/token"
        status, answer = await exchange(self._http, url, {}, platform=PLATFORM, content=content)
        if status in _REFUSALS:
            raise Refusal("platform_refused", log_detail=f"the token host answered {status}")
        return self._credential(status, answer, key)

    async def _knock(self, credential: Credential, retailer: str) -> int:
        """Ask for the branches of a shop of this name, and return the status of the yes or the no."""
        url = f"{self.base_url}/branches?pageSize=1"
        status, answer = await exchange(self._http, url, _headers(credential, retailer), platform=PLATFORM)
        if status not in _REFUSALS and (status != _OK or type(answer.get("total")) is not int):
            raise Unavailable(PLATFORM)
        return status

    def _credential(self, status: int, answer: dict[str, Any], key: ClientKey) -> Credential:
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if status != _OK or not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Unavailable(PLATFORM)
        if type(seconds) is not int or not 0 <= seconds < _LONGEST_SECONDS:
            raise Unavailable(PLATFORM)
        return Credential(token, None, self._clock.now() + timedelta(seconds=seconds), key)


def _headers(credential: Credential, retailer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential.access_token}", "Retailer": retailer}


def _key_of(credential: Credential) -> ClientKey:
    if credential.key is None:
        raise Refusal("platform_refused", log_detail="no key is held")
    return credential.key
