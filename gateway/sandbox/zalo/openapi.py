"""The open API host: which paths exist, the checks every call passes, the envelope; always HTTP 200 (facts A0.1)."""

from collections.abc import Callable, Mapping

from aiohttp import web

from gateway.sandbox.calls import Call
from gateway.sandbox.zalo.config import OtherApp
from gateway.sandbox.zalo.endpoints import (
    calls,
    details,
    followers,
    leads,
    messages,
    oa,
    old_way,
    quota,
    send,
    tags,
    template,
    upload,
)
from gateway.sandbox.zalo.errors import OaError
from gateway.sandbox.zalo.limits import limit_headers
from gateway.sandbox.zalo.proof import is_proof
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import ACCOUNTS
from gateway.sandbox.zalo.visit import Visit, parse_params
from gateway.sandbox.zalo.wire import answer_json

Endpoint = Callable[[Visit], object]


def refuse_shut_down(_visit: Visit) -> object:
    """Answer for an endpoint that the platform closed to business OAs."""
    raise OaError(-240, message="UserInfo API has been shut down")


ROUTES: dict[tuple[str, str], Endpoint] = {
    ("GET", "/v2.0/oa/getoa"): oa.get_oa,
    ("GET", "/v2.0/oa/tag/gettagsofoa"): tags.list_tags,
    ("POST", "/v2.0/oa/tag/tagfollower"): tags.tag_follower,
    ("POST", "/v2.0/oa/tag/rmfollowerfromtag"): tags.untag_follower,
    ("POST", "/v2.0/oa/tag/rmtag"): tags.remove_tag,
    ("POST", "/v3.0/oa/quota/message"): quota.show_quota,
    ("GET", "/v3.0/oa/user/getlist"): followers.list_followers,
    ("GET", "/v3.0/oa/user/detail"): followers.get_follower,
    ("POST", "/v3.0/oa/user/update"): details.update_follower,
    ("POST", "/v2.0/oa/deletefollowerinfo"): details.erase_follower,
    ("GET", "/v3.0/oa/user/detail/custominfo"): details.show_custom,
    ("POST", "/v3.0/oa/user/update/custominfo"): details.update_custom,
    ("GET", "/v2.0/oa/listrecentchat"): messages.list_recent,
    ("GET", "/v2.0/oa/conversation"): messages.list_conversation,
    ("POST", "/v3.0/oa/message/cs"): send.send_message,
    ("POST", "/v3.0/oa/message/template"): template.send_template,
    ("POST", "/v2.0/oa/upload/image"): upload.upload_image,
    ("POST", "/v2.0/oa/upload/gif"): upload.upload_gif,
    ("POST", "/v2.0/oa/upload/file"): upload.upload_file,
    ("POST", "/v2.0/oa/message"): old_way.send_old_way,
    ("GET", "/v2.0/oa/form/get"): leads.list_leads,
    ("POST", "/v2.0/oa/call/requestconsent"): calls.request_consent,
    ("GET", "/v2.0/oa/getfollowers"): refuse_shut_down,
    ("GET", "/v2.0/oa/getprofile"): refuse_shut_down,
}


def answer_call(room: Room, call: Call) -> web.Response:
    """Answer one call of the open API; an unknown path or method is the body's 404."""
    headers: dict[str, str] = {}
    try:
        endpoint = _get_endpoint(call)
        app_id, oa_id = _check_access(room, call)
        oa, limit = ACCOUNTS[oa_id], room.board.current.rate_limit_per_minute
        remaining = room.limits[app_id].count(room.clock.now(), limit)
        headers |= limit_headers(limit, remaining)
        _check_limit(remaining)
        visit = Visit(
            oa,
            room.chat,
            room.cards,
            room.files,
            room.teller,
            room.board.current,
            now=room.clock.now(),
            params=parse_params(call, room.board.current),
            other_app=None if app_id == room.config.app_id else app_id,
        )
        answer = endpoint(visit)
        body: Mapping[str, object] = {**({} if answer is None else {"data": answer}), "error": 0, "message": "Success"}
    except OaError as error:
        body = error.body()
    return answer_json(body, headers=headers)


def _get_endpoint(call: Call) -> Endpoint:
    endpoint = ROUTES.get((call.method, call.path))
    if endpoint is None:
        raise OaError(404)
    return endpoint


def _check_access(room: Room, call: Call) -> tuple[str, str]:
    """Judge the header `access_token` (an `Authorization` is not looked at) and the switches; say whose app and OA."""
    switches = room.board.current
    if switches.app_removed:
        raise OaError(-219)
    if switches.tokens_dead:
        raise OaError(-216)
    token = call.headers.get("access_token", "")
    found = _find_holder(room, token)
    if found is None:
        raise OaError(-216)
    app, oa_id, is_alive = found
    if not is_alive:
        raise OaError(-216, message="Access token has expired")
    proof = call.headers.get("appsecret_proof")
    # A proof that is sent must be right; the console's toggle makes it required.
    if (proof is not None or room.config.requires_secret_proof) and not is_proof(app.app_secret, proof, token=token):
        raise OaError(-242)
    if switches.permission_lost:
        raise OaError(-223)
    if switches.refuse is not None and (switches.paths is None or call.path in switches.paths):
        raise OaError(switches.refuse)
    return app.app_id, oa_id


def _find_holder(room: Room, token: str) -> tuple[OtherApp, str, bool] | None:
    """Find which app has the token, for which OA, and whether it is alive."""
    for app_id, book in room.books.items():
        found, app = book.find_holder(token), room.config.find_app(app_id)
        if found is not None and app is not None:
            return app, *found
    return None


def _check_limit(remaining: int) -> None:
    if remaining < 0:
        raise OaError(-32)
