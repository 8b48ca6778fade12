"""Template messages to a follower's id (ZBS): `message/template` (facts A3). They are approved on Zalo, not here."""

from dataclasses import dataclass

from gateway.sandbox.zalo.endpoints.quota import PACKAGE
from gateway.sandbox.zalo.errors import OaError, field_error
from gateway.sandbox.zalo.visit import Visit


@dataclass(frozen=True)
class Template:
    """An approved template; `{name}` in its text is filled from `template_data`."""

    text: str
    fields: frozenset[str]
    is_for_ids: bool = True


TEMPLATES = {
    "400001": Template("{ten} ơi, đơn {ma_don} đã giao (mẫu).", frozenset({"ten", "ma_don"})),
    "400002": Template("Hẹn {ten} lúc {gio} (mẫu).", frozenset({"ten", "gio"})),
    "400003": Template("Mã của {ten} là {ma} (mẫu).", frozenset({"ten", "ma"}), is_for_ids=False),
}
"""What every OA of the sandbox may send; the third is for phone numbers only."""


def send_template(visit: Visit) -> dict[str, object]:
    """Answer `/v3.0/oa/message/template`: also to one who has not written for long, and paid from the OA's package."""
    follower, data = visit.follower(), visit.params.get("template_data")
    template = TEMPLATES.get(str(visit.params.get("template_id")))
    if template is None:
        raise field_error("template_id")
    if not template.is_for_ids:
        raise OaError(-249)
    if not isinstance(data, dict) or not template.fields <= data.keys():
        raise field_error("template_data")
    used = sum(one.is_billed for one in visit.chat.list_messages(visit.oa))
    if used >= PACKAGE:
        raise OaError(-211)
    text = template.text.format_map({name: str(value) for name, value in data.items()})
    message = visit.chat.draft(visit.oa, follower.user_id, is_from_user=False, text=text)
    sent = visit.chat.add_message(message.model_copy(update={"is_billed": True}))
    return {
        "message_id": sent.message_id,
        "user_id": follower.user_id,
        "sent_time": str(int(sent.sent_at.timestamp() * 1000)),
        "quota": {"quota_type": "sub_quota", "remain": str(PACKAGE - used - 1), "total": str(PACKAGE)},
    }
