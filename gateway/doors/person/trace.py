"""Who looked at my data: calls under the person's grants and operators' looks, newest first, never the data."""

from datetime import UTC, datetime

from aiohttp import web

from gateway.doors import lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import app_title
from gateway.doors.person.looks import list_looks, look_row
from gateway.doors.person.own_grants import OwnGrant, list_own_grants
from gateway.doors.person.own_pages import check_is_theirs
from gateway.doors.person.shared_trace import as_shared, list_shared
from gateway.doors.person.stops import list_suspended
from gateway.doors.person.trace_rows import OUTCOMES, damaged_row, trace_row
from gateway.doors.person.views import Choice
from gateway.doors.person.views_records import TraceRow, TraceView
from gateway.doors.person.words import outcome_name, words
from gateway.ground.web.cursors import read_moment, write_moment
from gateway.ground.web.frame import Lang, with_query
from gateway.ground.web.local import HANOI
from gateway.records.families import credentials
from gateway.records.ledger.types import Record
from gateway.records.trace import store as trace
from gateway.records.trace.entries import DamagedLine, Entry
from gateway.records.trace.types import ClosedLine
from gateway.terms.ids import GrantId

PAGE = 50
_PATH = "/permissions/trace"
Row = Entry | Record


async def show_trace(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/trace`, filtered by `?app=&after=&outcome=`, paged by `&cursor=`."""
    lang, query = lang_of(request), request.query
    own = await list_own_grants(door, visitor_of(request).person.id)
    app_id, raw_outcome, raw_day = (query.get(name, "") for name in ("app", "outcome", "after"))
    since, before = _read_day(raw_day), read_moment(query.get("cursor", ""))
    shared = await list_shared(door, visitor_of(request).person.id, own)
    outcome, is_masked = OUTCOMES.get(raw_outcome, (None, None))
    wanted = trace.Filter(
        grant_ids=[each.grant.id for each in own if app_id in {"", each.app.id}],
        outcome=outcome,
        is_masked=is_masked,
        since=since,
        before=before,
        about_people={each: one.since for each, one in shared.items() if app_id in {"", one.own.app.id}},
    )
    async with door.house.storage.read() as connection:
        lines = await trace.list_lines(connection, wanted, PAGE + 1)
        keys = await credentials.list_of_grants(connection, [each.grant.id for each in own])
    is_narrow = bool(app_id or outcome)  # a look has neither app nor outcome
    person = visitor_of(request).person
    looks = [] if is_narrow else await list_looks(door, person, PAGE + 1, since=since, before=before)
    found: list[Row] = sorted([*lines, *looks], key=_moment, reverse=True)
    check_is_theirs(visitor_of(request), has_something=bool(own or found or is_narrow or since or before))
    names: dict[str, str] = {key.family_id: key.name for key in keys}
    by_grant = {each.grant.id: each for each in own}
    at_shops = [one.own for one in shared.values()]

    def tell(closed: ClosedLine) -> TraceRow:
        grant_id, by = _grant_of(closed), names.get(closed.line.family_id or "", "")
        if grant_id in shared:
            return as_shared(trace_row(door.catalogue, closed, shared[grant_id].own, lang=lang), shared[grant_id])
        return trace_row(door.catalogue, closed, by_grant[grant_id], lang=lang, by=by)

    view = TraceView(
        rows=[
            await look_row(door, each, lang)
            if isinstance(each, Record)
            else damaged_row(each)
            if isinstance(each, DamagedLine)
            else tell(each)
            for each in found[:PAGE]
        ],
        checked_at=door.now(),
        apps=_apps([*own, *at_shops], app_id, lang),
        is_shared=bool(shared),
        suspended=list_suspended(each.app for each in own if app_id in {"", each.app.id}),
        outcomes=_outcomes(raw_outcome, lang),
        after=raw_day,
        is_filtered=bool(app_id or outcome or since),
        error="bad_day" if raw_day and since is None else "",
        older=_page_path(request, found[PAGE - 1] if len(found) > PAGE else None),
        newer=_first_page_path(request) if before else "",
    )
    return door.show(request, view)


def _read_day(typed: str) -> datetime | None:
    """Read dd/mm/yyyy as the first moment of that day in Hanoi; None for anything else."""
    try:
        return datetime.strptime(typed.strip(), "%d/%m/%Y").replace(tzinfo=HANOI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _moment(found: Row) -> tuple[datetime, str]:
    """Return the place of a row; at one moment calls (`tr_`) stand before looks (`lr_`), which cursors rest on."""
    if isinstance(found, Record):
        return (found.at, "lr_")
    return (found.at, "tr_")


def _grant_of(closed: ClosedLine) -> GrantId:
    if closed.line.grant_id is None:
        raise AssertionError("lines were asked for by grant")
    return closed.line.grant_id


def _page_path(request: web.Request, last: Row | None) -> str:
    if last is None:
        return ""
    cursor = write_moment(last.at, last.record_id if isinstance(last, Record) else last.id)
    return with_query(f"{_PATH}?{request.query_string}", cursor=cursor)


def _first_page_path(request: web.Request) -> str:
    return with_query(f"{_PATH}?{request.query_string}", cursor=None)


def _apps(own: list[OwnGrant], chosen: str, lang: Lang) -> list[Choice]:
    _ = words(lang)
    names = {each.app.id: app_title(each.app, lang) for each in own}
    return [Choice("", _("Tất cả")), *(Choice(app_id, name, app_id == chosen) for app_id, name in names.items())]


def _outcomes(chosen: str, lang: Lang) -> list[Choice]:
    _ = words(lang)
    return [Choice("", _("Tất cả")), *(Choice(each, outcome_name(each, lang), each == chosen) for each in OUTCOMES)]
