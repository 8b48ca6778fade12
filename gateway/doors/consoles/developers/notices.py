"""Where an app hears of changes, and what became of each notice: `/developers/{client_id}/notices`."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import MappingProxyType

from aiohttp import web

from gateway.acts.notice_endpoint import clear_endpoint, rotate_key, set_endpoint
from gateway.acts.send_notices import send_again, send_test
from gateway.doors import lang_of, visitor_of
from gateway.doors.consoles.developers.apps import get_own_app
from gateway.doors.consoles.developers.confirming import CONFIRMED, show_confirm
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.doors.consoles.developers.views_notices import NoticeKeyLine, NoticeLine, NoticesView
from gateway.ground.fetching.urls import check_fetchable
from gateway.ground.web.catalogue import words
from gateway.ground.web.cursors import read_moment, write_moment
from gateway.ground.web.forms import Form
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.apps.types import App
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox import endpoints, queue
from gateway.records.outbox.keys import event_key_of, read_secret
from gateway.records.outbox.types import Notice, NoticeState
from gateway.terms.refusal import Refusal

PAGE_LINES = 50
_CLEARED = "?done=cleared"
_UNDER_WAY = frozenset({NoticeState.WAITING, NoticeState.QUEUED})


class _BadUrl(Exception):
    """What was typed cannot be an endpoint."""


async def show_notices(door: DevelopersDoor, request: web.Request) -> web.Response:
    """`GET /developers/{client_id}/notices`; `?action=` is asked about first, which Back comes to again."""
    if request.query.get("action") in CONFIRMED:
        return await show_confirm(door, request, request.query["action"])
    return door.clerk.show(request, await _view(door, request))


async def act_on_notices(door: DevelopersDoor, request: web.Request) -> web.Response:
    """`POST`: set, clear or test the endpoint, rotate its key, send a notice again. A new secret shows this once.

    What destroys something is asked about first, unless `confirm` says that it was.
    """
    form = await door.read_form(request)
    async with door.house.storage.read() as connection:
        app = await get_own_app(connection, request)
    action = form.get_one("action")
    act = _ACTS.get(action)
    if act is None:
        raise Refusal("bad_form", "no such action")
    if action in CONFIRMED and form.find("confirm") != "yes":
        return await show_confirm(door, request, action)
    actor = Actor(ActorKind.PERSON, visitor_of(request).person.id)
    try:
        raw_secret = await act(door, app, actor, form)
    except _BadUrl:
        view = await _view(door, request, bad_url=form.get_one("url"))
        return door.clerk.show(request, view, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if raw_secret is None:
        return door.clerk.go(request, f"/developers/{app.id}/notices{_CLEARED if act is _clear else ''}")
    return door.clerk.show(request, await _view(door, request, raw_secret=raw_secret))


async def _set(door: DevelopersDoor, app: App, actor: Actor, form: Form) -> str | None:
    url = form.get_one("url").strip()
    try:
        check_fetchable(url, allow_loopback=door.is_on_loopback)
    except ValueError:
        raise _BadUrl from None
    return await set_endpoint(door.house, app.id, url, actor)


async def _clear(door: DevelopersDoor, app: App, actor: Actor, _form: Form) -> str | None:
    await clear_endpoint(door.house, app.id, actor)
    return None


async def _rotate(door: DevelopersDoor, app: App, actor: Actor, form: Form) -> str | None:
    return await rotate_key(door.house, app.id, actor, newest_id=form.find("newest"))


async def _test(door: DevelopersDoor, app: App, _actor: Actor, _form: Form) -> str | None:
    await send_test(door.house, app.id)
    return None


async def _replay(door: DevelopersDoor, app: App, _actor: Actor, form: Form) -> str | None:
    await send_again(door.house, app.id, form.get_one("notice"))
    return None


Act = Callable[[DevelopersDoor, App, Actor, Form], Awaitable[str | None]]
_ACTS = MappingProxyType({"set": _set, "clear": _clear, "rotate": _rotate, "test": _test, "replay": _replay})


async def _view(
    door: DevelopersDoor, request: web.Request, *, raw_secret: str = "", bad_url: str | None = None
) -> NoticesView:
    before = read_moment(request.query.get("cursor", ""))
    async with door.house.storage.read() as connection:
        app = await get_own_app(connection, request)
        endpoint = await endpoints.find(connection, app.id)
        keys = await endpoints.list_live_keys(connection, app.id)
        found = await queue.list_of_app(connection, app.id, PAGE_LINES + 1, before=before)
    link, path = door.clerk.frame(request).link, f"/developers/{app.id}/notices"
    last = found[PAGE_LINES - 1] if len(found) > PAGE_LINES else None
    url = endpoint.url if endpoint else ""
    return NoticesView(
        client_id=app.id,
        name=plain(app.name),
        state=endpoint.state.value if endpoint else "none",
        url=plain(url if bad_url is None else bad_url, 2048),
        keys=[NoticeKeyLine(key.last4, key.public_key, key.created_at) for key in keys],
        lines=[_line(notice, lang_of(request)) for notice in found[:PAGE_LINES]],
        raw_secret=raw_secret,
        event_key=event_key_of(read_secret(raw_secret)) if raw_secret and app.dialect else "",
        is_bad_url=bad_url is not None,
        is_local=door.is_on_loopback,
        older=link(f"{path}?cursor={write_moment(last.created_at, last.id)}") if last else "",
        newest=link(path) if before else "",
        is_cleared=endpoint is None and request.query.get("done") == "cleared",
    )


def _line(notice: Notice, lang: Lang) -> NoticeLine:
    return NoticeLine(
        id=notice.id,
        event=notice.event,
        grant_id=notice.grant_id or "",
        version=notice.version,
        state=notice.state.value,
        tries=notice.tries,
        outcome=_outcome(notice.outcome, lang),
        created_at=notice.created_at,
        next_try_at=notice.next_try_at if notice.state in _UNDER_WAY else None,
    )


def _outcome(outcome: str, lang: Lang) -> str:
    """Say what the last try came to: the status as it is, or why there was no answer."""
    _ = words(lang)
    return {
        "bad_url": _("địa chỉ không dùng được"),
        "refused_address": _("tên miền dẫn vào mạng nội bộ"),
        "unreachable": _("không nối được"),
        "timeout": _("không trả lời kịp"),
        "malformed": _("trả lời sai dạng"),
        "too_large": _("trả lời quá dài"),
        "no_key": _("khóa ký không mở được"),
        "too_many": _("quá nhiều sự kiện đang chờ"),
        "not_sent": _("cổng chưa gửi được"),
        "ended": _("quyền đã hết trước khi gửi"),
    }.get(outcome, outcome)
