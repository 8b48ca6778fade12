"""Who looked at my data: calls under the person's grants and operators' looks, newest first, never the data."""

from dataclasses import replace

from aiohttp import web

from gateway.doors import lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import app_title
from gateway.doors.person.looks import look_row
from gateway.doors.person.own_grants import OwnGrant, list_own_grants
from gateway.doors.person.own_pages import check_is_theirs
from gateway.doors.person.shared_trace import as_shared, list_shared
from gateway.doors.person.stops import list_suspended
from gateway.doors.person.trace_lists import PAGE, Row, count_cut_days, list_rows
from gateway.doors.person.trace_query import TraceQuery
from gateway.doors.person.trace_rows import OUTCOMES, damaged_row, trace_row
from gateway.doors.person.views import Choice
from gateway.doors.person.views_records import TraceRow, TraceView
from gateway.doors.person.words import outcome_name, words
from gateway.ground.web.cursors import write_moment
from gateway.ground.web.frame import Lang, with_query
from gateway.ground.web.plain import plain
from gateway.records.families import credentials
from gateway.records.ledger.types import Record
from gateway.records.trace import store as trace
from gateway.records.trace.entries import DamagedLine
from gateway.records.trace.types import ClosedLine
from gateway.terms.ids import GrantId

_PATH = "/permissions/trace"


async def show_trace(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/trace`, filtered by `?app=&account=&after=&outcome=`, paged by `&cursor=`."""
    lang, asked = lang_of(request), TraceQuery.read(request.query)
    person = visitor_of(request).person
    own = await list_own_grants(door, person.id)
    shared = await list_shared(door, person.id, own)
    outcome, is_masked = OUTCOMES.get(asked.outcome, (None, None))
    wanted = trace.Filter(
        grant_ids=[each.grant.id for each in own if asked.is_about(each)],
        outcome=outcome,
        is_masked=is_masked,
        since=asked.since,
        before=asked.before,
        about_people={each: one.since for each, one in shared.items() if asked.is_about(one.own)},
    )
    async with door.house.storage.read() as connection:
        keys = await credentials.list_of_grants(connection, [each.grant.id for each in own])
    found = await list_rows(door, person, asked, wanted) if asked.is_understood else []
    is_typed = bool(asked.is_of_calls or asked.since or asked.before or asked.error)
    check_is_theirs(visitor_of(request), has_something=bool(own or found or is_typed))
    names: dict[str, str] = {key.family_id: key.name for key in keys}
    by_grant = {each.grant.id: each for each in own}
    at_shops = [one.own for one in shared.values()]
    offered = _accounts([*own, *at_shops], asked.account_id, lang)

    def tell(closed: ClosedLine) -> TraceRow:
        grant_id, by = _grant_of(closed), names.get(closed.line.family_id or "", "")
        if grant_id in shared:
            return as_shared(trace_row(door.catalogue, closed, shared[grant_id].own, lang=lang), shared[grant_id])
        row = trace_row(door.catalogue, closed, by_grant[grant_id], lang=lang, by=by)
        return replace(row, account=plain(by_grant[grant_id].account.name) if offered else "")

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
        apps=_apps([*own, *at_shops], asked.app_id, lang),
        accounts=offered,
        is_shared=bool(shared),
        suspended=list_suspended(each.app for each in own if asked.is_about(each)),
        outcomes=_outcomes(asked.outcome, lang),
        after=asked.day,
        is_filtered=bool(asked.is_of_calls or asked.since),
        error=asked.error,
        older=_page_path(request, found[PAGE - 1] if len(found) > PAGE else None),
        newer=_first_page_path(request) if asked.before else "",
        totals=await count_cut_days(door, person, asked, wanted, found=found),
    )
    return door.show(request, view, status=200 if asked.is_understood else 400)


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


def _accounts(own: list[OwnGrant], chosen: str, lang: Lang) -> list[Choice]:
    """Offer the accounts, where there is more than one."""
    _ = words(lang)
    names = {each.account.id: plain(each.account.name) for each in own}
    if len(names) < 2:
        return []
    return [Choice("", _("Tất cả")), *(Choice(value, name, value == chosen) for value, name in names.items())]


def _outcomes(chosen: str, lang: Lang) -> list[Choice]:
    _ = words(lang)
    return [Choice("", _("Tất cả")), *(Choice(each, outcome_name(each, lang), each == chosen) for each in OUTCOMES)]
