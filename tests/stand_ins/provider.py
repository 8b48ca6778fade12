"""An OpenID Provider that answers rightly until a test makes it lie: the network's far end, and nothing of ours.

It has no pages: a test decides what the browser brings back. One lie at a time is set on `Lies`; each field that is
left alone keeps the provider honest, so that every refusal is about that one lie.
"""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import orjson
from aiohttp import BasicAuth, web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeyParameters, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.terms.clock import Clock

CLIENT_ID, CLIENT_SECRET = "quyen (mẫu)/:+%", "s3cret:+%/ (mau)"
CALLBACK = "http://127.0.0.1:8400/sign-in/oidc/callback"
Claims = dict[str, Any]


@dataclass
class Lies:
    """What the provider says otherwise than it should.

    Args:
        metadata: members of the discovery document; None leaves one out.
        claims: members of the next ID tokens; None leaves one out.
        head: members of the head of the next tokens.
        sign: makes the signature instead of the provider's own key.
        token: members of the token endpoint's answer.
        answer: what any path answers instead, by path.
        mangle: what becomes of the true answer, by path.
        drip: paths whose true answer comes in small pieces.
        delay_seconds: by path, before anything is answered.
        userinfo: what stands there.
    """

    metadata: Claims = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    head: Claims = field(default_factory=dict)
    sign: Callable[[Claims, Claims], str] | None = None
    token: Claims = field(default_factory=dict)
    answer: dict[str, Callable[[], web.StreamResponse]] = field(default_factory=dict)
    mangle: dict[str, Callable[[web.Response], web.Response]] = field(default_factory=dict)
    drip: set[str] = field(default_factory=set)
    delay_seconds: dict[str, float] = field(default_factory=dict)
    userinfo: Claims = field(default_factory=dict)


class LyingProvider:
    """A provider on loopback; `base` is its issuer."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.lies, self.base = clock, Lies(), ""
        self.keys: list[Key] = [new_key("ES256", "key-1")]
        self.algorithm = "ES256"
        self.asked: list[str] = []
        self._codes: dict[str, Claims] = {}

    def app(self) -> web.Application:
        """Build its routes; whatever is asked is noted."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._guard(self._metadata))
        app.router.add_get("/jwks", self._guard(self._jwks))
        app.router.add_post("/token", self._guard(self._token))
        app.router.add_get("/me", self._guard(self._userinfo))
        # Where a redirect may lead: the truth, so that whoever follows one is seen.
        for path, truth in (("/.well-known/openid-configuration", self._metadata), ("/jwks", self._jwks)):
            app.router.add_get(f"/elsewhere{path}", truth)
        app.router.add_post("/elsewhere/token", self._token)
        return app

    def authorise(self, url: str, subject: str, **claims: Any) -> str:
        """Let `subject` sign in where the gateway sent the browser; return the path that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
        assert asked["client_id"] == CLIENT_ID
        code = f"code-{len(self._codes)}"
        self._codes[code] = {"asked": asked, "claims": {"sub": subject, **claims}}
        back = {"code": code, "state": asked["state"], "iss": self.base}
        return f"{urlsplit(asked['redirect_uri']).path}?{urlencode(back)}"

    def logout_token(self, key: Key | None = None, **claims: Any) -> str:
        """Make a logout token; a claim of None is left out."""
        now = int(self.clock.now().timestamp())
        event: Claims = {"http://schemas.openid.net/event/backchannel-logout": {}}
        told = {"iss": self.base, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": "jti-1", "events": event}
        return self._sign({"typ": "logout+jwt", **self.lies.head}, _without({**told, **claims}), key)

    def _guard(self, answer: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            self.asked.append(request.path)
            await asyncio.sleep(self.lies.delay_seconds.get(request.path, 0))
            if request.path in self.lies.answer:
                return self.lies.answer[request.path]()
            response: web.Response = await answer(request)
            if request.path in self.lies.drip:
                return await _drip(request, response)
            return self.lies.mangle[request.path](response) if request.path in self.lies.mangle else response

        return guarded

    async def _metadata(self, _request: web.Request) -> web.Response:
        told = {
            "issuer": self.base,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
            "userinfo_endpoint": f"{self.base}/me",
            "end_session_endpoint": f"{self.base}/end?tenant=1",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.lies.metadata,
        }
        return web.json_response(_without(told))

    async def _jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        given = (str(form.get("client_id")), str(form.get("client_secret")))
        if "Authorization" in request.headers:
            basic = BasicAuth.decode(request.headers["Authorization"])
            given = (unquote_plus(basic.login), unquote_plus(basic.password))
        known = self._codes.pop(str(form.get("code")), None)
        challenge = urlsafe_b64encode(hashlib.sha256(str(form.get("code_verifier")).encode()).digest())
        if known is None or known["asked"]["code_challenge"] != challenge.rstrip(b"=").decode():
            return web.json_response({"error": "invalid_grant"}, status=400)
        if given != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        answer = {"access_token": "at-1", "token_type": "Bearer", "id_token": self._id_token(known), **self.lies.token}
        return web.json_response(_without(answer))

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer at-1"
        return web.json_response(self.lies.userinfo)

    def _id_token(self, known: Claims) -> str:
        now = int(self.clock.now().timestamp())
        told = {"iss": self.base, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": known["asked"]["nonce"]}
        claims = _without({**told, **known["claims"], **self.lies.claims})
        return self._sign(self.lies.head, claims)

    def _sign(self, head: Mapping[str, Any], claims: Claims, key: Key | None = None) -> str:
        used = key or self.keys[0]
        full = _without({"alg": self.algorithm, "kid": used.kid, **head})
        if self.lies.sign is not None:
            return self.lies.sign(full, claims)
        return sign_plainly(full, claims, used)


@asynccontextmanager
async def lying_provider(clock: Clock) -> AsyncIterator[LyingProvider]:
    """Serve one on loopback."""
    provider = LyingProvider(clock)
    async with TestServer(provider.app()) as server:
        provider.base = str(server.make_url("")).rstrip("/")
        yield provider


def new_key(algorithm: str, kid: str) -> Key:
    """Make a signing key for an algorithm."""
    options: KeyParameters = {"kid": kid, "use": "sig"}
    if algorithm == "RS256":
        return RSAKey.generate_key(2048, options)
    if algorithm in {"EdDSA", "Ed25519"}:
        return OKPKey.generate_key("Ed25519", options)
    return ECKey.generate_key("P-256", options)


def sign_with_secret(head: Claims, claims: Claims) -> str:
    """Sign with the client secret, as only a provider for symmetric tokens may, and anyone who has the secret can."""
    key = OctKey.import_key(CLIENT_SECRET)
    registry = JWSRegistry(algorithms=["HS256"], strict_check_header=False)
    return jwt.encode({**head, "alg": "HS256"}, claims, key, registry=registry)


def sign_plainly(head: Claims, claims: Claims, key: Key) -> str:
    """Sign by the algorithm of the head, whatever else stands in it: the library would refuse to say nonsense."""
    parts = (urlsafe_b64encode(orjson.dumps(each)).rstrip(b"=") for each in (head, claims))
    signed = b".".join(parts)
    signature = JWSRegistry.algorithms[head["alg"]].sign(signed, key)
    return b".".join((signed, urlsafe_b64encode(signature).rstrip(b"="))).decode()


def sign_not(head: Claims, claims: Claims) -> str:
    """Leave the signature out, with `alg` none."""
    parts = (urlsafe_b64encode(orjson.dumps(each)).rstrip(b"=").decode() for each in ({**head, "alg": "none"}, claims))
    return ".".join((*parts, ""))


async def _drip(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send a true answer in 20 pieces, a tenth of a second apart: each of them comes in time, the whole does not."""
    dripping = web.StreamResponse(headers={"Content-Type": "application/json"})
    await dripping.prepare(request)
    body = cast("bytes", response.body)
    for start in range(0, len(body), len(body) // 20 + 1):
        await asyncio.sleep(0.1)
        await dripping.write(body[start : start + len(body) // 20 + 1])
    return dripping


def _without(members: Claims) -> Claims:
    return {name: value for name, value in members.items() if value is not None}
