"""A stand-in of the few Client-Server endpoints that tests of the proxy need; the truth is Synapse's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from aiohttp import web
from aiohttp.test_utils import TestServer

USER_ID = "@tiem-mau:localhost"
PASSWORD = "a-long-test-password"
ROOM = "!room:localhost"
PICTURE = bytes(range(256)) * 512


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came."""

    method: str
    path: str
    authorization: str
    media_type: str
    body: bytes = field(repr=False)


class Homeserver:
    """Who may call with which token, and what arrived."""

    def __init__(self) -> None:
        self.url = ""
        self.arrived: list[Arrival] = []
        self.live = ""
        self.refresh = ""
        self.media_type = "image/png"
        self.media = PICTURE
        self.is_limited = False
        self._number = count(1)

    def mint(self) -> dict[str, object]:
        """Make the next pair; the one before is dead."""
        number = next(self._number)
        self.live, self.refresh = f"syt_{number}", f"syr_{number}"
        return {"access_token": self.live, "refresh_token": self.refresh, "expires_in_ms": 300_000}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer anything."""
        token = request.headers.get("Authorization", "")
        media_type = request.headers.get("Content-Type", "")
        self.arrived.append(Arrival(request.method, request.raw_path, token, media_type, await request.read()))
        name = request.path.rsplit("/", 1)[-1]
        if name in {"login", "refresh"}:
            return await self._answer_token(request, name)
        if token != f"Bearer {self.live}":
            return _error(401, "M_UNKNOWN_TOKEN", soft_logout=False)
        if self.is_limited:
            return _error(429, "M_LIMIT_EXCEEDED", retry_after_ms=2391, secret="s")
        return self._answer_call(request, name)

    async def _answer_token(self, request: web.Request, name: str) -> web.Response:
        body = await request.json()
        if name == "login" and (body["password"] != PASSWORD or body["refresh_token"] is not True):
            return _error(403, "M_FORBIDDEN")
        if name == "refresh" and body["refresh_token"] != self.refresh:
            return _error(401, "M_UNKNOWN_TOKEN")
        return web.json_response(self.mint() | {"user_id": USER_ID, "device_id": "D"})

    def _answer_call(self, request: web.Request, name: str) -> web.Response:
        if name == "whoami":
            return web.json_response({"user_id": USER_ID, "is_guest": False, "device_id": "D"})
        if "/media/download/" in request.path:
            headers = {"Content-Type": self.media_type, "Content-Disposition": "inline", "X-Inside": "1"}
            return web.Response(body=self.media, headers=headers)
        if "/send/" in request.path:
            return web.json_response({"event_id": "$event"})
        if name == "upload":
            return web.json_response({"content_uri": "mxc://localhost/abc"})
        if name == "joined_rooms":
            return web.json_response({"joined_rooms": [ROOM]})
        return _error(404, "M_UNRECOGNIZED")


def _error(status: int, errcode: str, **more: object) -> web.Response:
    return web.json_response({"errcode": errcode, "error": "no", **more}, status=status)


@asynccontextmanager
async def served_homeserver() -> AsyncIterator[Homeserver]:
    """Serve a stand-in on loopback."""
    homeserver = Homeserver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", homeserver.answer)
    async with TestServer(app) as server:
        homeserver.url = str(server.make_url("")).rstrip("/")
        yield homeserver
