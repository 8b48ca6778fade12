"""Refusals of an app's own affairs on the wire: problems (RFC 9457), with a challenge about the token."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from aiohttp import web

from gateway.authority.proofs import ALGORITHMS
from gateway.doors import Handler
from gateway.doors.management.door import ManagementDoor
from gateway.ground.web.request_ids import request_id_of
from gateway.terms.refusal import Refusal, Unavailable

ManagementHandler = Callable[[ManagementDoor, web.Request], Awaitable[web.Response]]
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Row:
    """How one reason is told. `is_challenged`: the token is the matter."""

    status: int
    vi: str
    en: str
    is_challenged: bool = False


PROBLEMS: Mapping[str, Row] = {
    "bad_target": Row(400, "Tham số không hợp lệ.", "A parameter is not valid."),
    "bad_body": Row(400, "Nội dung gửi lên không hợp lệ.", "The body is not what this address takes."),
    "bad_form": Row(400, "Nội dung gửi lên không hợp lệ.", "The body is not what this address takes."),
    "two_credentials": Row(400, "Chỉ gửi một mã truy cập.", "Send one token, in one header."),
    "no_credential": Row(401, "Thiếu mã truy cập.", "No access token was sent in a header.", is_challenged=True),
    "invalid_token": Row(
        401,
        "Mã truy cập không dùng được ở đây hoặc đã hết hiệu lực.",
        "The access token is unknown, ended, expired or not for an app's own affairs.",
        is_challenged=True,
    ),
    "invalid_dpop_proof": Row(
        401,
        "Bằng chứng khóa đi cùng mã truy cập không đúng.",
        "The proof of the key that the access token is bound to is missing or wrong.",
        is_challenged=True,
    ),
    "use_dpop_nonce": Row(
        401,
        "Gửi lại, với bằng chứng khóa làm bằng DPoP-Nonce của câu trả lời này.",
        "Send it again with a proof made with the DPoP-Nonce of this answer.",
        is_challenged=True,
    ),
    "insufficient_scope": Row(
        403, "Mã truy cập không mở việc này.", "The token does not open this.", is_challenged=True
    ),
    "address_not_listed": Row(
        403, "Ứng dụng không được gọi từ địa chỉ này.", "The app is not registered to call from this address."
    ),
    "app_suspended": Row(403, "Ứng dụng đang bị đình chỉ.", "This app is suspended."),
    "not_found": Row(404, "Không có ở đây.", "There is no such thing here."),
    "wrong_method": Row(405, "Địa chỉ này không nhận phương thức đó.", "This address does not take that method."),
    "nothing_to_change": Row(409, "Không có gì để làm.", "There is nothing to do."),
    "too_large": Row(413, "Nội dung gửi lên quá lớn.", "The body is too large."),
    "unsupported_media": Row(415, "Kiểu nội dung này không được nhận.", "The body's media type is not taken."),
    "limited": Row(429, "Gọi quá nhanh; thử lại sau.", "Too many calls; try again later."),
    "no_verdict": Row(503, "Chưa trả lời được; thử lại sau.", "No answer can be had now; try again."),
    "not_settled": Row(503, "Đã ghi nhận, chưa có hiệu lực ở mọi nơi.", "Recorded, not yet in force everywhere."),
}


def answered(handle: ManagementHandler, door: ManagementDoor) -> Handler:
    """Bind a handler to the door; what it refuses becomes a problem."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handle(door, request)
        except Refusal as refusal:
            return render_problem(door, request, refusal)
        except Unavailable as missing:
            silent = Refusal(missing.reason, retry_after_seconds=missing.retry_after_seconds)
            return render_problem(door, request, silent)

    return answer


def only(*methods: str) -> ManagementHandler:
    """Return the handler for every other method of an address."""

    async def refuse(_door: ManagementDoor, _request: web.Request) -> web.Response:
        raise Refusal("wrong_method", allow=", ".join(methods))

    return refuse


async def refuse_unknown(_door: ManagementDoor, _request: web.Request) -> web.Response:
    """Answer what is not there."""
    raise Refusal("not_found")


def render_json(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return JSON that nothing on the way may keep."""
    return web.Response(
        body=orjson.dumps(content),
        status=status,
        content_type="application/json",
        headers={**HEADERS, **(headers or {})},
    )


_OF_PROOFS = frozenset({"invalid_dpop_proof", "use_dpop_nonce"})
"""What only whoever used DPoP is told, and in that scheme alone: these are no errors of Bearer."""
_SCHEMES = (("Bearer", ""), ("DPoP", f', algs="{" ".join(ALGORITHMS)}"'))


def render_problem(door: ManagementDoor, request: web.Request, refusal: Refusal) -> web.Response:
    """Return the problem of a refusal: `detail` for people, `note` in English for whoever mends the call.

    A reason without a row is a bug and raises KeyError.
    """
    row = PROBLEMS[refusal.reason]
    language = "en" if request.headers.get("Accept-Language", "").lower().startswith("en") else "vi"
    members = {
        "type": "about:blank",
        "title": HTTPStatus(row.status).phrase,
        "status": row.status,
        "code": refusal.reason,
        "detail": row.en if language == "en" else row.vi,
        "request_id": request_id_of(request),
    }
    if refusal.detail:
        members["note"] = refusal.detail
    headers = {**HEADERS, "Content-Language": language}
    response = web.Response(body=orjson.dumps(members), status=row.status, headers=headers)
    response.content_type = "application/problem+json"
    names = {"retry_after_seconds": "Retry-After", "dpop_nonce": "DPoP-Nonce", "allow": "Allow"}
    response.headers.update({names[name]: str(fact) for name, fact in refusal.facts.items() if name in names})
    if row.is_challenged:
        for scheme, last in _SCHEMES[refusal.reason in _OF_PROOFS :]:
            response.headers.add("WWW-Authenticate", f"{scheme} {_challenge(door, refusal, row)}{last}")
    if refusal.reason in {"too_large", "unsupported_media"}:
        response.force_close()
    return response


def _challenge(door: ManagementDoor, refusal: Refusal, row: Row) -> str:
    """Write what both schemes say (RFC 6750 section 3, RFC 9728 section 5.1); without a token no error is named."""
    fields = {"resource_metadata": f"{door.public_url}/.well-known/oauth-protected-resource/v1"}
    if "scope" in refusal.facts:
        fields["scope"] = str(refusal.facts["scope"])
    if refusal.reason != "no_credential":
        fields |= {"error": refusal.reason, "error_description": row.en}
    return ", ".join(f'{name}="{value}"' for name, value in fields.items())
