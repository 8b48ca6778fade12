"""Exports: what a search finds, as a file; a reason comes first and is recorded (R55)."""

from collections.abc import AsyncIterator
from dataclasses import replace

from aiohttp import web

from gateway.acts.export_log import Export, record_export
from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.export_formats import FORMATS, Format, Line, line_of
from gateway.doors.consoles.operators.log import UNPROCESSABLE
from gateway.doors.consoles.operators.meaning import Wanted
from gateway.doors.consoles.operators.query import BadQuery, parse_query
from gateway.doors.consoles.operators.searching import Place, resolve, search
from gateway.doors.consoles.operators.views import ExportView
from gateway.ground.web.responses import page_headers
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.refusal import Refusal

BATCH = 500


async def export_log(door: OperatorsDoor, request: web.Request) -> web.StreamResponse:
    """`GET /operators/log/export?q=&format=&reason=`; without a format, the form that asks for one."""
    raw_query, raw_reason = request.query.get("q", ""), request.query.get("reason", "")
    raw_format = request.query.get("format", "")
    view = ExportView(raw_query, tuple(FORMATS), chosen=raw_format, reason=raw_reason)
    if not raw_format:
        return door.clerk.show(request, view)
    if raw_format not in FORMATS:
        return door.clerk.show(request, replace(view, chosen="", has_bad_format=True), status=UNPROCESSABLE)
    try:
        query = parse_query(raw_query)
        looker = door.looker(request, raw_reason)
        wanted = await resolve(door, query, looker, purpose=f"export {looker.request_id}")
    except BadQuery as bad:
        return door.clerk.show(request, replace(view, error=bad.error), status=UNPROCESSABLE)
    except Refusal as refusal:
        if refusal.reason != "reason_required":
            raise
        return door.clerk.show(request, replace(view, needs_reason=True), status=UNPROCESSABLE)
    operator = Actor(ActorKind.OPERATOR, looker.person_id)
    export = Export(raw_format, query.text, looker.reason)
    await record_export(door.house, operator, export, request_id=looker.request_id)
    return await _stream(door, request, wanted, written=FORMATS[raw_format])


async def _stream(door: OperatorsDoor, request: web.Request, wanted: Wanted, *, written: Format) -> web.StreamResponse:
    """Send line by line. What breaks on the way breaks the connection, so that half a file never looks whole."""
    headers = page_headers(is_https=door.clerk.is_https) | {
        "Content-Type": written.media_type,
        "Content-Disposition": f'attachment; filename="quyen-log.{written.name}"',
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    try:
        async for chunk in written.write(_lines(door, wanted)):
            await response.write(chunk)
        await response.write_eof()
    except BaseException:
        if request.transport is not None:
            request.transport.abort()
        raise
    return response


async def _lines(door: OperatorsDoor, wanted: Wanted) -> AsyncIterator[Line]:
    place: Place | None = None
    while True:
        found = await search(door, wanted, place, limit=BATCH)
        for row in found.rows:
            yield line_of(row, found)
        place = Place.parse(found.older)
        if place is None:
            return
