"""Everything that a stand-in can say is opened by a scope, or left out with a reason: nothing is forgotten."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.sandbox.kiotviet.app import build_kiotviet_sandbox
from gateway.sandbox.kiotviet.seeds import BAKERY as SHOP
from gateway.sandbox.kiotviet.telling import TYPES
from gateway.sandbox.zalo.app import ROOM, build_zalo_sandbox
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from scopes import load_catalogue
from tests.platforms.kiotviet.endpoints import ENDPOINTS as SHOP_CALLS
from tests.platforms.sandbox.accounting import list_unaccounted
from tests.platforms.sandbox.kiotviet_caller import KiotVietCaller, kiotviet_config
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller, zalo_config
from tests.platforms.zalo.endpoints import ENDPOINTS as OA_CALLS
from tests.platforms.zalo.endpoints import Endpoint as OaCall
from tests.platforms.zalo.stage import wait_until
from tests.stand_ins.receiver import Receiver, receiving

ZALO, KIOTVIET = (load_catalogue().platforms[one] for one in ("zalo", "kiotviet"))
PERSON, PHONE = BAKERY.followers[0].user_id, "84000000101"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield whom the platforms tell."""
    async with receiving() as receiver:
        yield receiver


async def call_oa(zalo: ZaloCaller, token: str, one: OaCall) -> Any:
    """Make a good call."""
    headers = {"access_token": token}
    if one.method == "POST":
        return await zalo.json("POST", one.path, headers=headers, json=one.sent)
    query = f"?data={quote(json.dumps(dict(one.sent)))}" if one.sent else ""
    return await zalo.json("GET", one.path + query, headers=headers)


@pytest.mark.parametrize("quirks", [{}, {"oa_id_field": "oaid", "notes": "object", "full_address": "text"}])
async def test_zalos_answers(zalo: ZaloCaller, token: str, quirks: Mapping[str, str]) -> None:
    """Each member of each answer, with the quirks that change one's form."""
    await zalo.switch(**quirks)
    answers = [(one.route, await call_oa(zalo, token, one)) for one in OA_CALLS]
    recent = await zalo.get("/v2.0/oa/listrecentchat", token, offset=0, count=10)
    unsaid = {name: list_unaccounted(ZALO, ZALO.routes[name], body) for name, body in answers}
    assert {name: places for name, places in unsaid.items() if places} == {}
    assert list_unaccounted(ZALO, ZALO.routes["list_recent_chats"], recent) == []
    assert {body["error"] for _, body in answers} == {0}


async def test_kiotviets_answers(http: aiohttp.ClientSession, clock: StillClock, entropy: CountedEntropy) -> None:
    """Each member of each answer, also of those to what is written."""
    async with TestServer(build_kiotviet_sandbox(kiotviet_config(), clock, entropy)) as server:
        kiot = KiotVietCaller(http, str(server.make_url("/kiotviet")))
        token = (await kiot.token())["access_token"]
        answers = [(one.route, await kiot.call(one.method, one.path, token, **one.options())) for one in SHOP_CALLS]
    unsaid = {name: list_unaccounted(KIOTVIET, KIOTVIET.routes[name], body) for name, body in answers}
    assert {name: places for name, places in unsaid.items() if places} == {}


async def test_zalos_events(
    http: aiohttp.ClientSession, clock: StillClock, entropy: CountedEntropy, receiver: Receiver
) -> None:
    """Each member of each event that the stand-in tells; each is one that apps can hear."""
    told_at = {"webhook_url": receiver.url, "oa_secret_key": "k"}
    app = build_zalo_sandbox(zalo_config(None).model_copy(update=told_at), clock, entropy)
    async with TestServer(app) as server:
        zalo = ZaloCaller(http, str(server.make_url("/zalo")))
        token = (await zalo.link())["access_token"]
        for one in OA_CALLS:
            await call_oa(zalo, token, one)
        who: dict[str, object] = {"oa_id": BAKERY_ID, "user_id": PERSON}
        stranger: dict[str, object] = {
            "oa_id": BAKERY_ID,
            "anonymous_id": "an_1",
            "conversation_id": "c-1",
            "text": "Chào (mẫu)",
        }
        doings: list[tuple[str, dict[str, object]]] = [
            ("incoming", {**who, "text": "Chào (mẫu)"}),
            ("stranger", stranger),
        ]
        doings += [(what, who) for what in ("follow", "submit_info", "withdraw")]
        doings += [("call_answer", {"oa_id": BAKERY_ID, "phone": PHONE, "allows": one}) for one in (True, False)]
        for what, doing in doings:
            await zalo.json("POST", f"/_sandbox/{what}", json=doing)
        lost = {"oa_id": "1", "phone": PHONE}, stranger | {"oa_id": "1"}
        for what, nobodys in zip(("call_answer", "stranger"), lost, strict=True):
            assert (await zalo.raw("POST", f"/_sandbox/{what}", json=nobodys))[0] == 404
        await wait_until(lambda: not app[ROOM].teller._tasks)
    bodies = [json.loads(each.body) for each in receiver.came]
    assert {each["event_name"] for each in bodies} >= {
        *("user_send_text", "oa_send_text", "anonymous_send_text", "oa_send_anonymous_text"),
        *("follow", "user_submit_info", "user_withdraw", "add_user_to_tag", "remove_user_from_tag", "remove_tag"),
        *("oa_send_consent", "user_reply_consent"),
    }
    events = [(ZALO.find_event(each["event_name"]), each) for each in bodies]
    assert [list_unaccounted(ZALO, event, each) if event else each for event, each in events] == [[]] * len(events)


async def test_kiotviets_events(
    http: aiohttp.ClientSession, clock: StillClock, entropy: CountedEntropy, receiver: Receiver
) -> None:
    """Each member of each webhook, as the stand-in tells it when something is written."""
    async with TestServer(build_kiotviet_sandbox(kiotviet_config(), clock, entropy)) as server:
        kiot = KiotVietCaller(http, str(server.make_url("/kiotviet")))
        token = (await kiot.token())["access_token"]
        for kind in sorted(TYPES):
            hook = {"Type": kind, "Url": receiver.url, "IsActive": True}
            await kiot.call("POST", "/webhooks", token, json={"Webhook": hook})
        for one in SHOP_CALLS:
            await kiot.call(one.method, one.path, token, **one.options())
        stock = (await kiot.get("/products?includeInventory=true", token))["data"][0]["inventories"]
        happening = {"retailer": SHOP.retailer, "type": "stock.update", "rows": stock}
        await kiot.json("POST", "/_sandbox/happen", json=happening)
        await wait_until(lambda: len(receiver.came) >= 20)
    found = [(KIOTVIET.find_event(body["Notifications"][0]["Action"]), body) for body in _bodies(receiver)]
    kinds = {event.id for event, _ in found if event}
    assert kinds >= {"customer_update", "customer_delete", "order_update", "invoice_update", "stock_update"}
    assert [list_unaccounted(KIOTVIET, event, body) if event else body for event, body in found] == [[]] * len(found)


def _bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in receiver.came]


def test_what_is_forgotten_is_found() -> None:
    """The look itself finds a member, an item's member, another form, and passes what has its reason."""
    route = ZALO.routes["view_follower"]
    body = {"error": 0, "data": {"user_id": "1", "user_id_by_app": "2", "extra": 1, "avatars": {"480": "x"}}}
    assert list_unaccounted(ZALO, route, body) == ["data.extra", "data.avatars.480"]
    listed = {"error": 0, "data": {"users": [{"user_id": "1"}, {"user_id": "2", "name": "A"}], "total": {"a": 1}}}
    assert list_unaccounted(ZALO, ZALO.routes["list_followers"], listed) == ["data.users[].name", "data.total"]
    event = ZALO.events["template_received"]
    assert list_unaccounted(ZALO, event, {"recipient": {"id": PHONE}, "phone": PHONE}) == ["phone"]
