"""Dynamic client registration (RFC 7591): open to anyone, so limited, unreviewed, and forgotten where nobody used it.

Managing a registration (RFC 7592) is not begun: the answer holds no registration access token.
"""

from datetime import timedelta

import structlog
from aiohttp import web

from gateway.acts.register import register_itself
from gateway.authority.limits import Limit, check_pace
from gateway.doors.oauth.client_metadata import app_of, check_metadata, parse_metadata
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import shown_scope
from gateway.doors.oauth.errors import render_json
from gateway.ground.web.addresses import address_of
from gateway.ground.web.forms import read_body
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import AppOrigin
from gateway.terms.ids import AppId, new_id
from gateway.terms.refusal import Refusal

LIMIT_BYTES = 16 * 1024
BY_ADDRESS = Limit(30, timedelta(hours=1))
BY_ALL = Limit(1000, timedelta(hours=1))
"""However many addresses a stranger has, the register grows no faster."""
_log = structlog.get_logger(__name__)


async def answer_registration(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer POST /oauth/register: 201 with the client_id, all that was registered and, this once, the secret.

    Raises:
        Refusal: a row of `errors.ERRORS`.
        Unavailable: nothing was registered.
    """
    await _check_limits(door, request)
    if request.content_type != "application/json":
        raise Refusal("unsupported_media", "a registration is application/json")
    said = check_metadata(parse_metadata(await read_body(request, LIMIT_BYTES)))
    app_id, now = AppId(new_id("app", door.house.entropy)), door.house.clock.now()
    asks = door.dynamic.asks_for(app_id, said.scope or "")
    content = said.to_content(shown_scope(asks))
    statement_id = new_id("cs", door.house.entropy)
    statement = Statement.of(statement_id, app_id, content, at=now, fresh_until=None)
    app = app_of(app_id, said, origin=AppOrigin.ITSELF, host="", at=now)
    raw_secret = await register_itself(door.house, app, asks, statement=statement)
    _log.info("app_registered_itself", app=app_id, address=address_of(request))
    given = {"client_id": app_id, "client_id_issued_at": int(now.timestamp()), **content}
    secret = {"client_secret": raw_secret, "client_secret_expires_at": 0} if raw_secret else {}
    return render_json(given | secret, status=201)


async def _check_limits(door: OAuthDoor, request: web.Request) -> None:
    """Each registration is a row on the disk, and nobody has proven anything; a refused one counts too."""
    paces = {f"register {address_of(request)}": BY_ADDRESS, "register": BY_ALL}
    await check_pace(door.limits, paces, "too many registrations")
