"""How the API origin listens: what aiohttp's server leaves open is closed here.

Measured: it keeps a half-sent header block for an hour, decodes request bodies by itself, names itself and its version,
reflects what it could not parse, and logs a traceback for each malformed request.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.doors.calls.problems import PROBLEMS
from gateway.terms.entropy import Entropy
from gateway.terms.ids import new_id

IDLE_SECONDS = 30.0
LINGER_SECONDS = 2.0
LIMIT_LINE_BYTES = 32 * 1024
"""A longer target ends the connection; a shorter one that is too long is refused by the door, in the caller's words."""
LIMIT_FIELD_BYTES = 8190
LIMIT_HEADERS = 100
SERVER = "quyen"

_OF_THE_SERVER = frozenset({"access_log_class", "handler_cancellation"})

_LOG = logging.getLogger(__name__)


Tell = Callable[[int, str], web.Response]


def tell_unreadable(status: int, request_id: str) -> web.Response:
    """Answer a call that could not be read, so that nobody knows its dialect either."""
    row = PROBLEMS["bad_target"]
    title = HTTPStatus(status).phrase
    told = {"type": "about:blank", "title": title, "status": status, "code": "bad_target", "detail": row.vi}
    body = orjson.dumps({**told, "request_id": request_id})
    return web.Response(status=status, body=body, content_type="application/problem+json")


class CallsRunner(web.AppRunner):
    """Runs an origin's application: the calls', and the people's with its own `tell`.

    Args:
        app: from `build_calls`.
        entropy: where the ids of requests that could not be parsed come from.
        tell: makes the answer to such a request, from its status and id.
        settings: further ones of `aiohttp.web.AppRunner`.
    """

    def __init__(self, app: web.Application, entropy: Entropy, tell: Tell | None = None, **settings: Any) -> None:
        bounds: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": IDLE_SECONDS,
            "lingering_time": LINGER_SECONDS,
            "max_line_size": LIMIT_LINE_BYTES,
            "max_field_size": LIMIT_FIELD_BYTES,
            "max_headers": LIMIT_HEADERS,
        }
        super().__init__(app, **{**bounds, **settings})
        self._entropy = entropy
        self._tell = tell or tell_unreadable

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        bounds = {name: value for name, value in self._kwargs.items() if name not in _OF_THE_SERVER}
        return _StrictServer(made, self._entropy, self._tell, bounds=bounds)


class _StrictServer(web.Server):
    """Makes the protocol of each connection."""

    def __init__(self, made: web.Server, entropy: Entropy, tell: Tell, *, bounds: dict[str, Any]) -> None:
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
        )
        self.entropy = entropy
        self.tell = tell
        self._bounds = bounds

    def __call__(self) -> RequestHandler:
        return _StrictHandler(self, loop=asyncio.get_running_loop(), **self._bounds)


class _StrictHandler(RequestHandler):
    """One connection. What cannot be parsed is answered without a word of it, and the connection ends."""

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - it could not be read
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what was sent
    ) -> web.StreamResponse:
        """Answer without a word of it; the log gets the kind of error alone. A connection that is gone is let go."""
        if isinstance(exc, ConnectionError) or not isinstance(self._manager, _StrictServer):
            raise ConnectionResetError
        request_id = new_id("rq", self._manager.entropy)
        _LOG.info("no request could be read: %s, answered %d as %s", type(exc).__name__, status, request_id)
        response = self._manager.tell(status, request_id)
        response.headers.update({"Server": SERVER, "X-Request-ID": request_id})
        response.force_close()
        return response
