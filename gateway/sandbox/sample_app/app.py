"""Assembles the sample app."""

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.sandbox.sample_app import connect_pages, data_pages, notices
from gateway.sandbox.sample_app.config import SampleAppConfig
from gateway.sandbox.sample_app.shop import SHOP, Shop
from gateway.sandbox.sample_app.trouble import GatewayUnreachable
from gateway.sandbox.serving import LOOPBACK_HOSTS, allow_hosts
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy


async def show_static(request: web.Request) -> web.StreamResponse:
    """Serve the stylesheet."""
    found = request.app[SHOP].pages.find_static(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    return found


ROUTES = [
    web.get("/", connect_pages.show_home),
    web.get("/connect", connect_pages.start_connect),
    web.get("/callback", connect_pages.finish_connect),
    web.get("/followers", data_pages.show_followers),
    web.get("/chat", data_pages.show_chat),
    web.get("/me", data_pages.show_me),
    web.post("/send", data_pages.send_message),
    web.post("/notices", notices.take_notice),
    web.get("/static/{name}", show_static),
]


@web.middleware
async def explain_silence(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Where the gateway does not answer, say that; what the error was is nobody's business on a page."""
    try:
        return await handler(request)
    except GatewayUnreachable:
        text = "Cổng Quyền không trả lời lúc này. Không có gì bị mất; hãy thử lại sau ít phút."
        page = {"app": None, "account": "", "title": "Không gọi được cổng", "text": text, "detail": ""}
        return request.app[SHOP].pages.render("notice.html", 502, **page)


def build_sample_app(config: SampleAppConfig, clock: Clock, *, entropy: Entropy) -> web.Application:
    """Build the application; it talks to the gateway only when a page needs it."""
    app = web.Application(middlewares=[allow_hosts({*LOOPBACK_HOSTS, config.host()}), explain_silence])
    app[SHOP] = Shop(config, clock, entropy=entropy)
    app.add_routes(ROUTES)
    app.on_cleanup.append(app[SHOP].close)
    return app
