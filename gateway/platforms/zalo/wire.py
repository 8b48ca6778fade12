"""One exchange with a Zalo host: always HTTP 200 with a JSON object, in bound, or it counts as no answer."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from gateway.terms.refusal import Unavailable

PLATFORM = "zalo"
LIMIT_BYTES = 256 * 1024
_TIMEOUT = ClientTimeout(total=20, sock_connect=3)
_OK = 200


async def ask(
    http: ClientSession, url: str, headers: Mapping[str, str], *, form: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """GET, or POST where there is a form; return the answered object, which may be one of Zalo's errors.

    Raises:
        Unavailable: no answer in time, or one that is not what Zalo answers; with a form its effect is unknown.
    """
    method = "GET" if form is None else "POST"
    plain = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
    content = None if form is None else urlencode(form).encode()
    if content is not None:
        plain["Content-Type"] = "application/x-www-form-urlencoded"
    options: dict[str, Any] = {"allow_redirects": False, "auto_decompress": False, "timeout": _TIMEOUT}
    try:
        async with http.request(method, url, data=content, headers=plain, **options) as answer:
            return _parse(answer, await _read(answer))
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
    if answer.status != _OK or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable(PLATFORM)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unavailable(PLATFORM) from error
    if not isinstance(value, dict):
        raise Unavailable(PLATFORM)
    return value
