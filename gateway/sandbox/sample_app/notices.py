"""`POST /notices`: what the gateway tells this app, verified with the published library, shown on `/`.

A real app would act on it: stop, hold, delete. This one shows it, so that one sees it arrive. Events come
to a client of Zalo's dialect in Zalo's own form, and are verified as Zalo's docs say.
"""

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256

from aiohttp import web
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.sandbox.sample_app.config import ClientConfig
from gateway.sandbox.sample_app.inbox import Notice, ZaloEvent
from gateway.sandbox.sample_app.shop import SHOP, Shop

LIMIT_BYTES = 20_000
LIMIT_EVENT_BYTES = 300_000


async def take_notice(request: web.Request) -> web.Response:
    """`POST /notices`: whose secret signed it tells for which client it is; what none signed is refused."""
    shop = request.app[SHOP]
    if "X-ZEvent-Signature" in request.headers:
        return await take_event(request)
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


async def take_event(request: web.Request) -> web.Response:
    """Take an event in Zalo's own form: `app_id` says for which client, that client's event key must have signed it."""
    shop = request.app[SHOP]
    body = await request.content.read(LIMIT_EVENT_BYTES + 1)
    try:
        event = ZaloEvent.model_validate_json(body) if len(body) <= LIMIT_EVENT_BYTES else None
    except ValidationError:
        event = None
    app = shop.config.find_app(event.app_id) if event else None
    if event is None or app is None or not app.notice_secret:
        return web.Response(status=401, text="not signed by the gateway\n")
    key = _event_key(app.notice_secret)
    mac = sha256(app.client_id.encode() + body + event.timestamp.encode() + key.encode()).hexdigest()
    if not hmac.compare_digest(request.headers["X-ZEvent-Signature"].encode(), f"mac={mac}".encode()):
        return web.Response(status=401, text="not signed by the gateway\n")
    shop.inbox.add(app.client_id, event.as_notice(request.headers.get("webhook-id", mac)))
    return web.Response(status=200)


def _event_key(secret: str) -> str:
    """Derive the event key; a real app copies it from its page, where it is shown with the secret."""
    derived = hmac.digest(b64decode(secret.removeprefix("whsec_")), b"native events", "sha256")
    return b64encode(derived[:30]).decode()


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
