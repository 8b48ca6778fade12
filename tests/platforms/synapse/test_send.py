"""With the sending ask the same call goes through: the refusal of the others is not a closed road."""

import nio

from tests.platforms.synapse.desk import Desk

SEND = "/_matrix/client/v3/rooms/{room}/send/m.room.message/t"
UNLISTED = (
    {"msgtype": "m.text", "body": "a", "vn.example.own": "b"},
    {"msgtype": "vn.example.own", "body": "a"},
    {"body": "a"},
)


async def test_granted_sending_sends_what_is_listed_and_reads_nothing(desk: Desk) -> None:
    """matrix-nio's message arrives once, under the account's name; foreign fields and types do not."""
    grant = await desk.grant(desk.street.desk_app, "send")
    with desk.tap.watched() as arrived:
        for body in UNLISTED:
            bad = await grant.app.call(grant.token, SEND.format(room=desk.room), "PUT", json=body)
            assert bad.told == (400, "bad_body", "M_BAD_JSON")
        async with grant.app.client(grant.token) as client:
            refused = await client.room_messages(desk.room)
    assert isinstance(refused, nio.RoomMessagesError)
    assert refused.status_code == "M_FORBIDDEN"
    assert arrived == []
    with desk.tap.watched() as arrived:
        async with grant.app.client(grant.token) as client:
            sent = await client.room_send(desk.room, "m.room.message", {"msgtype": "m.text", "body": "Chào bạn (mẫu)"})
    assert isinstance(sent, nio.RoomSendResponse), sent
    assert [one.method for one in arrived] == ["PUT"]
    page = await desk.buyer.call("GET", f"/rooms/{desk.room}/messages", dir="b", limit="1")
    assert [(one["event_id"], one["sender"], one["content"]["body"]) for one in page["chunk"]] == [
        (sent.event_id, desk.merchant.user_id, "Chào bạn (mẫu)")
    ]
