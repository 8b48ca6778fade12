"""What Zalo tells beside followers' messages: strangers' talks, people's tags, leave to call, the way somebody came."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.acts.register import register_app
from gateway.records.apps.types import Basis
from gateway.records.ledger.types import Actor
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.terms.ids import AskId
from tests.followers import say_yes
from tests.house import Scene, agree, app_of, ask_of
from tests.platforms.sandbox.zalo_caller import APP_ID
from tests.platforms.zalo.stage import wait_until
from tests.platforms.zalo.test_zalo_hooks import Street, street_in
from tests.telling import listen

TOLD = ("message.read", "tag.read", "follower.tag.read", "call.ask", "follower.phone.read", "follower.source.read")
ONE, TWO = (each.user_id for each in BAKERY.followers[:2])
STRANGER = {"oa_id": BAKERY_ID, "anonymous_id": "an_7", "conversation_id": "c-7"}
TAGS = AskId("zalo_follower_tag_read")


async def with_app(scene: Scene, *scopes: str, basis: Basis) -> Scene:
    """Return the scene with an app of these scopes in the place of its first; its owner agreed."""
    app = app_of("Chăm sóc khách (mẫu)", f"cham-soc-{basis.replace('_', '-')}", is_confidential=True, clock=scene.clock)
    rows = [(f"zalo_{one.replace('.', '_')}", f"zalo.{one}", "crm", False) for one in scopes]
    asks = [ask_of(app.id, row, basis) for row in rows]
    await register_app(scene.house, app, asks, Actor.system())
    changed = replace(scene, app=app, asks=tuple(asks))
    await agree(changed)
    return changed


@dataclass(frozen=True, slots=True)
class Told:
    """The street, and two apps on it that hear of everything: one under a contract, one that asks each follower."""

    street: Street
    asking: Scene

    async def post(self, path: str, token: str, body: dict[str, Any]) -> None:
        """Call Zalo as the OA."""
        answer = await self.street.zalo.json("POST", path, headers={"access_token": token}, json=body)
        assert answer["error"] == 0

    async def came(self, *, asking: bool) -> list[dict[str, Any]]:
        """Return what one of the two got by now."""
        await self.street.teller.bring()
        ends = "/asking" if asking else "/hook"
        bodies = [json.loads(each.body) for each in self.street.receiver.came if each.target == ends]
        return [body["data"]["event"] for body in bodies if str(body["type"]).startswith("zalo.")]

    async def wait_for(self, count: int) -> None:
        """Wait until Zalo told so much."""
        await wait_until(lambda: len(self.street.room.teller.told) == count)


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    """Yield the street with the two apps."""
    async with street_in(tmp_path) as street:
        scene, url = street.teller.scene, street.receiver.url
        contract = await with_app(scene, *TOLD, basis=Basis.CONTRACT)
        asking = await with_app(scene, *TOLD, basis=Basis.OWN_CONSENT)
        await listen(scene, "http://127.0.0.1:9/")
        await listen(contract, url)
        await listen(asking, url.replace("/hook", "/asking"))
        yield Told(street, asking)


async def test_a_talk_with_a_stranger_and_the_answer_to_a_call(told: Told) -> None:
    """Both ways of the talk, leave asked and given; they rest on people whom nobody can ask, so on a contract alone."""
    street = told.street
    token = (await street.zalo.link(BAKERY_ID))["access_token"]
    assert (await street.zalo.raw("POST", "/_sandbox/stranger", json=STRANGER | {"text": "Còn bánh không?"}))[0] == 200
    answer = {"recipient": {"anonymous_id": "an_7", "conversation_id": "c-7"}, "message": {"text": "Dạ còn ạ"}}
    await told.post("/v2.0/oa/message", token, answer)
    asked = {"phone": "84000000101", "call_type": "audio", "reason_code": 101}
    await told.post("/v2.0/oa/call/requestconsent", token, asked)
    given = {"oa_id": BAKERY_ID, "phone": "84000000101"}
    assert (await street.zalo.raw("POST", "/_sandbox/call_answer", json=given))[0] == 200
    await told.wait_for(4)
    question, reply, leave, yes = sorted(await told.came(asking=False), key=lambda each: "call" in str(each))
    assert (question["event_name"], question["sender"]) == ("anonymous_send_text", {"id": "an_7"})
    assert (question["message"]["conversation_id"], question["message"]["text"]) == ("c-7", "Còn bánh không?")
    assert (reply["recipient"], reply["message"]["text"]) == ({"id": "an_7"}, "Dạ còn ạ")
    assert (leave["event_name"], leave["request_type"], leave["phone"]) == ("oa_send_consent", "SENT", "84000000101")
    assert (yes["user_consent"], yes["phone"], yes["expired_time"]) == ("ALLOW", "84000000101", "0")
    assert await told.came(asking=True) == []


async def test_who_bears_a_tag_is_told_of_who_agreed(told: Told) -> None:
    """That a tag was put on is the OA's; on whom is theirs. Of two in one event both must have agreed."""
    street = told.street
    token = (await street.zalo.link(BAKERY_ID))["access_token"]
    await say_yes(told.asking, ONE, [TAGS], to=[TAGS])
    for user_id in (ONE, TWO):
        await told.post("/v2.0/oa/tag/tagfollower", token, {"user_id": user_id, "tag_name": "Quý (mẫu)"})
    await told.post("/v2.0/oa/tag/rmtag", token, {"tag_name": "Quý (mẫu)"})
    await told.wait_for(3)
    both = {"event_name": "add_user_to_tag", "oa_id": BAKERY_ID, "tag": {"name": "Đôi (mẫu)", "user_ids": [ONE, TWO]}}
    await street.teller.tell({**both, "timestamp": street.teller.stamp()}, signed_as=APP_ID, endpoint=APP_ID)
    tags = [each["tag"] for each in await told.came(asking=True)]
    by_name = sorted(tags, key=lambda tag: (tag["name"], len(tag)))
    assert by_name == [
        {"name": "Quý (mẫu)"},
        {"name": "Quý (mẫu)"},
        {"name": "Quý (mẫu)", "user_ids": [ONE]},
        {"name": "Đôi (mẫu)"},
    ]
    whole = [each["tag"] for each in await told.came(asking=False)]
    assert sorted(len(tag.get("user_ids", ())) for tag in whole) == [0, 1, 1, 2]


async def test_where_somebody_came_from(told: Told) -> None:
    """A follow tells its source by the scope that says so, and to nobody without it."""
    await told.street.zalo.link(BAKERY_ID)
    await told.street.do("follow")
    (follow,) = await told.came(asking=False)
    assert (follow["follower"], follow["source"]) == ({"id": ONE}, "oa_profile")
    assert await told.came(asking=True) == []
