"""One exchange with a platform's host: a status and a JSON object, in bound and in time, or it counts as no answer."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from gateway.terms.refusal import Unavailable

LIMIT_BYTES = 256 * 1024
Content = tuple[str, bytes]  # media type and bytes
_TIMEOUT = ClientTimeout(total=20, sock_connect=3)


async def exchange(  # noqa: PLR0913 - one exchange, in words of HTTP
    http: ClientSession,
    url: str,
    headers: Mapping[str, str],
    *,
    platform: str,
    content: Content | None = None,
    method: str = "",
) -> tuple[int, dict[str, Any]]:
    """GET, or POST where there is content, unless it is said otherwise; return status and object.

    Raises:
        Unavailable: `platform` gave no answer in time, or none of this form; with content its effect is unknown.
    """
    usual, sent = ("GET", None) if content is None else ("POST", content[1])
    plain = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
    if content is not None:
        plain["Content-Type"] = content[0]
    options: dict[str, Any] = {"allow_redirects": False, "auto_decompress": False, "timeout": _TIMEOUT}
    try:
        async with http.request(method or usual, url, data=sent, headers=plain, **options) as answer:
            return answer.status, _parse(answer, await _read(answer, platform), platform)
    except (ClientError, OSError, TimeoutError) as error:
        raise Unavailable(platform) from error


async def _read(answer: ClientResponse, platform: str) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise Unavailable(platform)
    return bytes(body)


def _parse(answer: ClientResponse, body: bytes, platform: str) -> dict[str, Any]:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable(platform)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unavailable(platform) from error
    if not isinstance(value, dict):
        raise Unavailable(platform)
    return value
