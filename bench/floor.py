"""`python -m bench.floor PORT`: the least that an aiohttp server can do for a form: read it, answer a fixed object."""

import sys

from aiohttp import web

ANSWER = {"active": True, "scope": "a b", "client_id": "bench", "exp": 2000000000, "refresh_token": "x"}


async def answer(request: web.Request) -> web.Response:
    """Read the form and answer, whatever it says."""
    await request.post()
    return web.json_response(ANSWER)


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
