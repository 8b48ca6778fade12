"""One exchange with a homeserver: a status and a JSON object, in bound, or it counts as no answer."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from gateway.terms.refusal import Unavailable

PLATFORM = "matrix"
LIMIT_BYTES = 256 * 1024
_TIMEOUT = ClientTimeout(total=20, sock_connect=3)


async def ask(
    http: ClientSession, url: str, headers: Mapping[str, str], *, body: Mapping[str, object] | None = None
) -> tuple[int, dict[str, Any]]:
    """GET, or POST where there is a body; return status and object.

    Raises:
        Unavailable: no answer in time, or not one of a homeserver; with a body its effect is unknown.
    """
    method = "GET" if body is None else "POST"
    plain = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
    content = None if body is None else orjson.dumps(body)
    if content is not None:
        plain["Content-Type"] = "application/json"
    options: dict[str, Any] = {"allow_redirects": False, "auto_decompress": False, "timeout": _TIMEOUT}
    try:
        async with http.request(method, url, data=content, headers=plain, **options) as answer:
            return answer.status, _parse(answer, await _read(answer))
    except (ClientError, OSError, TimeoutError) as error:
        raise Unavailable(PLATFORM) from error


async def _read(answer: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise Unavailable(PLATFORM)
    return bytes(body)


def _parse(answer: ClientResponse, body: bytes) -> dict[str, Any]:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable(PLATFORM)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unavailable(PLATFORM) from error
    if not isinstance(value, dict):
        raise Unavailable(PLATFORM)
    return value
