"""Assembles the stand-in: one prefix for both KiotViet hosts, each request recorded, faulted, answered."""

from aiohttp import web

from gateway.sandbox.answering import StandIn
from gateway.sandbox.calls import Call
from gateway.sandbox.control import answer_control
from gateway.sandbox.kiotviet.config import KiotVietSandboxConfig
from gateway.sandbox.kiotviet.control import OWN
from gateway.sandbox.kiotviet.oauth import answer_token
from gateway.sandbox.kiotviet.openapi import answer_call
from gateway.sandbox.kiotviet.room import Room, build_room
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

PREFIX = "/kiotviet"
TOKEN_PATH = "/connect/token"
ROOM = web.AppKey("kiotviet_room", Room)


def build_kiotviet_sandbox(config: KiotVietSandboxConfig, clock: Clock, entropy: Entropy) -> web.Application:
    """Build an application of its own that answers under `/kiotviet`."""
    app = web.Application()
    mount(app, config, clock=clock, entropy=entropy)
    return app


def mount(app: web.Application, config: KiotVietSandboxConfig, *, clock: Clock, entropy: Entropy) -> None:
    """Add the stand-in to an application; `app[ROOM]` is what its other pages may look into."""
    room = app[ROOM] = build_room(config, clock, entropy=entropy)

    app.cleanup_ctx.append(room.teller.running)

    def respond(call: Call) -> web.Response:
        is_token = (call.method, call.path) == ("POST", TOKEN_PATH)
        return answer_token(room, call) if is_token else answer_call(room, call)

    StandIn(
        prefix=PREFIX,
        hosts=config.hosts,
        received=room.received,
        take_faults=room.board.take_faults,
        respond=respond,
        control=lambda call: answer_control(room, call, own=OWN),
    ).mount(app)
