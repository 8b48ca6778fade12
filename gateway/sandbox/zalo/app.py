"""Assembles the stand-in: one prefix for every Zalo host, each request recorded, faulted, answered."""

from collections.abc import Callable, Mapping

from aiohttp import web

from gateway.sandbox.answering import StandIn
from gateway.sandbox.calls import Call
from gateway.sandbox.control import answer_control, find_static
from gateway.sandbox.zalo import consent, login, oauth, social
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.control import OWN
from gateway.sandbox.zalo.openapi import answer_call
from gateway.sandbox.zalo.room import Room, build_room
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

PREFIX = "/zalo"
ROOM = web.AppKey("zalo_room", Room)

OTHER_HOSTS: Mapping[tuple[str, str], Callable[[Room, Call], web.Response]] = {
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
    room = app[ROOM] = build_room(config, clock, entropy=entropy)
    app.cleanup_ctx.append(room.teller.running)
    StandIn(
        prefix=PREFIX,
        hosts=config.hosts,
        received=room.received,
        take_faults=room.board.take_faults,
        respond=lambda call: OTHER_HOSTS.get((call.method, call.path), answer_call)(room, call),
        control=lambda call: find_static(room.pages, call) or answer_control(room, call, own=OWN),
    ).mount(app)
