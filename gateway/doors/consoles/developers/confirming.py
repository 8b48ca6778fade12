"""The one step before an app's endpoint or a signing key is destroyed: what ends, what stays, two equal buttons."""

from typing import Final

from aiohttp import web

from gateway.doors.consoles.developers.apps import get_own_app
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.doors.consoles.developers.views_notices import ConfirmNoticesView, NoticeKeyLine
from gateway.ground.web.plain import plain
from gateway.records.outbox import endpoints
from gateway.records.outbox.types import SigningKey

CONFIRMED: Final = frozenset({"clear", "rotate"})
"""The acts that cannot be taken back."""


async def show_confirm(door: DevelopersDoor, request: web.Request, action: str) -> web.Response:
    """Ask once more, naming what would end; where there is nothing to end, lead on to the page."""
    async with door.house.storage.read() as connection:
        app = await get_own_app(connection, request)
        endpoint = await endpoints.find(connection, app.id)
        keys = await endpoints.list_live_keys(connection, app.id)
    if endpoint is None:
        return door.clerk.go(request, request.path)
    newest = keys[0].id if keys else ""
    lines = [_line(key) for key in keys]
    return door.clerk.show(
        request, ConfirmNoticesView(app.id, plain(app.name), plain(endpoint.url, 2048), action, lines, newest)
    )


def _line(key: SigningKey) -> NoticeKeyLine:
    return NoticeKeyLine(key.last4, key.public_key, key.created_at)
