"""How the platform writes JSON: compact, UTF-8 as it is, HTTP 200."""

import json
from collections.abc import Mapping

from aiohttp import web


def answer_json(body: object, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer a JSON body."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(text=text, content_type="application/json", headers=headers)
