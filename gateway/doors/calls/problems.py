"""The one table from reasons to the wire, for every dialect of this surface.

A test asserts that each reason that can reach a call has a row. Zalo knows no HTTP status and few codes; Matrix clients
act on `errcode`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.doors.calls.schemes import Scheme
from gateway.terms.refusal import Refusal, Unavailable


@dataclass(frozen=True, slots=True)
class Row:
    """How one reason is told.

    Args:
        status: HTTP status outside the Zalo dialect.
        zalo: the nearest code of Zalo's own table.
        matrix: the `errcode`.
        vi, en: what went wrong and what to do, without anything that was sent.
    """

    status: int
    zalo: int
    matrix: str
    vi: str
    en: str


PROBLEMS: Mapping[str, Row] = {
    "bad_target": Row(400, -201, "M_INVALID_PARAM", "Địa chỉ hoặc tham số không hợp lệ.", "The target is not valid."),
    "two_credentials": Row(
        400, -201, "M_INVALID_PARAM", "Chỉ gửi một mã truy cập, trong một tiêu đề.", "Send one token, in one header."
    ),
    "purpose_required": Row(
        400,
        -201,
        "M_INVALID_PARAM",
        "Mã này có nhiều mục đích cho cùng một quyền; gửi tiêu đề Quyen-Purpose.",
        "This token holds several purposes for one scope; send Quyen-Purpose.",
    ),
    "bad_body": Row(
        400, -201, "M_BAD_JSON", "Nội dung gửi lên không hợp lệ.", "The body is not what this route takes."
    ),
    "address_not_listed": Row(
        403,
        -200,
        "M_FORBIDDEN",
        "Ứng dụng không được gọi từ địa chỉ này.",
        "The app is not registered to call from this address.",
    ),
    "no_credential": Row(401, -216, "M_MISSING_TOKEN", "Thiếu mã truy cập.", "No access token was sent in a header."),
    "invalid_token": Row(
        401,
        -216,
        "M_UNKNOWN_TOKEN",
        "Mã truy cập không dùng được ở đây hoặc đã hết hiệu lực.",
        "The access token is unknown, ended, expired or not for this API.",
    ),
    "invalid_dpop_proof": Row(
        401,
        -216,
        "M_UNKNOWN_TOKEN",
        "Bằng chứng khóa đi cùng mã truy cập không đúng.",
        "The proof of the key that the access token is bound to is missing or wrong.",
    ),
    "use_dpop_nonce": Row(
        401,
        -216,
        "M_UNKNOWN_TOKEN",
        "Gửi lại, với bằng chứng khóa làm bằng DPoP-Nonce của câu trả lời này.",
        "Send it again with a proof made with the DPoP-Nonce of this answer.",
    ),
    "insufficient_user_authentication": Row(
        401,
        -223,
        "M_FORBIDDEN",
        "Lời gọi này cần chủ tài khoản vừa đăng nhập; xin cấp quyền lại với max_age.",
        "This call needs a more recent sign-in of the account's owner; authorize again with max_age.",
    ),
    "insufficient_scope": Row(
        403,
        -223,
        "M_FORBIDDEN",
        "Mã truy cập không mang quyền cần cho lời gọi này: chưa được cho phép, hoặc ứng dụng đã bỏ ra khi làm mới mã.",
        "The token does not hold what this call needs: it was not granted, or the app left it out of this token.",
    ),
    "purpose_not_granted": Row(
        403,
        -223,
        "M_FORBIDDEN",
        "Quyền này chưa được cho phép cho mục đích đã nêu.",
        "Nothing that opens this route was granted for that purpose.",
    ),
    "resource_not_granted": Row(
        403,
        -223,
        "M_FORBIDDEN",
        "Quyền này chỉ được cho phép với những nơi khác.",
        "What would open this route was granted for other resources than those that the call is about.",
    ),
    "no_basis": Row(
        403,
        -223,
        "M_FORBIDDEN",
        "Người mà lượt gọi này nói tới chưa đồng ý, hoặc đã nói không.",
        "Somebody whom this call is about has not agreed to it, or said no.",
    ),
    "paused": Row(
        403, -223, "M_FORBIDDEN", "Chủ tài khoản đang tạm dừng quyền này.", "The account's owner has paused this."
    ),
    "app_suspended": Row(403, -219, "M_FORBIDDEN", "Ứng dụng đang bị đình chỉ.", "This app is suspended."),
    "unknown_route": Row(404, 404, "M_UNRECOGNIZED", "Không có API này ở đây.", "There is no such route here."),
    "denied_route": Row(
        403,
        -209,
        "M_FORBIDDEN",
        "API này cố ý không được mở ở đây.",
        "This route is not opened here on purpose; the note says why.",
    ),
    "too_large": Row(413, -201, "M_TOO_LARGE", "Nội dung gửi lên quá lớn.", "The body is too large."),
    "unsupported_media": Row(
        415, -201, "M_NOT_JSON", "Kiểu nội dung này không được nhận.", "The body's media type or coding is not taken."
    ),
    "limited": Row(429, -32, "M_LIMIT_EXCEEDED", "Gọi quá nhanh; thử lại sau.", "Too many calls; try again later."),
    "internal": Row(500, -200, "M_UNKNOWN", "Lỗi trong cổng.", "The gateway failed; the request id names the failure."),
    "upstream_failed": Row(
        502,
        -200,
        "M_UNKNOWN",
        "Nền tảng báo lỗi, hoặc ngắt câu trả lời.",
        "The platform failed or broke off the answer.",
    ),
    "connection_lost": Row(
        502,
        -200,
        "M_UNKNOWN",
        "Nền tảng không còn nhận kết nối của tài khoản; chủ tài khoản cần liên kết lại.",
        "The platform refuses the account's connection; its owner has to link it again.",
    ),
    "upstream_malformed": Row(
        502,
        -200,
        "M_UNKNOWN",
        "Nền tảng trả lời không đúng dạng; không chuyển tiếp.",
        "The platform's answer is not what this route declares; nothing of it was passed on.",
    ),
    "no_verdict": Row(
        503, -200, "M_UNKNOWN", "Chưa kiểm tra được quyền; thử lại sau.", "No verdict can be had now; try again."
    ),
    "not_settled": Row(
        503, -200, "M_UNKNOWN", "Đã ghi nhận, chưa có hiệu lực ở mọi nơi.", "Recorded, not yet in force everywhere."
    ),
    "upstream_timeout": Row(
        504, -200, "M_UNKNOWN", "Nền tảng trả lời quá chậm.", "The platform did not answer in time."
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal on its way out.

    Args:
        code: a key of `PROBLEMS`.
        request_id: what the caller quotes when asking about it.
        resource_metadata: where RFC 9728 metadata of this platform stands.
        note: which part was wrong, in English, where the reason said so; never a value that was sent.
        scheme: how the caller sent its token; None where it sent none that can be read.
        facts: what the refusal says beside its reason (`scopes`, `consent_url`, `purposes`, `outcome`).
        retry_after_seconds: hint, for what may be tried again.
    """

    code: str
    request_id: str
    resource_metadata: str
    note: str = ""
    scheme: Scheme | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    retry_after_seconds: int | None = None

    @property
    def row(self) -> Row:
        """Return the table's row."""
        return PROBLEMS[self.code]


def problem_of(
    error: Refusal | Unavailable, *, request_id: str, resource_metadata: str, scheme: Scheme | None = None
) -> Problem:
    """Put an expected no in the words of this surface; what only the log may know stays behind."""
    if isinstance(error, Unavailable):
        wait = error.retry_after_seconds
        return Problem(error.reason, request_id, resource_metadata, retry_after_seconds=wait)
    wait_for = int(str(error.facts.get("retry_after_seconds", 1))) if error.reason == "limited" else None
    return Problem(
        error.reason,
        request_id,
        resource_metadata,
        note=error.detail,
        scheme=scheme,
        facts=error.facts,
        retry_after_seconds=wait_for,
    )
