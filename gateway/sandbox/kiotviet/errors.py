"""The platform's errors: HTTP 4xx with `responseStatus` in the body (facts B2)."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.sandbox.kiotviet.switches import Switches
from gateway.sandbox.kiotviet.wire import answer_json

ORDERS_OFF = "Thiết lập “Cho phép đặt hàng” đang không được bật."


@dataclass(eq=False)
class KiotError(Exception):
    """An answer that is no 2xx.

    Args:
        kind: which no it is; a key of `STATUSES`.
        message: in the platform's words, shown to whoever called.
    """

    kind: str
    message: str


STATUSES: dict[str, tuple[str, Callable[[Switches], int]]] = {
    "token": ("TokenException", lambda _quirks: 401),
    "retailer": ("KvRetailerException", lambda quirks: quirks.retailer_refusal),
    "validation": ("KvValidateException", lambda quirks: quirks.validation_status),
    "missing": ("KvNotFoundException", lambda quirks: quirks.missing_status),
    "limit": ("RateLimited", lambda quirks: quirks.limit_status),
    "path": ("NotFound", lambda _quirks: 404),
}


def refuse(error: KiotError, quirks: Switches) -> web.Response:
    """The answer that tells an error, in the form that the switches say."""
    code, status_in = STATUSES[error.kind]
    status = status_in(quirks)
    if quirks.error_body == "empty":
        return web.Response(status=status)
    if quirks.error_body == "page":
        return web.Response(status=status, text=f"<html><h1>{status}</h1></html>", content_type="text/html")
    told = {"errorCode": code, "message": error.message, "errors": []}
    return answer_json({"responseStatus": told}, status=status)
