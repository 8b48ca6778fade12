"""An app's notices: where they go, what became of each, and one of them once more."""

from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.send_notices import send_again
from gateway.authority.limits import Limit, check_pace
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.paging import read_page, render_page, written
from gateway.doors.management.problems import render_json
from gateway.ground.fetching.urls import check_fetchable
from gateway.ground.web.forms import read_body
from gateway.records.apps.types import App
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox import endpoints, queue
from gateway.records.outbox.keys import event_key_of, read_secret
from gateway.records.outbox.types import Notice, NoticeState
from gateway.terms.refusal import Refusal
from scopes.strict_json import NotStrict, parse

MOST_BYTES = 4096
CHANGES = Limit(20, timedelta(hours=1))
"""Each change of the endpoint is a record for ever."""


class EndpointWanted(BaseModel):
    """What PUT takes."""

    model_config = ConfigDict(extra="forbid", strict=True)
    url: str


async def show_endpoint(door: ManagementDoor, app: App, _request: web.Request) -> web.Response:
    """`GET /v1/notice-endpoint`."""
    return render_json(await _describe(door, app))


async def put_endpoint(door: ManagementDoor, app: App, request: web.Request) -> web.Response:
    """`PUT /v1/notice-endpoint`: send notices there from now on; the first answer holds the secret, this once."""
    url = await _read_url(door, request)
    async with door.house.storage.read() as connection:
        known = await endpoints.find(connection, app.id)
    if known is None or not known.is_live_at(url):
        await check_pace(door.limits, {f"endpoint {app.id}": CHANGES})
    raw_secret = await set_endpoint(door.house, app.id, url, Actor(ActorKind.APP, app.id))
    shown = {} if raw_secret is None else {"secret": raw_secret}
    if raw_secret and app.dialect:
        shown["event_key"] = event_key_of(read_secret(raw_secret))
    return render_json({**await _describe(door, app), **shown})


async def list_notices(door: ManagementDoor, app: App, request: web.Request) -> web.Response:
    """`GET /v1/notices`: the delivery log, newest first."""
    limit, before = read_page(request)
    async with door.house.storage.read() as connection:
        found = await queue.list_of_app(connection, app.id, limit + 1, before=before)
    last = found[limit - 1] if len(found) > limit else None
    place = (last.created_at, last.id) if last else None
    return render_page(door, request, "notices", [_line(each) for each in found[:limit]], last=place)


async def replay_notice(door: ManagementDoor, app: App, request: web.Request) -> web.Response:
    """`POST /v1/notices/{notice}/replay`: once more, under the same id; 409 where it waits already."""
    await send_again(door.house, app.id, request.match_info["notice"])
    return render_json({"id": request.match_info["notice"], "state": NoticeState.WAITING.value}, status=202)


async def _read_url(door: ManagementDoor, request: web.Request) -> str:
    if request.content_type != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal("unsupported_media", "application/json")
    try:
        url = EndpointWanted.model_validate(parse(await read_body(request, MOST_BYTES))).url
        check_fetchable(url, allow_loopback=door.is_on_loopback)
    except (NotStrict, ValidationError):
        raise Refusal("bad_body", 'one member, "url"') from None
    except ValueError:
        raise Refusal("bad_body", "url must be https with a host, and without user and fragment") from None
    return url


async def _describe(door: ManagementDoor, app: App) -> dict[str, Any]:
    async with door.house.storage.read() as connection:
        endpoint = await endpoints.find(connection, app.id)
        keys = await endpoints.list_live_keys(connection, app.id)
    if endpoint is None:
        raise Refusal("not_found", "no endpoint is set")
    return {
        "url": endpoint.url,
        "state": endpoint.state.value,
        "changed_at": written(endpoint.changed_at),
        "keys": [{"public_key": k.public_key, "last4": k.last4, "created_at": written(k.created_at)} for k in keys],
    }


def _line(notice: Notice) -> dict[str, Any]:
    is_waiting = notice.state in {NoticeState.WAITING, NoticeState.QUEUED}
    return {
        "id": notice.id,
        "type": notice.event,
        "grant_id": notice.grant_id,
        "version": notice.version,
        "state": notice.state.value,
        "tries": notice.tries,
        "outcome": notice.outcome,
        "created_at": written(notice.created_at),
        "next_try_at": written(notice.next_try_at) if is_waiting else None,
    }
