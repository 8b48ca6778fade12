"""OAuth v4, once for everything of Zalo's that it links: the page's address, and the exchange of codes and tokens.

Official Accounts and people have flows of their own, which differ by their paths alone (facts A1).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from aiohttp import ClientSession, DummyCookieJar

from gateway.platforms import Credential
from gateway.platforms.exchange import exchange
from gateway.platforms.zalo.wire import TOKEN, proof_of, read_code
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal, Unavailable

_OK = 200
_FORM = "application/x-www-form-urlencoded"
_SECONDS = re.compile(r"[0-9]{1,9}")
_REFUSALS = frozenset({-14002, -14003, -14005, -14014})
"""What the OAuth host says about an account's code or token. Its other errors (a wrong `secret_key`, an unknown code)
are about the gateway's own settings or the host's trouble: they must not end an account's connection."""


class Flow(StrEnum):
    """Whose consent is asked: what stands before `/permission` and `/access_token`."""

    OA = "/v4/oa"
    PERSON = "/v4"


class ZaloClient(Protocol):
    """An app as Zalo knows it: where, which, and the callback that is saved there, byte for byte."""

    @property
    def oauth_url(self) -> str:
        """The OAuth host, without a trailing slash."""

    @property
    def app_id(self) -> str:
        """The app's id."""

    @property
    def app_secret(self) -> str:
        """Signs proofs and goes in the header `secret_key` of token calls."""

    @property
    def callback_url(self) -> str:
        """The callback."""


def write_page_url(client: ZaloClient, flow: Flow, *, state: str, challenge: str) -> str:
    """Return Zalo's page with the four parameters that both SDKs send; S256 is meant where a challenge stands."""
    asked = {
        "app_id": client.app_id,
        "redirect_uri": client.callback_url,
        "code_challenge": challenge,
        "state": state,
    }
    return f"{client.oauth_url}{flow}/permission?{urlencode(asked, quote_via=quote)}"


def write_headers(client: ZaloClient, access_token: str) -> dict[str, str]:
    """Return the token's header and the proof that the app's owner sends it."""
    return {"access_token": access_token, "appsecret_proof": proof_of(client.app_secret, access_token)}


async def ask(
    http: ClientSession, url: str, headers: Mapping[str, str], *, platform: str, form: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Exchange with a Zalo host: always HTTP 200, and the object may be one of Zalo's errors.

    Raises:
        Unavailable: `platform` gave no answer in time, or none of this form.
    """
    content = None if form is None else (_FORM, urlencode(form).encode())
    status, answer = await exchange(http, url, headers, platform=platform, content=content)
    if status != _OK:
        raise Unavailable(platform)
    return answer


async def exchange_grant(
    http: ClientSession, client: ZaloClient, flow: Flow, *, platform: str, grant: Mapping[str, str]
) -> dict[str, Any]:
    """Bring a code or a refresh token to the token endpoint; the object may be an error.

    Raises:
        Unavailable: as `ask`; whether it was taken is unknown.
    """
    headers = {"secret_key": client.app_secret}
    form = {"app_id": client.app_id, **grant}
    return await ask(http, f"{client.oauth_url}{flow}/access_token", headers, platform=platform, form=form)


class ZaloOAuth:
    """The part of a Zalo connector that gets credentials; each hands its methods on as its own.

    Args:
        client: as which app.
        flow: of whom.
        platform: what is unavailable when the host gives no answer.
        http: keeps no cookies (one account's would reach the next); closed by whoever opened it.
        clock: from which the platform's `expires_in` is counted.

    Raises:
        TypeError: the session keeps cookies.
    """

    def __init__(self, client: ZaloClient, flow: Flow, *, platform: str, http: ClientSession, clock: Clock) -> None:
        if not isinstance(http.cookie_jar, DummyCookieJar):
            raise TypeError("a connector's session keeps no cookies")
        self._client, self._flow, self._platform = client, flow, platform
        self._http, self._clock = http, clock

    def link_url(self, state: str, challenge: str) -> str:
        """Return Zalo's consent page."""
        return write_page_url(self._client, self._flow, state=state, challenge=challenge)

    async def redeem(self, raw_code: str, verifier: str) -> Credential:
        """Exchange the callback's code."""
        return await self._exchange({"grant_type": "authorization_code", "code": raw_code, "code_verifier": verifier})

    async def log_in(self, answers: Mapping[str, str]) -> Credential:  # noqa: ARG002 - the port's
        """Refuse: Zalo links accounts on its own page only."""
        raise Refusal("platform_refused", log_detail="Zalo has no sign-in by a form of ours")

    async def renew(self, credential: Credential) -> Credential:
        """Exchange the refresh token; Zalo's are single use and the old access token dies with it.

        A person's are refused from 30 days after the linking on: they link anew.
        """
        if credential.refresh_token is None:
            raise Refusal("platform_refused", log_detail="no refresh token is held")
        return await self._exchange({"grant_type": "refresh_token", "refresh_token": credential.refresh_token})

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Return the token's header and the proof that the app's owner sends it."""
        return write_headers(self._client, credential.access_token)

    async def ask(self, url: str, credential: Credential) -> dict[str, Any]:
        """Ask a Zalo host with a credential."""
        return await ask(self._http, url, self.headers(credential), platform=self._platform)

    async def _exchange(self, grant: Mapping[str, str]) -> Credential:
        answer = await exchange_grant(self._http, self._client, self._flow, platform=self._platform, grant=grant)
        if "error" in answer and (code := read_code(answer["error"])) != 0:
            if code in _REFUSALS:
                raise Refusal("platform_refused", log_detail=f"the OAuth host answered {code}")
            raise Unavailable(self._platform)
        return self._credential(answer)

    def _credential(self, answer: dict[str, Any]) -> Credential:
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        seconds = str(answer.get("expires_in"))
        tokens_are_plain = all(isinstance(one, str) and TOKEN.fullmatch(one) for one in (access, refresh))
        if not tokens_are_plain or not _SECONDS.fullmatch(seconds):
            raise Unavailable(self._platform)
        return Credential(str(access), str(refresh), self._clock.now() + timedelta(seconds=int(seconds)))
