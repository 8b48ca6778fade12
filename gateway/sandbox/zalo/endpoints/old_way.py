"""What is left of the second version of sending: `/v2.0/oa/message` (facts A3). Messages to followers are -240."""

from gateway.sandbox.zalo.errors import OaError, field_error
from gateway.sandbox.zalo.visit import Visit

LIMIT_ARTICLES = 5
LIMIT_TEXT = 2000


def send_old_way(visit: Visit) -> dict[str, object]:
    """Answer `/v2.0/oa/message`: a broadcast, an answer to somebody anonymous, a reaction."""
    recipient = visit.params.get("recipient")
    if isinstance(recipient, dict) and "target" in recipient:
        _check_articles(visit)
    elif isinstance(recipient, dict) and "anonymous_id" in recipient:
        _check_answer(visit, recipient)
    elif isinstance(recipient, dict) and "sender_action" in visit.params:
        _check_reaction(visit, recipient)
    else:
        raise OaError(-240)
    message_id = visit.chat.draft(visit.oa, "", is_from_user=False, text="").message_id
    if "anonymous_id" in recipient:
        named = {"conversation_id": recipient["conversation_id"], "msg_id": message_id}
        said = {**visit.params["message"], **named}  # type: ignore[dict-item]
        visit.teller.tell_stranger(visit.oa, str(recipient["anonymous_id"]), said, from_oa=True)
    return {"message_id": message_id}


def _check_articles(visit: Visit) -> None:
    message = visit.params.get("message")
    try:
        elements = message["attachment"]["payload"]["elements"]  # type: ignore[index]
        kinds = [(one["media_type"], type(one["attachment_id"])) for one in elements]
    except (TypeError, KeyError):
        raise field_error("attachment") from None
    if not kinds or len(kinds) > LIMIT_ARTICLES or set(kinds) != {("article", str)}:
        raise field_error("elements")


def _check_answer(visit: Visit, recipient: dict[str, object]) -> None:
    message = visit.params.get("message")
    if not recipient.get("conversation_id"):
        raise field_error("conversation_id")
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(text, str) or not 0 < len(text) <= LIMIT_TEXT:
        raise field_error("text")


def _check_reaction(visit: Visit, recipient: dict[str, object]) -> None:
    follower, action = visit.get_follower(recipient.get("user_id")), visit.params["sender_action"]
    named = action.get("react_message_id") if isinstance(action, dict) else None
    if not isinstance(action, dict) or not action.get("react_icon"):
        raise field_error("react_icon")
    if all(one.message_id != named for one in visit.chat.list_messages(visit.oa, follower.user_id)):
        raise field_error("react_message_id")
