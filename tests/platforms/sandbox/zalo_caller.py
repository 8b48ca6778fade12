"""A caller of the Zalo stand-in that speaks as an app does, on aiohttp alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import aiohttp
from yarl import URL

from gateway.sandbox.zalo.config import OtherApp, ZaloSandboxConfig
from gateway.sandbox.zalo.seeds import BAKERY_ID

APP_ID = "1122334455667788990"
APP_SECRET = "sandbox-app-secret"
OTHERS = (
    OtherApp(app_id="2233445566778899001", app_secret="secret-of-the-first", app_name="Sổ bán hàng riêng (mẫu)"),
    OtherApp(app_id="3344556677889900112", app_secret="secret-of-the-second", app_name="Giao hàng riêng (mẫu)"),
)
CALLBACK = "http://127.0.0.1:8400/connections/zalo/callback"
LOGIN_CALLBACK = "http://127.0.0.1:8400/sign-in/zalo/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

Json = Any


def zalo_config(state_path: Path | None) -> ZaloSandboxConfig:
    """The settings that every test of the stand-in starts from."""
    return ZaloSandboxConfig(
        app_id=APP_ID,
        app_secret=APP_SECRET,
        callback_urls=(CALLBACK,),
        login_callback_urls=(LOGIN_CALLBACK,),
        state_path=state_path,
    )


class ZaloCaller:
    """Calls one served stand-in."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self.http, self.base = http, base

    async def raw(self, method: str, path: str, **options: Any) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; returns status, headers and the body's bytes."""
        async with self.http.request(
            method, URL(self.base + path, encoded=True), allow_redirects=False, **options
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    async def json(self, method: str, path: str, **options: Any) -> Json:
        """Send one request that must be answered 200 with JSON."""
        status, headers, body = await self.raw(method, path, **options)
        assert status == 200, body
        assert headers["Content-Type"].startswith("application/json"), headers["Content-Type"]
        return json.loads(body)

    async def get(self, path: str, token: str, **params: object) -> Json:
        """Call a GET of the open API with its `data`."""
        query = f"?data={quote(json.dumps(params))}" if params else ""
        return await self.json("GET", path + query, headers={"access_token": token})

    async def send(self, token: str, user_id: str, text: str) -> Json:
        """Send a text message."""
        body = {"recipient": {"user_id": user_id}, "message": {"text": text}}
        return await self.json("POST", "/v3.0/oa/message/cs", headers={"access_token": token}, json=body)

    async def consent(self, oa_id: str = BAKERY_ID, **changed: str) -> dict[str, str]:
        """Allow as an admin; returns the callback's query."""
        form = {"app_id": APP_ID, "redirect_uri": CALLBACK, "code_challenge": CHALLENGE, "state": "s t=1&x"}
        form |= {"oa_id": oa_id, "agree": "1", "allow": "1"} | changed
        status, headers, body = await self.raw("POST", "/v4/oa/permission", data=form)
        assert status == 302, body
        callback, _, query = headers["Location"].partition("?")
        assert callback == CALLBACK
        return dict(parse_qsl(query, strict_parsing=True))

    async def token(self, secret: str | None = APP_SECRET, **form: str) -> Json:
        """Call the token endpoint with the app's id unless the form says otherwise."""
        headers = {} if secret is None else {"secret_key": secret}
        return await self.json("POST", "/v4/oa/access_token", headers=headers, data={"app_id": APP_ID} | form)

    async def redeem(self, code: str, verifier: str = VERIFIER) -> Json:
        """Trade a code."""
        return await self.token(grant_type="authorization_code", code=code, code_verifier=verifier)

    async def refresh(self, refresh_token: str) -> Json:
        """Trade a refresh token."""
        return await self.token(grant_type="refresh_token", refresh_token=refresh_token)

    async def link(self, oa_id: str = BAKERY_ID) -> dict[str, str]:
        """Consent and redeem; returns the pair."""
        pair: dict[str, str] = await self.redeem((await self.consent(oa_id))["code"])
        return pair

    async def switch(self, **switches: object) -> Json:
        """Set the switches."""
        return await self.json("POST", "/_sandbox/switches", json=switches)

    async def received(self, after: int = 0) -> Json:
        """What arrived."""
        return await self.json("GET", f"/_sandbox/received?after={after}")


def authorize_path(**changed: str) -> str:
    """The target of the browser that an app sends to the consent page."""
    asked = {"app_id": APP_ID, "redirect_uri": CALLBACK, "code_challenge": CHALLENGE, "state": "s"} | changed
    return f"/v4/oa/permission?{urlencode(asked)}"


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
