"""`python -m bench.passthrough PORT UPSTREAM`: the least that an aiohttp proxy can do."""

import sys
from collections.abc import AsyncIterator

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

SESSION = web.AppKey("session", ClientSession)


def build(upstream: str) -> web.Application:
    """Build a server that hands every GET on as it came."""

    async def hand_on(request: web.Request) -> web.Response:
        async with request.app[SESSION].get(upstream + request.raw_path) as answer:
            body = await answer.read()
        return web.Response(body=body, status=answer.status, content_type=answer.content_type)

    async def hold(app: web.Application) -> AsyncIterator[None]:
        app[SESSION] = ClientSession(connector=TCPConnector(limit=256), cookie_jar=DummyCookieJar())
        yield
        await app[SESSION].close()

    app = web.Application()
    app.router.add_get("/{tail:.*}", hand_on)
    app.cleanup_ctx.append(hold)
    return app


if __name__ == "__main__":
    web.run_app(
        build(f"http://127.0.0.1:{sys.argv[2]}"), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None
    )
