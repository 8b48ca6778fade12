"""Every kind of message through the gateway, and template messages: what was agreed goes out, and nothing else."""

from typing import Any

import pytest

from gateway.sandbox.zalo.seeds import BAKERY
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import SEND, AppCaller, Stage

PERSON, LONG_GONE = BAKERY.followers[1].user_id, BAKERY.followers[11].user_id
TEMPLATE, QUOTA = "/zalo/v3.0/oa/message/template", "/zalo/v3.0/oa/quota/message"
FILLED = {"user_id": PERSON, "template_id": "400001", "template_data": {"ten": "Khách (mẫu)", "ma_don": "D7"}}
OWNER = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}


def media(**element: object) -> dict[str, Any]:
    """Return an attachment of one element."""
    return {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": [element]}}}


FORM = {"title": "Nhận quà (mẫu)", "subtitle": "Để lại số điện thoại", "image_url": "https://img.example/a.png"}
ASKED = {"attachment": {"type": "template", "payload": {"template_type": "request_user_info", "elements": [FORM]}}}
KINDS = [
    ({"text": "Chào bạn (mẫu)"}, "text"),
    ({"text": "Trả lời (mẫu)", "quote_message_id": "63ec0a"}, "text"),
    (media(media_type="image", url="https://img.example/a.png"), "photo"),
    ({"text": "Xem ảnh (mẫu)", **media(media_type="image", url="https://img.example/a.png")}, "photo"),
    (media(media_type="gif", url="https://img.example/a.gif", width=120, height="90"), "GIF"),
    (media(media_type="sticker", attachment_id="bfe458bf64fa8da4d4eb"), "sticker"),
    (ASKED, "links"),
]


@pytest.mark.parametrize("message, kind", KINDS)
async def test_each_kind_of_message_arrives(shared: Stage, everything: AppCaller, message: object, kind: str) -> None:
    """Word for word, and the chat lists it as what it is."""
    body = {"recipient": {"user_id": PERSON}, "message": message}
    assert (await everything.call(SEND, "POST", json=body)).json["error"] == 0
    recent = await everything.call("/zalo/v2.0/oa/listrecentchat?data=%7B%22offset%22:0,%22count%22:1%7D")
    assert recent.json["data"][0]["type"] == kind


async def test_a_template_reaches_who_is_long_gone_and_costs_one(shared: Stage, everything: AppCaller) -> None:
    """Where a consultation message is -230 a template passes; it counts in the OA's allowance."""
    before = (await everything.call(QUOTA, "POST", json=OWNER)).json["data"][0]["remain"]
    text = {"recipient": {"user_id": LONG_GONE}, "message": {"text": "Chào (mẫu)"}}
    assert (await everything.call(SEND, "POST", json=text)).json["error"] == -230
    reply = (await everything.call(TEMPLATE, "POST", json=FILLED | {"user_id": LONG_GONE})).json
    assert (reply["error"], set(reply["data"])) == (0, {"message_id", "user_id", "sent_time", "quota"})
    assert reply["data"]["quota"]["remain"] == str(before - 1)
    assert (await everything.call(QUOTA, "POST", json=OWNER)).json["data"][0]["remain"] == before - 1


@pytest.mark.parametrize(
    "change, error",
    [
        ({"template_id": "499999"}, -201),
        ({"template_id": 400003}, -249),
        ({"template_data": {"ten": "Khách (mẫu)"}}, -201),
        ({"user_id": "4620160001999999999"}, -213),
    ],
)
async def test_zalos_own_no_passes(shared: Stage, everything: AppCaller, change: dict[str, object], error: int) -> None:
    """A template that is not there, is not for ids, or is filled badly is Zalo's to refuse, in its words."""
    assert (await everything.call(TEMPLATE, "POST", json=FILLED | change)).json["error"] == error


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "84000000101"},
        {"user_id": None},
        {"template_data": {"ten": {"a": "b"}}},
        {"template_data": {"a b": "c"}},
        {"template_data": {str(number): "x" for number in range(101)}},
        {"template_data": {"ten": "x" * 2049}},
        {"template_data": [1]},
        {"template_id": "../1"},
        {"mode": "development"},
    ],
)
async def test_a_template_takes_an_id_and_plain_values(
    shared: Stage, everything: AppCaller, change: dict[str, object]
) -> None:
    """No phone number, which would hide whom it is about; no mode, no nested data."""
    before = len(await shared.arrived())
    reply = await everything.call(TEMPLATE, "POST", json=FILLED | change)
    assert (reply.status, reply.code) == (400, "bad_body")
    assert len(await shared.arrived()) == before


async def test_who_may_send_messages_may_not_send_templates(shared: Stage) -> None:
    """A template costs money and reaches whom a message cannot: it is its own agreement, and the other way round."""
    sends, fills = await app_with(shared, "zalo.message.send"), await app_with(shared, "zalo.template.send")
    assert (await sends.call(TEMPLATE, "POST", json=FILLED)).code == "insufficient_scope"
    text = {"recipient": {"user_id": PERSON}, "message": {"text": "Chào (mẫu)"}}
    assert (await fills.call(SEND, "POST", json=text)).code == "insufficient_scope"
