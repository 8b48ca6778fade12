"""The Social API's one endpoint, `GET /v2.0/me`: who holds this token, flat in the answer, HTTP 200 (facts A8)."""

from aiohttp import web

from gateway.sandbox.calls import Call, first_values
from gateway.sandbox.zalo.errors import OaError, social_error
from gateway.sandbox.zalo.limits import limit_headers
from gateway.sandbox.zalo.people import Follower
from gateway.sandbox.zalo.proof import is_proof
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import find_by_app_id
from gateway.sandbox.zalo.wire import answer_json

LIMIT_PER_PERSON = 20


def answer_me(room: Room, call: Call) -> web.Response:
    """Answer `/me` with the fields that were asked for."""
    headers: dict[str, str] = {}
    try:
        person = _get_person(room, call)
        limit, now = room.board.current.rate_limit_per_minute, room.clock.now()
        remaining = room.social_limits.app.count(now, limit)
        headers |= limit_headers(limit, remaining)
        _check_limits(remaining, room.social_limits.of(person.id_by_app).count(now, LIMIT_PER_PERSON))
        shown = _show(person, first_values(call.query).get("fields", ""))
        marked = {"is_sensitive": person.is_sensitive} if room.board.current.social_marks else {}
        body = {"error": 0, "message": "Success", **shown, **marked}
    except OaError as error:
        body = error.body()
    return answer_json(body, headers=headers)


def _get_person(room: Room, call: Call) -> Follower:
    """Judge `access_token`, the proof that this host always demands, and the switches."""
    switches, token = room.board.current, call.headers.get("access_token", "")
    found = room.social_tokens.find_holder(token)
    if found is None or not found[1] or switches.tokens_dead or switches.app_removed:
        raise social_error(452)
    if not is_proof(room.config.app_secret, call.headers.get("appsecret_proof"), token=token):
        raise social_error(switches.social_proof_error)
    if switches.social_refuse is not None:
        raise social_error(switches.social_refuse)
    person = find_by_app_id(found[0])
    if person is None:
        raise social_error(210)
    return person


def _check_limits(*remaining: int) -> None:
    if min(remaining) < 0:
        raise OaError(-32)


def _show(person: Follower, raw_fields: str) -> dict[str, object]:
    """The id always; the rest as asked. What comes without `fields` no source says, so nothing more does here."""
    wanted = raw_fields.split(",")
    known: dict[str, object] = {"name": person.display_name, "picture": {"data": {"url": person.avatar(240)}}}
    asked = {name: value for name, value in known.items() if name in wanted}
    return {"id": person.id_by_app, **asked}
