"""Tags and allowances through the gateway, against a Zalo that keeps them."""

from typing import Any

import pytest

from gateway.sandbox.zalo.seeds import BAKERY, FLORIST
from tests.platforms.zalo.apps import app_with, trace_of
from tests.platforms.zalo.stage import AppCaller, Stage

TAGS, TAG = "/zalo/v2.0/oa/tag/gettagsofoa", "/zalo/v2.0/oa/tag/tagfollower"
UNTAG, DELETE = "/zalo/v2.0/oa/tag/rmfollowerfromtag", "/zalo/v2.0/oa/tag/rmtag"
QUOTA, SEND = "/zalo/v3.0/oa/quota/message", "/zalo/v3.0/oa/message/cs"
PERSON = BAKERY.followers[2].user_id
OWNER = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}


async def list_tags_of(stage: Stage) -> Any:
    """Return the tags of a person as Zalo itself tells them: no app is told."""
    token = (await stage.arrived())[-1]["headers"]["access_token"]
    detail = await stage.zalo.get("/v3.0/oa/user/detail", token, user_id=PERSON)
    return detail["data"]["tags_and_notes_info"]["tag_names"]


async def test_a_tag_lives_and_dies(shared: Stage, everything: AppCaller) -> None:
    """A new tag shows in the OA's tags and on the person; taken off it stays known; deleted nobody bears it."""
    tag = {"user_id": PERSON, "tag_name": "Khách mới (mẫu)"}
    await everything.call(TAGS)
    seeded = await list_tags_of(shared)
    assert (await everything.call(TAG, "POST", json={**tag, "user_id": int(PERSON)})).json["error"] == 0
    assert (await everything.call(TAGS)).json["data"] == [*BAKERY.tags, "Khách mới (mẫu)"]
    assert await list_tags_of(shared) == [*seeded, "Khách mới (mẫu)"]
    await everything.call(UNTAG, "POST", json=tag)
    assert await list_tags_of(shared) == seeded
    assert "Khách mới (mẫu)" in (await everything.call(TAGS)).json["data"]
    await everything.call(TAG, "POST", json=tag)
    await everything.call(DELETE, "POST", json={"tag_name": "Khách mới (mẫu)"})
    assert (await list_tags_of(shared), (await everything.call(TAGS)).json["data"]) == (seeded, list(BAKERY.tags))


async def test_the_list_is_narrowed_by_a_new_tag(shared: Stage, everything: AppCaller) -> None:
    """`getlist` knows a tag as soon as it was put on."""
    await everything.call(TAG, "POST", json={"user_id": PERSON, "tag_name": "loc"})
    reply = await everything.call(
        "/zalo/v3.0/oa/user/getlist?data=%7B%22offset%22:0,%22count%22:9,%22tag_name%22:%22loc%22%7D"
    )
    assert reply.json["data"]["users"] == [{"user_id": PERSON}]
    await everything.call(DELETE, "POST", json={"tag_name": "loc"})


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": PERSON},
        {"tag_name": "x"},
        {"user_id": f"0{PERSON}", "tag_name": "x"},
        {"user_id": [PERSON], "tag_name": "x"},
        {"user_id": PERSON, "tag_name": "x" * 256},
        {"user_id": PERSON, "tag_name": 7},
    ],
)
async def test_a_tag_is_one_person_and_one_name(shared: Stage, everything: AppCaller, body: object) -> None:
    """A missing, misspelled or overlong part is refused before Zalo sees it."""
    before = len(await shared.arrived())
    reply = await everything.call(TAG, "POST", json=body)
    assert (reply.status, reply.code) == (400, "bad_body")
    assert len(await shared.arrived()) == before


async def test_zalos_own_no_passes_and_names_nobody(shared: Stage, everything: AppCaller) -> None:
    """A person who follows another OA is Zalo's -213; the trace counts nobody, for nothing was done."""
    reply = await everything.call(TAG, "POST", json={"user_id": FLORIST.followers[0].user_id, "tag_name": "x"})
    assert reply.json == {"error": -213, "message": "User has not followed OA"}
    _, ending = await trace_of(shared, reply)
    assert (ending.reason, ending.subjects) == ("platform_refused", 0)


async def test_replies_left_count_down(shared: Stage, everything: AppCaller) -> None:
    """Each reply leaves one fewer; when the person last wrote has a scope of its own."""
    text = {"recipient": {"user_id": PERSON}, "message": {"text": "Chào (mẫu)"}}
    first = (await everything.call(QUOTA, "POST", json={"user_id": PERSON})).json["data"]
    await everything.call(SEND, "POST", json=text)
    second = (await everything.call(QUOTA, "POST", json={"user_id": PERSON})).json["data"]
    assert second["cs_reply"] == {"remain": first["cs_reply"]["remain"] - 1, "total": 8}
    assert set(second) == {"last_interaction", "cs_reply", "promotion"}
    alone = await app_with(shared, "zalo.message.read")
    assert "last_interaction" not in (await alone.call(QUOTA, "POST", json={"user_id": PERSON})).json["data"]
    await shared.zalo.switch(cs_reply="fixed")
    fixed = (await everything.call(QUOTA, "POST", json={"user_id": PERSON})).json["data"]
    await shared.zalo.switch()
    assert fixed["cs_reply"] == {"remain": 8, "total": 8}


async def test_an_owners_allowance_is_a_list(shared: Stage) -> None:
    """The OA's own allowances are rows; they need no right to write to anyone."""
    app = await app_with(shared, "zalo.quota.read")
    (row,) = (await app.call(QUOTA, "POST", json=OWNER)).json["data"]
    assert set(row) == {"asset_id", "product_type", "quota_type", "valid_through", "total", "remain"}
    assert (await app.call(QUOTA, "POST", json=OWNER | {"quota_owner": "APP"})).json["data"] == []


@pytest.mark.parametrize("scope, body", [("zalo.quota.read", {"user_id": PERSON}), ("zalo.message.read", OWNER)])
async def test_each_form_of_the_question_needs_its_own_scope(shared: Stage, scope: str, body: object) -> None:
    """The scope that opens one form says nothing about the other; the refusal names the one that would."""
    app = await app_with(shared, scope, "zalo.profile.read")
    before = len(await shared.arrived())
    reply = await app.call(QUOTA, "POST", json=body)
    assert (reply.status, reply.code) == (403, "insufficient_scope")
    assert len(await shared.arrived()) == before


@pytest.mark.parametrize(
    "body", [{}, {"user_id": PERSON, **OWNER}, OWNER | {"quota_owner": "USER"}, {"quota_owner": "OA"}, [OWNER], "OA"]
)
async def test_a_question_that_is_neither_form_is_refused(shared: Stage, everything: AppCaller, body: object) -> None:
    """Both forms at once would hide whom it is about."""
    before = len(await shared.arrived())
    reply = await everything.call(QUOTA, "POST", json=body)
    assert (reply.status, reply.code) == (400, "bad_body")
    assert len(await shared.arrived()) == before
