"""Zalo Login: who somebody is by Zalo Social. No OpenID Connect: there is no ID token, and nothing is signed.

What proves a person is the answer of `/me`, asked over TLS with the token that their own code was just exchanged for.
"""

import asyncio
import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import ClientSession, DummyCookieJar

from gateway.ground.identity.types import Departure, Proven
from gateway.platforms.zalo.oauth import Flow, ask, exchange_grant, write_headers, write_page_url
from gateway.platforms.zalo.wire import ME, TOKEN, read_code
from gateway.terms.refusal import Refusal, Unavailable

IDENTITY: Final = "identity"
LIMIT_SECONDS: Final = 10.0
FIELDS: Final = "id,name"
"""The picture is not asked for: nothing here shows it."""
_LIMITED: Final = -32
_ID = re.compile(r"[1-9][0-9]{0,31}")


@dataclass(frozen=True, slots=True)
class ZaloApp:
    """The gateway's own app at Zalo, as far as people's sign-in goes.

    Args:
        oauth_url: the OAuth host, without a trailing slash.
        graph_url: the Social API, without a trailing slash.
        callback_url: the callback that is saved at Zalo for sign-in, byte for byte.
    """

    oauth_url: str
    graph_url: str
    app_id: str
    app_secret: str = field(repr=False)
    callback_url: str


class ZaloLogin:
    """Satisfies `gateway.ground.identity.types.SignInClient`; keeps no token of anybody's.

    Args:
        app: as whom.
        http: keeps no cookies (one person's would reach the next); closed by whoever opened it.
        limit_seconds: how long the exchange and the question together may take.

    Raises:
        TypeError: the session keeps cookies.
    """

    slug = "zalo"
    tells_when = False

    def __init__(self, app: ZaloApp, http: ClientSession, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        if not isinstance(http.cookie_jar, DummyCookieJar):
            raise TypeError("the session of a sign-in keeps no cookies")
        self._app, self._http, self._limit_seconds = app, http, limit_seconds

    @property
    def issuer(self) -> str:
        """Zalo Login and the app: Zalo's id of a person is another one for each app."""
        return login_issuer(self._app.app_id)

    @property
    def page_url(self) -> str:
        """The OAuth host."""
        return self._app.oauth_url

    async def authorize_url(self, departure: Departure) -> str:
        """Return Zalo's page with the four parameters that both SDKs send; S256 is meant where a challenge stands.

        Raises:
            Refusal: `provider_refused`: a fresh proof is wanted, and Zalo never says when it asked a person.
        """
        if departure.max_age_seconds is not None:
            raise _refused("it never says when a person was asked")
        digest = hashlib.sha256(departure.verifier.encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return write_page_url(self._app, Flow.PERSON, state=departure.state, challenge=challenge)

    async def check_answerer(self, raw_issuer: str | None) -> None:
        """Refuse an answer that names an issuer: Zalo's never do, so it is another provider's (RFC 9207)."""
        if raw_issuer is not None:
            raise _refused("another provider answered")

    async def redeem(self, raw_code: str, departure: Departure) -> Proven:
        """Exchange a code, ask with its token who that is, and forget the token."""
        try:
            async with asyncio.timeout(self._limit_seconds):
                token = await self._exchange(raw_code, departure.verifier)
                found = await self._ask_me(token)
        except TimeoutError as error:
            raise Unavailable(IDENTITY) from error
        subject, name = found.get("id"), found.get("name", "")
        if not isinstance(subject, str) or _ID.fullmatch(subject) is None:
            raise _refused("/me: no id")
        return Proven(
            issuer=self.issuer,
            subject=subject,
            sid=None,
            acr=None,
            authenticated_at=None,
            raw_name=name if isinstance(name, str) else "",
            access_token="",
        )

    async def find_name(self, proven: Proven) -> str:
        """Return the name that came with the id."""
        return proven.raw_name

    async def sign_out_url(self) -> str | None:
        """Zalo has no page for that."""
        return None

    async def _exchange(self, raw_code: str, verifier: str) -> str:
        grant = {"grant_type": "authorization_code", "code": raw_code, "code_verifier": verifier}
        answer = await exchange_grant(self._http, self._app, Flow.PERSON, platform=IDENTITY, grant=grant)
        _check(answer, "token endpoint")
        token = answer.get("access_token")
        if not isinstance(token, str) or TOKEN.fullmatch(token) is None:
            raise _refused("token endpoint: no token")
        return token

    async def _ask_me(self, token: str) -> dict[str, Any]:
        url = f"{self._app.graph_url}{ME}?fields={FIELDS}"
        answer = await ask(self._http, url, write_headers(self._app, token), platform=IDENTITY)
        _check(answer, "/me")
        return answer


def _check(answer: Mapping[str, Any], place: str) -> None:
    """A yes is where no error stands, or 0."""
    code = read_code(answer.get("error", 0))
    if code == _LIMITED:
        raise Unavailable(IDENTITY)
    if code != 0:
        raise _refused(f"{place} answered {code}")


def login_issuer(app_id: str) -> str:
    """Name Zalo Login of an app as an issuer."""
    return f"https://oauth.zaloapp.com/v4/permission?app_id={app_id}"


def _refused(why: str) -> Refusal:
    return Refusal("provider_refused", log_detail=why)
