"""A small gateway for the sample app's tests: OAuth endpoints and a proxy to the Zalo stand-in, with knobs to turn.

It shares no code with the gateway or authlib: what the sample app sends is judged here by hand.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

PUBLIC, CONFIDENTIAL, SECRET = "qca_public", "qca_pos", "qcs_secret"
ACCOUNT = "2511530240960241001"
NAME = "Tiệm Bánh Nhà May (mẫu)"

Json = Any


@dataclass
class Knobs:
    """What a test changes, and what it reads back."""

    issuer: str = ""
    upstream: str = ""
    upstream_token: str = ""
    expires_in: int = 900
    gives_refresh: bool = True
    claimed_issuer: str | None = None
    answer: Json = None
    answer_status: int = 200
    answer_headers: dict[str, str] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=lambda: [ACCOUNT])
    codes: dict[str, str] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    refreshable: set[str] = field(default_factory=set)
    token_calls: list[dict[str, str]] = field(default_factory=list)
    api_calls: list[dict[str, str]] = field(default_factory=list)
    about_account: Json = field(default_factory=lambda: {"data": {"name": NAME}, "error": 0})
    name_calls: int = 0
    minted: int = 0
    is_broken: bool = False
    scope: str = "x"


KNOBS = web.AppKey("knobs", Knobs)
HTTP = web.AppKey("http", aiohttp.ClientSession)


def build_gateway(knobs: Knobs, http: aiohttp.ClientSession) -> web.Application:
    """Build the stand-in."""
    app = web.Application()
    app[KNOBS], app[HTTP] = knobs, http
    app.router.add_get("/.well-known/oauth-authorization-server", tell_metadata)
    app.router.add_post("/oauth/token", answer_token)
    app.router.add_route("*", "/zalo/{tail:.*}", proxy)
    app.router.add_route("*", "/zalosocial/{tail:.*}", proxy)
    return app


def allow(knobs: Knobs, authorize_query: dict[str, str], **changed: str) -> str:
    """Decide as the person would; returns the query that the callback gets."""
    knobs.codes["code-1"] = authorize_query["code_challenge"]
    answer = {"code": "code-1", "state": authorize_query["state"], "iss": knobs.issuer} | changed
    return urlencode({name: value for name, value in answer.items() if value})


async def tell_metadata(request: web.Request) -> web.Response:
    """RFC 8414."""
    knobs = request.app[KNOBS]
    return web.json_response(
        {
            "issuer": knobs.claimed_issuer or knobs.issuer,
            "authorization_endpoint": f"{knobs.issuer}/oauth/authorize",
            "token_endpoint": f"{knobs.issuer}/oauth/token",
            "authorization_response_iss_parameter_supported": True,
        }
    )


async def answer_token(request: web.Request) -> web.Response:
    """Redeem or refresh; both single use."""
    knobs = request.app[KNOBS]
    form = dict(parse_qsl(await request.text()))
    knobs.token_calls.append(form)
    if knobs.is_broken:
        return web.Response(text="<html>502</html>", status=502, content_type="text/html")
    if not _is_client(request.headers.get("Authorization"), form):
        return web.json_response({"error": "invalid_client"}, status=401)
    if form.get("grant_type") == "refresh_token":
        if form["refresh_token"] not in knobs.refreshable:
            return web.json_response({"error": "invalid_grant"}, status=400)
        knobs.refreshable.remove(form["refresh_token"])
        knobs.live.clear()
        return _issue(knobs)
    challenge = knobs.codes.pop(form.get("code", ""), None)
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if challenge is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
        return web.json_response({"error": "invalid_grant"}, status=400)
    return _issue(knobs)


async def proxy(request: web.Request) -> web.Response:
    """Judge the token, then answer as told or let Zalo answer. The account's name is apart from what tests count."""
    knobs = request.app[KNOBS]
    if request.path == "/zalo/v2.0/oa/getoa":
        knobs.name_calls += 1
        return web.json_response(knobs.about_account)
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    dialect = request.headers.get("access_token", "")
    knobs.api_calls.append({"target": request.raw_path, "bearer": bearer, "access_token": dialect})
    if (bearer or dialect) not in knobs.live:
        if dialect:
            error = {"error": -216, "message": "Access token is invalid"}
            return web.json_response(error, headers={"Quyen-Error": "invalid_token"})
        return web.json_response({"code": "invalid_token"}, status=401)
    if knobs.answer is not None:
        text = knobs.answer if isinstance(knobs.answer, str) else json.dumps(knobs.answer)
        return web.Response(text=text, status=knobs.answer_status, headers=knobs.answer_headers)
    headers = {"access_token": knobs.upstream_token, "Content-Type": request.content_type}
    target = knobs.upstream + request.raw_path.removeprefix("/zalo")
    async with request.app[HTTP].request(request.method, target, headers=headers, data=await request.read()) as answer:
        extra = {"Quyen-Withheld": '2; reasons="scope,subject"'} if "/user/detail" in target else {}
        return web.Response(body=await answer.read(), content_type="application/json", headers=extra)


def _is_client(authorization: str | None, form: dict[str, str]) -> bool:
    if authorization is None:
        return form.get("client_id") == PUBLIC and "client_secret" not in form
    return authorization == "Basic " + base64.b64encode(f"{CONFIDENTIAL}:{SECRET}".encode()).decode()


def _issue(knobs: Knobs) -> web.Response:
    knobs.minted += 1
    access, refresh = f"qat_{knobs.minted}", f"qrt_{knobs.minted}"
    knobs.live.add(access)
    details = [
        {"type": "quyen_ask", "ask": f"a{n}", "scope": "zalo.follower.phone.read", "purpose": "crm", "account": account}
        for account in knobs.accounts
        for n in range(2)
    ]
    token = {"access_token": access, "token_type": "Bearer", "expires_in": knobs.expires_in, "scope": knobs.scope}
    if knobs.gives_refresh:
        knobs.refreshable.add(refresh)
        token["refresh_token"] = refresh
    return web.json_response({**token, "grant_id": "gr_1", "authorization_details": details})
