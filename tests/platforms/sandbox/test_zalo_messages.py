"""The stand-in's messages, read and sent, against the platform facts A0.8, A4 and A5."""

import json
from datetime import timedelta

import pytest

from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID, FLORIST
from tests.platforms.sandbox.still import StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller

RECENT, CONVERSATION, SEND = "/v2.0/oa/listrecentchat", "/v2.0/oa/conversation", "/v3.0/oa/message/cs"
FIRST, LONG_GONE = BAKERY.followers[0].user_id, BAKERY.followers[11].user_id
STRANGER = FLORIST.followers[0].user_id


async def test_recent_chat_rows(zalo: ZaloCaller, token: str) -> None:
    """Rows come newest first, of the whole OA, with the captured members; past the end there are none."""
    rows = (await zalo.get(RECENT, token, offset=0, count=10))["data"]
    rest = (await zalo.get(RECENT, token, offset=10, count=10))["data"]
    assert (len(rows), len(rest)) == (10, 3)
    assert (await zalo.get(RECENT, token, offset=13, count=10))["data"] == []
    times = [row["time"] for row in rows + rest]
    assert times == sorted(times, reverse=True)
    assert len({row["from_id"] for row in rows if row["src"] == 1}) > 1
    assert set(rows[0]) == {
        *("src", "time", "type", "message", "message_id", "from_id", "to_id"),
        *("from_display_name", "from_avatar", "to_display_name", "to_avatar"),
    }
    for row in rows + rest:
        user, account = ("from_id", "to_id") if row["src"] == 1 else ("to_id", "from_id")
        assert row[account] == BAKERY_ID
        assert BAKERY.find_follower(row[user]) is not None


async def test_conversation_is_of_one_follower(zalo: ZaloCaller, token: str) -> None:
    """A conversation has the rows of its follower only."""
    rows = (await zalo.get(CONVERSATION, token, user_id=FIRST, offset=0, count=10))["data"]
    assert len(rows) == 3
    assert all(FIRST in {row["from_id"], row["to_id"]} for row in rows)


async def test_sent_message_is_listed(zalo: ZaloCaller, token: str, clock: StillClock) -> None:
    """A message that was sent answers with its id and time as texts and stands on top of the recent chat."""
    answer = await zalo.send(token, FIRST, "Bánh của chị xong rồi ạ.")
    sent_time = str(int(clock.now().timestamp() * 1000))
    assert answer["error"] == 0
    assert answer["data"]["sent_time"] == sent_time
    assert answer["data"]["quota"] == {"quota_type": "reply"}
    row = (await zalo.get(RECENT, token, offset=0, count=1))["data"][0]
    assert (row["message_id"], row["message"]) == (answer["data"]["message_id"], "Bánh của chị xong rồi ạ.")
    assert (row["src"], row["from_id"], row["to_id"]) == (0, BAKERY_ID, FIRST)


MEDIA = {"type": "template", "payload": {"template_type": "media", "elements": [{"media_type": "image", "url": "u"}]}}
BOTH = {
    "type": "template",
    "payload": {"template_type": "media", "elements": [{"media_type": "image", "url": "u", "attachment_id": "a"}]},
}
ASK = {
    "type": "template",
    "payload": {"template_type": "request_user_info", "elements": [{"title": "t", "subtitle": "s", "image_url": "u"}]},
}


@pytest.mark.parametrize(
    "message, kind",
    [
        ({"text": "a" * 2000}, "text"),
        ({"text": "trả lời", "quote_message_id": "x"}, "text"),
        ({"attachment": MEDIA}, "photo"),
        ({"text": "xem ảnh", "attachment": MEDIA}, "photo"),
        ({"attachment": ASK}, "links"),
    ],
)
async def test_message_shapes(zalo: ZaloCaller, token: str, message: dict[str, object], kind: str) -> None:
    """Each documented shape is taken and listed under its type."""
    body = {"recipient": {"user_id": FIRST}, "message": message}
    assert (await zalo.json("POST", SEND, headers={"access_token": token}, json=body))["error"] == 0
    assert (await zalo.get(RECENT, token, offset=0, count=1))["data"][0]["type"] == kind


@pytest.mark.parametrize(
    "body, error, message",
    [
        (b"{", -201, "Data is not json format"),
        (b"", -201, "Data is not json format"),
        (b"user_id=1", -201, "Data is not json format"),
        (b"\xff", -201, "Data is not json format"),
        ({}, -201, "recipient is invalid!"),
        ({"recipient": {"user_id": FIRST}}, -201, "message is invalid!"),
        ({"recipient": {}, "message": {"text": "a"}}, -201, "user_id is invalid!"),
        ({"recipient": {"phone": "84000000101"}, "message": {"text": "a"}}, -201, "user_id is invalid!"),
        ({"recipient": {"user_id": FIRST}, "message": {}}, -201, "text is invalid!"),
        ({"recipient": {"user_id": FIRST}, "message": {"text": 5}}, -201, "text is invalid!"),
        ({"recipient": {"user_id": FIRST}, "message": {"text": "a" * 2001}}, -210, "Parameter exceeds allowable limit"),
        ({"recipient": {"user_id": FIRST}, "message": {"attachment": BOTH}}, -201, "attachment_id is invalid!"),
        (
            {"recipient": {"user_id": FIRST}, "message": {"attachment": {"type": "video", "payload": {}}}},
            -233,
            "message type is invalid or not support",
        ),
        ({"recipient": {"user_id": STRANGER}, "message": {"text": "a"}}, -213, "User has not followed OA"),
        (
            {"recipient": {"user_id": LONG_GONE}, "message": {"text": "a"}},
            -230,
            "User has not interacted with the OA in the past 7 days",
        ),
    ],
)
async def test_send_refuses(zalo: ZaloCaller, token: str, body: object, error: int, message: str) -> None:
    """A message that may not be sent is refused in the platform's words, and nothing is stored."""
    before = await zalo.get(RECENT, token, offset=0, count=1)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await zalo.json("POST", SEND, headers={"access_token": token}, data=raw)
    assert answer == {"error": error, "message": message}
    assert await zalo.get(RECENT, token, offset=0, count=1) == before


async def test_old_version_of_sending(zalo: ZaloCaller, token: str) -> None:
    """The second version of sending is shut down."""
    answer = await zalo.json("POST", "/v2.0/oa/message", headers={"access_token": token}, json={})
    assert answer == {"error": -240, "message": "MessageV2 API has been shut down, please switch to MessageV3"}


async def test_interaction_windows(zalo: ZaloCaller, token: str, clock: StillClock) -> None:
    """After 48 hours there is no free quota, after 7 days a refusal; a word from the follower opens it anew."""
    clock.advance(timedelta(hours=46))
    refreshed = await zalo.link()
    assert "quota" not in (await zalo.send(refreshed["access_token"], FIRST, "a"))["data"]
    clock.advance(timedelta(days=6))
    token = (await zalo.link())["access_token"]
    assert (await zalo.send(token, FIRST, "a"))["error"] == -230
    await zalo.json("POST", "/_sandbox/incoming", json={"oa_id": BAKERY_ID, "user_id": FIRST, "text": "alo"})
    assert (await zalo.send(token, FIRST, "a"))["data"]["quota"] == {"quota_type": "reply"}
