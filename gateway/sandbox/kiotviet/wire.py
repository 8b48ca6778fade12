"""How the platform writes JSON: compact, UTF-8 as it is, numbers as numbers."""

import json

from aiohttp import web


def answer_json(body: object, *, status: int = 200) -> web.Response:
    """Answer a JSON body."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(text=text, status=status, content_type="application/json")
