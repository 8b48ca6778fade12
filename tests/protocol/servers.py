"""Two servers under probe, the gateway and npm's oidc-provider, each with the same four clients and one person."""

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import aiohttp
from joserfc.jwk import ECKey
from yarl import URL

from tests.house import CHALLENGE, VERIFIER
from tests.protocol.keys import EC, signed
from tests.protocol.probing import Pairs, Proof
from tests.protocol.proofs import KEY
from tests.protocol.wire import Reply, Wire, basic
from tests.services.peers import Oracle

_NUMBERS = count()
STRANGE = ECKey.generate_key("P-256", {"kid": "ec-1"}, private=True)
ASSERTIONS: Mapping[str, Mapping[str, Any]] = {
    "right": {},
    "of_another_audience": {"aud": "https://other.example"},
    "of_another_issuer": {"iss": "someone"},
    "without_jti": {"jti": None},
    "without_exp": {"exp": None},
    "expired": {"exp": 1_000_000_000},
}


@dataclass(frozen=True)
class Names:
    """What is what at a server: its clients' ids and secrets, and what they may ask.

    Args:
        client: a confidential client with a secret, of every grant.
        other: one more of them, of the code alone.
        public: a public client, of every grant that it may have.
        keyed: the id of a client with a key.
        redirect_uri: of all of them.
        scope: what all of them may ask.
        resource: whose tokens these are.
    """

    client: tuple[str, str]
    other: tuple[str, str]
    public: str
    keyed: str
    redirect_uri: str
    scope: str
    resource: str


class Probed(ABC):
    """A server; how its person agrees is its own."""

    def __init__(self, names: Names, metadata: Mapping[str, Any], http: aiohttp.ClientSession) -> None:
        self.names, self._metadata, self._http = names, metadata, http
        self._nonce = ""
        client_id, secret = names.client
        self._fixed = {
            "client_id": client_id,
            "client_secret": secret,
            "basic": basic(client_id, secret)["Authorization"],
            "basic_every_byte_encoded": basic_of("".join(f"%{b:02X}" for b in client_id.encode()), secret),
            "wrong_basic": basic(client_id, "wrong")["Authorization"],
            "unknown_basic": basic("nobody", "wrong")["Authorization"],
            "other_basic": basic(*names.other)["Authorization"],
            "public": names.public,
            "keyed": names.keyed,
            "redirect_uri": names.redirect_uri,
            "scope": names.scope,
            "resource": names.resource,
            "verifier": VERIFIER,
            "challenge": CHALLENGE,
            "thumbprint": KEY.thumbprint(),
            "issuer": str(metadata["issuer"]),
        }

    @abstractmethod
    def now(self) -> float:
        """Return its time."""

    @abstractmethod
    async def agree(self, url: str) -> str:
        """Let its person follow a client's link and agree; return where the browser lands."""

    def url(self, endpoint: str) -> str:
        """Return where an endpoint is, by its own metadata."""
        return str(self._metadata[f"{endpoint}_endpoint"])

    async def send(self, method: str, url: str, body: bytes, headers: Pairs) -> Reply:
        """Send one request; redirects are not followed."""
        options: dict[str, Any] = {"allow_redirects": False, "skip_auto_headers": ("Content-Type",)}
        async with self._http.request(
            method, URL(url, encoded=True), data=body or None, headers=list(headers), **options
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def post(self, endpoint: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Reply:
        """Send a form."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self.send("POST", self.url(endpoint), urlencode(fields).encode(), tuple(typed.items()))

    async def nonce(self) -> str:
        """Return a nonce for proofs: what the server names where none was used."""
        if not self._nonce:
            proof = {"DPoP": await Proof(has_nonce=False).make(self, "token")}
            fields = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": self.names.public}
            self._nonce = (await self.post("token", fields, proof)).headers["DPoP-Nonce"]
        return self._nonce

    async def fact(self, name: str) -> str:
        """Return a value that is always the same, or make one: a code, a token, an assertion."""
        if name in self._fixed:
            return self._fixed[name]
        kind, _, rest = name.partition("_")
        made = {"assertion": self._assertion, "code": self._code, "refresh": self._refresh, "access": self._access}
        return await {**made, "pushed": self._pushed, "device": self._device}[kind](rest)

    async def _assertion(self, case: str) -> str:
        now, key = int(self.now()), STRANGE if case == "by_another_key" else EC
        right = {"iss": self.names.keyed, "sub": self.names.keyed, "aud": self._fixed["issuer"], "iat": now}
        claims = {**right, "exp": now + 60, "jti": f"{case}-{next(_NUMBERS)}", **ASSERTIONS.get(case, {})}
        kept = {claim: value for claim, value in claims.items() if value is not None}
        return signed(kept, key)["client_assertion"]

    async def _code(self, case: str) -> str:
        """Let the person agree; `case` names the client and what is asked beside."""
        asked = {
            "response_type": "code",
            "client_id": self.names.public if "public" in case else self.names.client[0],
            "redirect_uri": self.names.redirect_uri,
            "scope": self.names.scope,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **({"dpop_jkt": KEY.thumbprint()} if "bound" in case else {}),
        }
        landed = await self.agree(f"{self.url('authorization')}?{urlencode(asked)}")
        return dict(parse_qsl(urlsplit(landed).query))["code"]

    async def _tokens(self, case: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": await self._code(case),
            "redirect_uri": self.names.redirect_uri,
            "code_verifier": VERIFIER,
        }
        headers = {"DPoP": await Proof().make(self, "token")} if "bound" in case else {}
        if "public" in case:
            fields["client_id"] = self.names.public
        else:
            headers["Authorization"] = self._fixed["basic"]
        reply = await self.post("token", fields, headers)
        assert reply.status == 200, reply.body
        return reply.json

    async def _refresh(self, case: str) -> str:
        return str((await self._tokens(case))["refresh_token"])

    async def _access(self, case: str) -> str:
        return str((await self._tokens(case))["access_token"])

    async def _pushed(self, _case: str) -> str:
        asked = {"response_type": "code", "redirect_uri": self.names.redirect_uri, "code_challenge": CHALLENGE}
        asked |= {"code_challenge_method": "S256", "scope": self.names.scope, "client_id": self.names.client[0]}
        basic_header = {"Authorization": self._fixed["basic"]}
        return str((await self.post("pushed_authorization_request", asked, basic_header)).json["request_uri"])

    async def _device(self, _case: str) -> str:
        fields = {"client_id": self.names.public, "scope": self.names.scope}
        return str((await self.post("device_authorization", fields)).json["device_code"])


class Ours(Probed):
    """The gateway's door."""

    def __init__(self, wire: Wire, names: Names, metadata: Mapping[str, Any]) -> None:
        super().__init__(names, metadata, wire.session)
        self._wire = wire

    def now(self) -> float:
        """Return the hand-moved clock's time."""
        return self._wire.scene.clock.now().timestamp()

    async def agree(self, url: str) -> str:
        """Let the owner agree to all of it."""
        opened = await self._wire.send("GET", url.removeprefix(self._wire.door.issuer))
        decided = await self._wire.agree_on(opened)
        return f"{self.names.redirect_uri}?code={decided.raw_code}"


class Theirs(Probed):
    """The oracle."""

    def __init__(self, oracle: Oracle, names: Names, metadata: Mapping[str, Any], http: aiohttp.ClientSession) -> None:
        super().__init__(names, metadata, http)
        self._oracle = oracle

    def now(self) -> float:
        """Return the machine's time, which that program lives by."""
        return self._oracle.now()

    async def agree(self, url: str) -> str:
        """Follow its redirects with a browser's cookies, until they lead to the client."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            while not url.startswith(self.names.redirect_uri):
                async with browser.get(URL(url, encoded=True), allow_redirects=False) as page:
                    assert page.status == 303, await page.text()
                    url = str(URL(url).join(URL(page.headers["Location"], encoded=True)))
        return url


def basic_of(encoded_id: str, raw_secret: str) -> str:
    """Return a Basic header whose id is encoded already, in some other way than usual."""
    return "Basic " + b64encode(f"{encoded_id}:{quote_plus(raw_secret)}".encode()).decode()
