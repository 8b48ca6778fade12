"""What the gateway answered, read once: raw text for the page, `data` if there is some, a plain sentence if not."""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx2

SENTENCES = {
    "no_credential": "Kết nối đã hết hiệu lực. Hãy kết nối lại.",
    "invalid_token": "Kết nối đã hết hiệu lực. Hãy kết nối lại.",
    "insufficient_scope": "Chủ tài khoản chưa cho phép việc này.",
    "purpose_required": "Cổng cần biết việc này để làm gì.",
    "resource_not_granted": "Chủ tài khoản chỉ cho phép việc này ở những nơi khác.",
    "no_basis": "Người này chưa đồng ý, hoặc đã nói không.",
    "purpose_not_granted": "Chủ tài khoản chưa cho phép việc này cho mục đích đó.",
    "paused": "Chủ tài khoản đang tạm dừng việc này.",
    "app_suspended": "Ứng dụng đang bị cổng đình chỉ.",
    "limited": "Gọi quá nhanh. Thử lại sau ít phút.",
    "bad_target": "Cổng không nhận tham số này.",
    "bad_body": "Cổng không nhận nội dung này.",
    "unknown_route": "Cổng không mở đường này.",
    "denied_route": "Cổng cố ý không mở đường này.",
    "connection_lost": "Zalo không còn nhận kết nối của tài khoản này. Chủ tài khoản cần liên kết lại với cổng.",
    "upstream_failed": "Zalo đang trục trặc.",
    "upstream_malformed": "Zalo trả lời không đúng dạng, cổng không cho qua.",
    "upstream_timeout": "Zalo trả lời quá lâu.",
    "no_verdict": "Cổng chưa quyết được nên không cho gì đi qua.",
    "not_settled": "Cổng đang ghi nhận thay đổi. Thử lại sau ít giây.",
}

PLATFORM_SENTENCES = {
    -32: SENTENCES["limited"],
    -201: "Tham số không đúng.",
    -210: "Nội dung dài quá mức cho phép.",
    -213: "Người này không quan tâm OA.",
    -216: SENTENCES["invalid_token"],
    -219: SENTENCES["app_suspended"],
    -223: SENTENCES["insufficient_scope"],
    -230: "Người này đã hơn 7 ngày không nhắn với OA, nên chưa gửi được.",
}

WITHHELD = re.compile(r'\s*(?P<count>\d+)\s*;\s*reasons="(?P<reasons>[a-z,]+)"\s*')
SCOPE = re.compile(r'\bscope="(?P<scope>[^"]*)"')
REASONS = {"scope": "mục chưa được cấp", "subject": "người trong dữ liệu chưa đồng ý"}


@dataclass(frozen=True)
class Reply:
    """One answer of the gateway; `sentence` says why there is no data, `missing_scope` what would open the call.

    `whole` is the answer with `data` in it, for an endpoint that answers flat.
    """

    raw: str
    is_json: bool
    data: Any
    is_ok: bool
    sentence: str
    withheld: str
    missing_scope: str
    whole: dict[str, Any]


def read_reply(answer: httpx2.Response) -> Reply:
    """Read an answer of either dialect: an HTTP status with problem+json, or HTTP 200 with the platform's `error`."""
    body = _parse(answer.text)
    said = body or {}
    is_ok = answer.status_code == httpx2.codes.OK and said.get("error") == 0
    challenge = SCOPE.search(answer.headers.get("WWW-Authenticate", ""))
    return Reply(
        raw=answer.text,
        is_json=body is not None,
        data=said.get("data") if is_ok else None,
        is_ok=is_ok,
        sentence="" if is_ok else _explain(answer, said),
        withheld=_withheld(answer.headers.get("Quyen-Withheld", "")),
        missing_scope=challenge["scope"] if challenge and not is_ok else "",
        whole=said if is_ok else {},
    )


def members(value: object) -> dict[str, Any]:
    """A JSON object's members; of anything else, none. The gateway may leave out what it likes."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array; of anything else, none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _parse(text: str) -> dict[str, Any] | None:
    try:
        return members(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _explain(answer: httpx2.Response, body: dict[str, Any]) -> str:
    code = answer.headers.get("Quyen-Error") or body.get("code")
    if isinstance(code, str) and code in SENTENCES:
        return SENTENCES[code]
    error = body.get("error")
    if isinstance(error, int) and error in PLATFORM_SENTENCES:
        return PLATFORM_SENTENCES[error]
    return f"Cổng không cho dữ liệu này (mã {code or error or answer.status_code})."


def _withheld(header: str) -> str:
    found = WITHHELD.fullmatch(header)
    if found is None:
        return ""
    reasons = " và ".join(REASONS.get(reason, reason) for reason in found["reasons"].split(","))
    return f"Cổng giữ lại {found['count']} trường: {reasons}."
