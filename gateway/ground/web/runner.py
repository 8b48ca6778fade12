"""How both origins listen: what aiohttp's server leaves open is closed here.

Measured: it keeps a half-sent header block for an hour, takes connections without a bound, decodes request bodies by
itself, names itself and its version, reflects what it could not parse, and logs a traceback for each malformed request.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.terms.entropy import Entropy
from gateway.terms.ids import new_id

IDLE_SECONDS = 30.0
LINGER_SECONDS = 2.0
LIMIT_LINE_BYTES = 32 * 1024
"""A longer target ends the connection; a shorter one that is too long is refused by the door, in the caller's words."""
LIMIT_FIELD_BYTES = 8190
LIMIT_HEADERS = 100
LIMIT_CONNECTIONS = 4096
SERVER = "quyen"

_UNKEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_OF_THE_SERVER = frozenset({"access_log_class", "handler_cancellation"})

_LOG = logging.getLogger(__name__)


Tell = Callable[[int, str], web.Response]


def tell_unreadable(status: int, request_id: str) -> web.Response:
    """Answer a request that could not be read, so that nobody knows its dialect or language either."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": "bad_target"}
    detail = "Địa chỉ hoặc tham số không hợp lệ."
    body = orjson.dumps({**told, "detail": detail, "request_id": request_id})
    return web.Response(status=status, body=body, content_type="application/problem+json", headers=_UNKEPT)


class StrictRunner(web.AppRunner):
    """Runs an origin's application.

    Args:
        app: the application.
        entropy: where the ids of requests that could not be parsed come from.
        tell: makes the answer to such a request, from its status and id.
        limit_connections: how many may be open at once; one more is closed unheard, the open ones go on.
        settings: further ones of `aiohttp.web.AppRunner`.
    """

    def __init__(
        self,
        app: web.Application,
        entropy: Entropy,
        *,
        tell: Tell = tell_unreadable,
        limit_connections: int = LIMIT_CONNECTIONS,
        **settings: Any,
    ) -> None:
        bounds: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": IDLE_SECONDS,
            "lingering_time": LINGER_SECONDS,
            "max_line_size": LIMIT_LINE_BYTES,
            "max_field_size": LIMIT_FIELD_BYTES,
            "max_headers": LIMIT_HEADERS,
        }
        app.on_response_prepare.append(_hide_server)
        super().__init__(app, **{**bounds, **settings})
        self._entropy = entropy
        self._limit_connections = limit_connections
        self._tell = tell

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        bounds = {name: value for name, value in self._kwargs.items() if name not in _OF_THE_SERVER}
        return _StrictServer(made, self._entropy, bounds, tell=self._tell, limit_connections=self._limit_connections)


class _StrictServer(web.Server):
    """Makes the protocol of each connection."""

    def __init__(
        self, made: web.Server, entropy: Entropy, bounds: dict[str, Any], *, tell: Tell, limit_connections: int
    ) -> None:
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
        )
        self.entropy = entropy
        self.limit_connections = limit_connections
        self.tell = tell
        self._bounds = bounds

    def __call__(self) -> RequestHandler:
        return _StrictHandler(self, loop=asyncio.get_running_loop(), **self._bounds)


class _StrictHandler(RequestHandler):
    """One connection. What cannot be parsed is answered without a word of it, and the connection ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, unless too many are open."""
        super().connection_made(transport)
        manager = self._manager
        if isinstance(manager, _StrictServer) and len(manager.connections) > manager.limit_connections:
            _LOG.warning("more than %d connections: one was closed unheard", manager.limit_connections)
            self.force_close()

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
        request_id = new_id("re", self._manager.entropy)
        _LOG.info("no request could be read: %s, answered %d as %s", type(exc).__name__, status, request_id)
        response = self._manager.tell(status, request_id)
        response.headers.update({"Server": SERVER, "X-Request-ID": request_id})
        response.force_close()
        return response


async def _hide_server(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)
