"""Answers to advertising forms: `form/get` (facts A3). No source names the members of an answer."""

from datetime import timedelta

from gateway.sandbox.zalo.errors import OaError, field_error, too_many
from gateway.sandbox.zalo.people import OfficialAccount
from gateway.sandbox.zalo.visit import Visit

LIMIT_ROWS = 200
LIMIT_SPAN = timedelta(days=30)
LIMIT_OFFSET = 2**31 - 1
LIMIT_SECONDS = 2**33
QUESTIONS = (("q1", "Tên bạn là gì?"), ("q2", "Số điện thoại của bạn?"))
LEADS = 3


def form_of(oa: OfficialAccount) -> str:
    """The one form of an OA."""
    return f"{oa.oa_id[-4:]}88"


def list_leads(visit: Visit) -> dict[str, object]:
    """Answer `/v2.0/oa/form/get`: the newest first, each a day older than the one before."""
    start, end = visit.number("from_time", maximum=LIMIT_SECONDS), visit.number("to_time", maximum=LIMIT_SECONDS)
    offset, limit = visit.number("offset", maximum=LIMIT_OFFSET), visit.number("limit", maximum=LIMIT_ROWS)
    if str(visit.params.get("form_id")) != form_of(visit.oa):
        raise OaError(-1340)
    if end < start:
        raise field_error("to_time")
    if end - start > LIMIT_SPAN.total_seconds():
        raise too_many("days", LIMIT_SPAN.days)
    now = int(visit.now.timestamp())
    sent = [now - place * 86_400 for place in range(LEADS)]
    rows = [_row(visit, place, seconds) for place, seconds in enumerate(sent) if start <= seconds <= end]
    questions = [{"questionId": key, "title": title} for key, title in QUESTIONS]
    return {"questions": questions, "responses": rows[offset : offset + limit]}


def _row(visit: Visit, place: int, seconds: int) -> dict[str, object]:
    words = (f"Khách quảng cáo {place + 1} (mẫu)", f"84000000{301 + place}")
    answers = [{"questionId": key, "value": word} for (key, _), word in zip(QUESTIONS, words, strict=True)]
    return {"leadId": f"{form_of(visit.oa)}{place}", "submitTime": seconds, "adId": "700001", "answers": answers}
