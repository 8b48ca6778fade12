"""Every answer says which request it answers, so that a person can name it to the operator."""

import re

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.terms.entropy import Entropy
from gateway.terms.ids import new_id

HEADER = "X-Request-ID"
REQUEST_ID = web.RequestKey("request_id", str)
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_ids(entropy: Entropy) -> Middleware:
    """Return the middleware that takes over a well-formed id or makes one; it stands before all others."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.getall(HEADER, [])
        is_usable = len(given) == 1 and _WELL_FORMED.fullmatch(given[0])
        request[REQUEST_ID] = given[0] if is_usable else new_id("re", entropy)
        response = await handler(request)
        if not response.prepared:
            response.headers[HEADER] = request[REQUEST_ID]
        return response

    return middleware


def request_id_of(request: web.Request) -> str:
    """Return the id of this request; empty where the middleware does not stand."""
    found: str = request.get(REQUEST_ID, "")
    return found
