"""Sending: `message/cs` and the shapes it takes (facts A0.8, A5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.sandbox.zalo.errors import OaError, field_error
from gateway.sandbox.zalo.visit import Visit

LIMIT_TEXT = 2000
WINDOW = timedelta(days=7)
FREE_WINDOW = timedelta(hours=48)
MEDIA_TYPES = {"image": "photo", "gif": "GIF", "sticker": "sticker"}


@dataclass(frozen=True)
class Draft:
    """A message whose shape was accepted, as the chat will list it; `upload` is kind, member and token of its file."""

    type: str
    text: str
    extra: dict[str, str] = field(default_factory=dict)
    upload: tuple[str, str, str] | None = None


def send_message(visit: Visit) -> dict[str, object]:
    """Answer `/v3.0/oa/message/cs`: the message is stored, so that the chats show it."""
    recipient = _member(visit.params, "recipient")
    draft = _parse_message(_member(visit.params, "message"))
    follower = visit.get_follower(recipient.get("user_id"))
    if draft.upload is not None:
        kind, member, token = draft.upload
        visit.files.check(visit.oa, kind, token, field=member)
    idle = visit.now - visit.chat.last_interaction(visit.oa, follower)
    if idle > WINDOW:
        raise OaError(-230)
    message = visit.chat.draft(visit.oa, follower.user_id, is_from_user=False, text=draft.text)
    is_free = idle <= FREE_WINDOW
    changes = {"type": draft.type, "extra": draft.extra, "is_billed": not is_free}
    sent = visit.chat.add_message(message.model_copy(update=changes))
    visit.teller.tell_message(sent, visit.oa, follower)
    answer: dict[str, object] = {
        "message_id": sent.message_id,
        "user_id": follower.user_id,
        "sent_time": str(int(sent.sent_at.timestamp() * 1000)),
    }
    return {"quota": {"quota_type": "reply"}, **answer} if is_free else answer


def _parse_message(message: Mapping[str, object]) -> Draft:
    text = message.get("text", "")
    if not isinstance(text, str):
        raise field_error("text")
    if len(text) > LIMIT_TEXT:
        raise OaError(-210)
    if "attachment" in message:
        return _parse_attachment(_member(message, "attachment"), text)
    if not text:
        raise field_error("text")
    return Draft("text", text)


def _parse_attachment(attachment: Mapping[str, object], text: str) -> Draft:
    payload = _member(attachment, "payload")
    if attachment.get("type") == "file":
        token = _text(payload, "token")
        return Draft("link", text, {"url": token}, ("file", "token", token))
    if attachment.get("type") != "template":
        raise OaError(-233)
    if payload.get("template_type") == "media":
        return _parse_media(_element(payload), text)
    if payload.get("template_type") == "request_user_info":
        element = _element(payload)
        return Draft(
            "links",
            _text(element, "title"),
            {"description": _text(element, "subtitle"), "thumb": _text(element, "image_url")},
        )
    raise OaError(-233)


def _parse_media(element: Mapping[str, object], text: str) -> Draft:
    media_type = element.get("media_type")
    if not isinstance(media_type, str) or media_type not in MEDIA_TYPES:
        raise OaError(-233)
    if ("url" in element) == ("attachment_id" in element):
        raise field_error("attachment_id")
    if media_type == "gif" and not {"width", "height"} <= element.keys():
        raise field_error("width")
    source = "url" if "url" in element else "attachment_id"
    named = _text(element, source)
    is_upload = source == "attachment_id" and media_type != "sticker"
    return Draft(MEDIA_TYPES[media_type], text, {"url": named}, (media_type, source, named) if is_upload else None)


def _element(payload: Mapping[str, object]) -> Mapping[str, object]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise field_error("elements")
    return elements[0]


def _member(parent: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise field_error(name)
    return value


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise field_error(name)
    return value
