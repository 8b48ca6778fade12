"""What a platform does not let the gateway do at a linked account, as apps met it lately (ADR 0042).

The platform names no permission, only the call; so what people read is what the app wanted to do.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway.doors import spoken
from gateway.doors.person.views_access import UnopenedCall
from gateway.ground.storage.storage import Connection
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.apps import store as apps
from gateway.records.grants.types import Grant
from gateway.records.trace import store as traces
from scopes import Platform

WITHIN = timedelta(days=30)
"""How long a call is told of that nobody has tried since."""


async def list_unopened(
    connection: Connection, platform: Platform, through: Iterable[Grant], *, now: datetime, lang: Lang
) -> list[UnopenedCall]:
    """List what was not opened to the apps of some grants, which go through one connection; the newest first."""
    app_ids = {grant.id: grant.app_id for grant in through}
    found = await traces.list_not_opened(connection, list(app_ids), now - WITHIN) if app_ids else {}
    told: list[UnopenedCall] = []
    for route_id, (grant_id, at) in found.items():
        app, route = await apps.find(connection, app_ids[grant_id]), platform.find_traced(route_id)
        if app is not None and route is not None:
            told.append(UnopenedCall(plain(app.name), spoken(route.sentence, lang), at))
    return sorted(told, key=lambda one: one.at, reverse=True)
