"""Broadcasts, reactions, leads and leave to call, through the gateway."""

from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.sandbox.zalo.endpoints.leads import form_of
from gateway.sandbox.zalo.seeds import BAKERY
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.endpoints import ARTICLE, ARTICLES, NOW
from tests.platforms.zalo.stage import SEND, AppCaller, Stage

OLD, FORM, CALL = "/zalo/v2.0/oa/message", "/zalo/v2.0/oa/form/get", "/zalo/v2.0/oa/call/requestconsent"
PERSON = BAKERY.followers[1].user_id
BROADCAST: dict[str, Any] = {"recipient": {"target": {"ages": "0,1", "gender": 1}}, "message": {"attachment": ARTICLES}}
REACTION: dict[str, Any] = {"recipient": {"user_id": PERSON}, "sender_action": {"react_icon": "/-strong"}}
TEXT: dict[str, Any] = {"recipient": {"user_id": PERSON}, "message": {"text": "Chào (mẫu)"}}
LEADS = {"form_id": form_of(BAKERY), "from_time": NOW - 86_400 * 5, "to_time": NOW, "offset": 0, "limit": 10}
ASK = {"phone": "84000000101", "call_type": "audio", "reason_code": 101}


async def test_each_use_of_the_old_way_needs_its_own_scope(shared: Stage) -> None:
    """Who may write to one person may not broadcast, and the other way round; nothing of either is forwarded."""
    writes, shouts = await app_with(shared, "zalo.message.send"), await app_with(shared, "zalo.broadcast.send")
    before = len(await shared.arrived())
    reaction = REACTION | {"sender_action": {"react_icon": ":>", "react_message_id": "x"}}
    for app, body in [(writes, BROADCAST), (shouts, TEXT), (shouts, reaction)]:
        assert (await app.call(OLD, "POST", json=body)).code == "insufficient_scope"
    assert len(await shared.arrived()) == before


async def test_a_reaction_is_to_a_message_of_that_person(shared: Stage, everything: AppCaller) -> None:
    """Zalo knows the message that was sent a moment ago, and no other."""
    sent = (await everything.call(SEND, "POST", json=TEXT)).json["data"]["message_id"]
    for message_id, error in [(sent, 0), ("unknown", -201)]:
        body = REACTION | {"sender_action": {"react_icon": "/-strong", "react_message_id": message_id}}
        assert (await everything.call(OLD, "POST", json=body)).json["error"] == error


async def test_a_message_to_a_follower_has_moved(shared: Stage, everything: AppCaller) -> None:
    """Zalo's own word on it reaches whoever still sends the old way."""
    told = (await everything.call(OLD, "POST", json=TEXT)).json
    assert told == {"error": -240, "message": "MessageV2 API has been shut down, please switch to MessageV3"}


@pytest.mark.parametrize(
    "body",
    [
        BROADCAST | {"recipient": {"target": {"ages": "0; 1"}}},
        BROADCAST | {"recipient": {"target": {"phone": "84000000101"}}},
        BROADCAST | {"recipient": {"target": {}, "user_id": PERSON}},
        BROADCAST | {"message": {"text": "Chào (mẫu)"}},
        BROADCAST
        | {"message": {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": []}}}},
        BROADCAST
        | {
            "message": {
                "attachment": {"type": "template", "payload": {"template_type": "media", "elements": [ARTICLE] * 6}}
            }
        },
        REACTION,
        REACTION | {"message": {"text": "x"}},
        {"recipient": {"phone": "84000000101"}, "message": {"text": "x"}},
        {"recipient": {"group_id": "1"}, "message": {"text": "x"}},
        {"recipient": {"anonymous_id": "a"}, "message": {"text": "x"}},
        {},
    ],
)
async def test_no_other_form_passes(shared: Stage, everything: AppCaller, body: object) -> None:
    """Mixed, half or unknown forms are refused before Zalo sees them."""
    before = len(await shared.arrived())
    reply = await everything.call(OLD, "POST", json=body)
    assert (reply.status, reply.code) == (400, "bad_body")
    assert len(await shared.arrived()) == before


async def test_leads_come_by_both_spellings(shared: Stage, everything: AppCaller) -> None:
    """Plain keys, as the docs have them, go out plain; those in `data` go out in `data`; the answers pass whole."""
    plain = await everything.call(f"{FORM}?{urlencode(LEADS)}")
    assert (await shared.arrived())[-1]["target"] == f"/v2.0/oa/form/get?{urlencode(LEADS)}"
    (first, *rest) = plain.json["data"]["responses"]
    assert first["answers"][0] == {"questionId": "q1", "value": "Khách quảng cáo 1 (mẫu)"}
    assert (len(rest), len(plain.json["data"]["questions"])) == (2, 2)
    await shared.zalo.switch(form_query="data")
    assert (await everything.call(f"{FORM}?{urlencode(LEADS)}")).json["error"] == -201
    await shared.zalo.switch()


@pytest.mark.parametrize(
    "query", [{"data": "{}"}, {**LEADS, "extra": 1}, {"limit": 1}, LEADS | {"limit": "x"}, LEADS | {"from_time": "-1"}]
)
async def test_other_queries_are_refused(shared: Stage, everything: AppCaller, query: dict[str, object]) -> None:
    """Unlisted or malformed keys, a missing form, plain keys beside `data`."""
    before = len(await shared.arrived())
    reply = await everything.call(f"{FORM}?{urlencode(query)}")
    assert (reply.status, reply.code) == (400, "bad_target")
    mixed = await everything.call(f"{FORM}?{urlencode(LEADS)}&data=%7B%7D")
    assert (mixed.status, mixed.code) == (400, "bad_target")
    assert len(await shared.arrived()) == before


@pytest.mark.parametrize(
    "change, error",
    [
        ({"form_id": "1"}, -1340),
        ({"limit": 201}, -210),
        ({"from_time": NOW - 86_400 * 31}, -210),
        ({"to_time": 5}, -201),
    ],
)
async def test_zalos_bounds_are_zalos_to_tell(
    shared: Stage, everything: AppCaller, change: dict[str, object], error: int
) -> None:
    """Too many, too long, no such form: refused by Zalo, not clamped, and told in its words."""
    assert (await everything.call(f"{FORM}?{urlencode(LEADS | change)}")).json["error"] == error


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "101"},
        {"phone": "0084000000101"},
        {"phone": "+84000000101"},
        {"phone": "0000000101"},
        {"call_type": "fax"},
        {"note": "x"},
        {"phone": [1]},
    ],
)
async def test_leave_to_call_names_one_phone(shared: Stage, everything: AppCaller, change: dict[str, object]) -> None:
    """A number of here, one of the listed kinds of call, and nothing else."""
    before = len(await shared.arrived())
    reply = await everything.call(CALL, "POST", json=ASK | change)
    assert (reply.status, reply.code) == (400, "bad_body")
    assert len(await shared.arrived()) == before


async def test_a_reason_that_zalo_does_not_know_is_its_to_refuse(shared: Stage, everything: AppCaller) -> None:
    """The list of reasons is Zalo's, and grows without us."""
    assert (await everything.call(CALL, "POST", json=ASK | {"reason_code": 999})).json["error"] == -201
