"""`POST /notices`: what the gateway tells this app, verified with the published library, shown on `/`.

A real app would act on it: stop, hold, delete. This one shows it, so that one sees it arrive.
"""

from aiohttp import web
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.sandbox.sample_app.config import ClientConfig
from gateway.sandbox.sample_app.inbox import Notice
from gateway.sandbox.sample_app.shop import SHOP, Shop

LIMIT_BYTES = 20_000


async def take_notice(request: web.Request) -> web.Response:
    """`POST /notices`: whose secret signed it tells for which client it is; what none signed is refused."""
    shop = request.app[SHOP]
    body = await request.content.read(LIMIT_BYTES + 1)
    app = _find_signed(shop, body, request) if len(body) <= LIMIT_BYTES else None
    if app is None:
        return web.Response(status=401, text="not signed by the gateway\n")
    try:
        notice = Notice.model_validate_json(body)
    except ValidationError:
        return web.Response(status=422, text="not a notice\n")
    shop.inbox.add(app.client_id, notice)
    return web.Response(status=204)


def _find_signed(shop: Shop, body: bytes, request: web.Request) -> ClientConfig | None:
    for app in shop.config.apps:
        if app.notice_secret and _is_signed(app.notice_secret, body, request):
            return app
    return None


def _is_signed(secret: str, body: bytes, request: web.Request) -> bool:
    try:
        Webhook(secret).verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: a header or a body that is not of the form
        return False
    return True
