"""What the switches do to an answer on its way out."""

import gzip
import zlib
from collections.abc import Callable

from aiohttp import web

from gateway.sandbox.switching import Faults

SERVER_ERROR_PAGE = "<html><head><title>500 Internal Server Error</title></head><body><h1>500</h1></body></html>"

GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "not_json": lambda _body: b"<html><body>\xc4\x90ang b\xe1\xba\xa3o tr\xc3\xac</body></html>",
    "truncated": lambda body: body[: len(body) // 2],
    "not_utf8": lambda body: body.replace(b'"', b'"\xff', 1),
    "duplicate_keys": lambda body: body.replace(b"{", b'{"error":0,"error":-1,', 1),
    "deep": lambda _body: b'{"data":' + b"[" * 5000 + b"]" * 5000 + b',"error":0,"message":"Success"}',
    "huge": lambda body: body + b" " * (32 * 1024 * 1024),
}

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "gzip-lie": lambda body: body,
}


def answer_instead(faults: Faults) -> web.Response | None:
    """The answer of a platform that does nothing at all, if a switch says so."""
    if faults.server_error:
        return web.Response(status=500, text=SERVER_ERROR_PAGE, content_type="text/html")
    if faults.redirect is not None:
        return web.Response(status=302, headers={"Location": faults.redirect})
    return None


def spoil(faults: Faults, response: web.Response) -> web.Response:
    """Change body, media type and coding as switched."""
    body = bytes(response.body) if isinstance(response.body, bytes | bytearray) else b""
    if faults.garbage is not None:
        body = GARBAGE[faults.garbage](body)
    if faults.coding is not None:
        body = CODINGS[faults.coding](body)
        response.headers["Content-Encoding"] = faults.coding.removesuffix("-lie")
    response.body = body
    if faults.content_type is not None:
        response.headers["Content-Type"] = faults.content_type
    return response


def cut(request: web.Request) -> web.Response:
    """Cut the connection: the client sees a reset. What is returned never leaves, the socket is gone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def cut_midway(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the head and half of the body, then cut."""
    body = bytes(response.body) if isinstance(response.body, bytes | bytearray) else b""
    half = web.StreamResponse(status=response.status, headers={**response.headers, "Content-Length": str(len(body))})
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    cut(request)
    return half
