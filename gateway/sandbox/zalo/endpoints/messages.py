"""Reading chats: `listrecentchat` and `conversation` (facts A4)."""

from gateway.sandbox.zalo.people import OfficialAccount
from gateway.sandbox.zalo.state import Message
from gateway.sandbox.zalo.visit import Visit

LIMIT_COUNT = 10
LIMIT_OFFSET = 2**31 - 1


def list_recent(visit: Visit) -> list[dict[str, object]]:
    """Answer `/v2.0/oa/listrecentchat`: messages of the whole OA, newest first; past the end, none."""
    return _page(visit, visit.chat.list_messages(visit.oa))


def list_conversation(visit: Visit) -> list[dict[str, object]]:
    """Answer `/v2.0/oa/conversation`: the same rows, of one follower."""
    return _page(visit, visit.chat.list_messages(visit.oa, visit.follower().user_id))


def _page(visit: Visit, messages: list[Message]) -> list[dict[str, object]]:
    offset, count = visit.number("offset", maximum=LIMIT_OFFSET), visit.number("count", maximum=LIMIT_COUNT)
    return [_row(visit.oa, message) for message in messages[offset : offset + count]]


def _row(oa: OfficialAccount, message: Message) -> dict[str, object]:
    follower = oa.find_follower(message.user_id)
    name, avatar = (follower.display_name, follower.avatar(120)) if follower else ("", "")
    user, account = (message.user_id, name, avatar), (oa.oa_id, oa.name, oa.avatar())
    sender, receiver = (user, account) if message.is_from_user else (account, user)
    return {
        "src": int(message.is_from_user),
        "time": int(message.sent_at.timestamp() * 1000),
        "type": message.type,
        "message": message.text,
        "message_id": message.message_id,
        "from_id": sender[0],
        "from_display_name": sender[1],
        "from_avatar": sender[2],
        "to_id": receiver[0],
        "to_display_name": receiver[1],
        "to_avatar": receiver[2],
        **message.extra,
    }
