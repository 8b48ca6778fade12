"""Reading real messages through the gateway with matrix-nio, and what of an answer passes."""

from typing import Any
from urllib.parse import quote

import nio
import pytest

from tests.platforms.synapse.desk import Desk, Grant

V3 = "/_matrix/client/v3"
ENVELOPE = {"type", "sender", "event_id", "room_id", "origin_server_ts", "content"}


async def test_a_published_client_reads_what_a_customer_wrote(quiet_desk: Desk, reader: Grant) -> None:
    """matrix-nio finds the account, its room and the customer's messages, bodies and senders as they were sent."""
    merchant, buyer, room = quiet_desk.merchant, quiet_desk.buyer, quiet_desk.room
    first = await buyer.send_text(room, "Còn bánh mì không shop? (mẫu)")
    second = await merchant.send_text(room, "Dạ còn ạ (mẫu)")
    async with reader.app.client(reader.token, user_id=merchant.user_id) as client:
        who = await client.whoami()
        rooms = await client.joined_rooms()
        page = await client.room_messages(room, limit=2)
        members = await client.joined_members(room)
        event = await client.room_get_event(room, first)
        name = await client.room_get_state_event(room, "m.room.name")
        profile = await client.get_profile(merchant.user_id)
    assert who.user_id == merchant.user_id
    assert rooms.rooms == [room]
    assert [(one.event_id, one.sender, one.body) for one in page.chunk] == [
        (second, merchant.user_id, "Dạ còn ạ (mẫu)"),
        (first, buyer.user_id, "Còn bánh mì không shop? (mẫu)"),
    ]
    assert {one.user_id for one in members.members} == {merchant.user_id, buyer.user_id}
    assert event.event.body == "Còn bánh mì không shop? (mẫu)"
    assert name.content["name"].startswith("Đơn hàng")
    assert profile.displayname == merchant.user_id[1:].partition(":")[0]


async def test_a_page_leads_to_the_next(quiet_desk: Desk, reader: Grant) -> None:
    """The homeserver's own cursors pass in both directions."""
    texts = [f"tin {number} (mẫu)" for number in range(4)]
    for text in texts:
        await quiet_desk.buyer.send_text(quiet_desk.room, text)
    async with reader.app.client(reader.token) as client:
        newest = await client.room_messages(quiet_desk.room, limit=2)
        older = await client.room_messages(quiet_desk.room, start=newest.end, limit=2)
        forth = await client.room_messages(
            quiet_desk.room, start=older.end, limit=4, direction=nio.MessageDirection.front
        )
    assert [one.body for one in (*newest.chunk, *older.chunk)] == texts[::-1]
    assert [one.body for one in forth.chunk] == texts


@pytest.mark.parametrize("version", ["11", "12"])
async def test_a_rooms_id_may_be_written_raw_or_encoded(quiet_desk: Desk, reader: Grant, version: str) -> None:
    """Ids with a host (`!id:host`) and, in newer rooms, without one: both forms reach the same room in one form."""
    body = {"preset": "private_chat", "room_version": version, "name": "Phòng (mẫu)"}
    room = (await quiet_desk.merchant.call("POST", "/createRoom", body=body))["room_id"]
    assert (":localhost" in room) is (version == "11")
    text = f"trong phòng bản {version} (mẫu)"
    await quiet_desk.merchant.send_text(room, text)
    answers = []
    with quiet_desk.tap.watched() as arrived:
        for form in (room, quote(room, safe=""), quote(room, safe="").replace("%3A", "%3a")):
            reply = await reader.app.call(reader.token, f"{V3}/rooms/{form}/messages?dir=b&limit=1")
            assert reply.status == 200, reply.json
            answers.append([one["content"]["body"] for one in reply.json["chunk"]])
    assert answers == [[text]] * 3
    assert len(arrived) == 3
    assert len({one.target for one in arrived}) == 1


async def test_what_the_catalogue_does_not_name_is_dropped(quiet_desk: Desk, reader: Grant) -> None:
    """Foreign fields, foreign types' content, state keys and `unsigned` stay behind; the envelope comes."""
    buyer, room = quiet_desk.buyer, quiet_desk.room
    content = {
        "msgtype": "m.text",
        "body": "thấy được (mẫu)",
        "vn.example.secret": "không thấy được (mẫu)",
        "m.mentions": {"user_ids": [quiet_desk.merchant.user_id], "vn.example.inner": "không thấy được (mẫu)"},
    }
    await buyer.call("PUT", f"/rooms/{quote(room)}/send/m.room.message/txn-a", body=content)
    foreign = {"body": "không thấy được (mẫu)"}
    await buyer.call("PUT", f"/rooms/{quote(room)}/send/vn.example.note/txn-b", body=foreign)
    await buyer.call("PUT", "/profile/" + quote(buyer.user_id) + "/displayname", body={"displayname": "Khách (mẫu)"})

    direct = await buyer.call("GET", f"/rooms/{quote(room)}/messages", dir="b", limit="50")
    assert {"unsigned", "state_key"} < {key for one in direct["chunk"] for key in one}
    reply = await reader.app.call(reader.token, f"{V3}/rooms/{quote(room)}/messages?dir=b&limit=50")
    assert reply.json.keys() <= {"start", "end", "chunk"}
    by_type: dict[str, list[Any]] = {}
    for event in reply.json["chunk"]:
        assert event.keys() <= ENVELOPE
        by_type.setdefault(event["type"], []).append(event["content"])
    assert by_type.keys() == {one["type"] for one in direct["chunk"]}
    assert by_type["m.room.message"][0] == {
        "msgtype": "m.text",
        "body": "thấy được (mẫu)",
        "m.mentions": {"user_ids": [quiet_desk.merchant.user_id]},
    }
    passed = {name for name, contents in by_type.items() if any(contents)}
    assert passed == {"m.room.message"}
    assert "không thấy được" not in reply.body.decode()
    assert "Khách (mẫu)" not in reply.body.decode()


async def test_nothing_declared_is_withheld_from_who_holds_the_scope(quiet_desk: Desk, reader: Grant) -> None:
    """Whoever may call a Matrix route sees every member it declares, so no scope is named as the reason for less."""
    reply = await reader.app.call(reader.token, f"{V3}/rooms/{quiet_desk.room}/messages?dir=b&limit=1")
    assert reply.status == 200
    assert '"scope' not in reply.headers.get("Quyen-Withheld", "")


async def test_the_homeserver_sees_its_own_token_and_no_header_of_the_app(quiet_desk: Desk, reader: Grant) -> None:
    """The gateway's token stays at the gateway; the call goes out with the account's own."""
    with quiet_desk.tap.watched() as arrived:
        await reader.app.call(reader.token, f"{V3}/joined_rooms", headers={"X-Own": "x", "Cookie": "a=b"})
    assert len(arrived) == 1
    assert arrived[0].authorization.startswith("Bearer syt_")
    assert reader.token not in arrived[0].authorization + arrived[0].target
