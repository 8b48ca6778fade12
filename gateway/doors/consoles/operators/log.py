"""The search page: `/operators/log`."""

from dataclasses import replace

from aiohttp import web

from gateway.doors import lang_of
from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.meaning import ACTIONS, OUTCOMES, SOURCES
from gateway.doors.consoles.operators.query import BadQuery, parse_query
from gateway.doors.consoles.operators.rows import log_rows
from gateway.doors.consoles.operators.searching import Place, resolve, search
from gateway.doors.consoles.operators.views import LogView
from gateway.ground.web.frame import with_query
from gateway.terms.refusal import Refusal

PAGE = 50
UNPROCESSABLE = 422
PATH = "/operators/log"
VALUES = (("action:", ACTIONS), ("outcome:", OUTCOMES), ("source:", SOURCES))


async def lead_to_log(door: OperatorsDoor, request: web.Request) -> web.Response:
    """`GET /operators`: an overview is not begun; the log is where operators work."""
    return door.clerk.go(request, PATH)


async def show_log(door: OperatorsDoor, request: web.Request) -> web.Response:
    """`GET /operators/log?q=&cursor=&reason=`."""
    raw_query, raw_reason = request.query.get("q", ""), request.query.get("reason", "")
    view = LogView(raw_query, await door.read_integrity(lang_of(request)), (), reason=raw_reason, values=VALUES)
    try:
        query = parse_query(raw_query)
        is_look_up = query.find("person") is not None
        looker = door.looker(request, raw_reason) if is_look_up else None
        wanted = await resolve(door, query, looker, purpose="search")
    except BadQuery as bad:
        return door.clerk.show(request, replace(view, error=bad.error), status=UNPROCESSABLE)
    except Refusal as refusal:
        if refusal.reason != "reason_required":
            raise
        return door.clerk.show(request, replace(view, needs_reason=True), status=UNPROCESSABLE)
    place = Place.parse(request.query.get("cursor", ""))
    found = await search(door, wanted, place, limit=PAGE)
    here = f"{PATH}?{request.query_string}"
    shown = replace(
        view,
        rows=log_rows(found, door.catalogue, lang_of(request)),
        older=with_query(here, cursor=found.older) if found.older else "",
        newest=with_query(here, cursor=None) if place else "",
    )
    return door.clerk.show(request, shown)
