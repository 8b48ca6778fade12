"""Assembles the stand-in: one prefix for every Zalo host, each request recorded, faulted, answered."""

import asyncio

from aiohttp import web

from gateway.sandbox.serving import is_known_host
from gateway.sandbox.zalo import consent, login, oauth, social
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.control import Handler, answer_control
from gateway.sandbox.zalo.faults import answer_instead, cut, cut_midway, spoil
from gateway.sandbox.zalo.openapi import answer_call
from gateway.sandbox.zalo.room import Room, build_room
from gateway.sandbox.zalo.visit import Call
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

PREFIX = "/zalo"
LIMIT_BODY_BYTES = 8 << 20
ROOM = web.AppKey("zalo_room", Room)

OTHER_HOSTS: dict[tuple[str, str], Handler] = {
    ("GET", "/v4/oa/permission"): consent.show_consent,
    ("POST", "/v4/oa/permission"): consent.decide_consent,
    ("POST", "/v4/oa/access_token"): oauth.answer_token,
    ("GET", "/v4/permission"): login.show_login,
    ("POST", "/v4/permission"): login.decide_login,
    ("POST", "/v4/access_token"): oauth.answer_social_token,
    ("GET", "/v2.0/me"): social.answer_me,
}


def build_zalo_sandbox(config: ZaloSandboxConfig, clock: Clock, entropy: Entropy) -> web.Application:
    """Build an application of its own that answers under `/zalo`."""
    app = web.Application()
    mount(app, config, clock=clock, entropy=entropy)
    return app


def mount(app: web.Application, config: ZaloSandboxConfig, *, clock: Clock, entropy: Entropy) -> None:
    """Add the stand-in to an application; `app[ROOM]` is what its other pages may look into."""
    app[ROOM] = build_room(config, clock, entropy=entropy)
    app.router.add_route("*", PREFIX + "{tail:.*}", answer)
    app.on_response_prepare.append(_hide_server)


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer anything under the prefix."""
    room = request.app[ROOM]
    if not is_known_host(request.host, room.config.hosts):
        return web.Response(status=421, text="this host name is not served here\n")
    target = request.raw_path.removeprefix(PREFIX) or "/"
    path, _, query = target.partition("?")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LIMIT_BODY_BYTES:
            return web.Response(status=413, text="larger than anything that the platform takes\n")
    call = Call(request.method, path, query, request.headers, bytes(body))
    if path.startswith("/_sandbox/"):
        return answer_control(room, call)
    room.received.add(request.method, target, headers=_plain(request), body=call.body)
    return await _answer_recorded(room, request, call=call)


async def _answer_recorded(room: Room, request: web.Request, *, call: Call) -> web.StreamResponse:
    faults = room.board.take_faults(call.path)
    if faults.slow_seconds:
        await asyncio.sleep(faults.slow_seconds)
    if faults.reset == "before":
        return cut(request)
    response = answer_instead(faults) or spoil(
        faults, OTHER_HOSTS.get((call.method, call.path), answer_call)(room, call)
    )
    if faults.reset == "after":
        return cut(request)
    if faults.reset == "midway":
        return await cut_midway(request, response)
    return response


def _plain(request: web.Request) -> dict[str, str]:
    """Headers as they were spelled; a name that came twice keeps both values."""
    return {name: ", ".join(request.headers.getall(name)) for name in request.headers}


async def _hide_server(_request: web.Request, response: web.StreamResponse) -> None:
    """Do not say what serves: the platform does not."""
    response.headers.popall("Server", None)
