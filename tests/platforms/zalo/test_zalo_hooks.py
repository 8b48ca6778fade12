"""From a follower of the stand-in to the app's server: the whole way of an event, by each quirk of the facts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestServer

from gateway.authority.bases import Asked
from gateway.platforms.zalo.hooks import ZaloHooks
from gateway.platforms.zalo.revocations import MiniApp
from gateway.sandbox.zalo.app import ROOM, build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.terms.clock import SystemClock
from tests.house import agree, link_account
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, ZaloCaller
from tests.platforms.zalo.stage import wait_until
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.receiver import Receiver, receiving
from tests.telling import KEY, Teller, listen, telling

FOLLOWER = BAKERY.followers[0]
MINI_APP, MINI_KEY = "1646200000000000038", "khoa-mini-app"


@dataclass(frozen=True, slots=True)
class Street:
    """The stand-in with its caller, the gateway's door, the app's server."""

    zalo: ZaloCaller
    room: Room
    teller: Teller
    receiver: Receiver

    async def do(self, what: str, **doing: Any) -> None:
        """Let the first follower of the bakery do something, and wait until Zalo is done telling it."""
        before = len(self.room.teller.told)
        body = {"oa_id": BAKERY_ID, "user_id": FOLLOWER.user_id, **doing}
        status, _, answer = await self.zalo.raw("POST", f"/_sandbox/{what}", json=body)
        assert status == 200, answer
        await wait_until(lambda: len(self.room.teller.told) > before)

    async def said(self) -> list[dict[str, Any]]:
        """Return what the app got by now."""
        await self.teller.bring()
        return [orjson.loads(each.body)["data"]["event"] for each in self.receiver.came]


@asynccontextmanager
async def street_in(folder: Path, **options: Any) -> AsyncIterator[Street]:
    """Set the way up; the bakery is linked and its owner agreed to everything."""
    async with (
        scene_in(folder, ManualClock()) as ready,
        receiving() as receiver,
        aiohttp.ClientSession() as http,
    ):
        account = await link_account(ready.house, ready.owner.id, external_id=BAKERY_ID)
        scene = replace(ready, account=account)
        async with telling(scene, app_id=APP_ID, **options) as teller:
            config = ZaloSandboxConfig(
                app_id=APP_ID,
                app_secret=APP_SECRET,
                callback_urls=(CALLBACK,),
                webhook_url=f"{teller.url}/hooks/zalo/{APP_ID}",
                oa_secret_key=KEY,
                mini_app_id=MINI_APP,
                mini_app_key=MINI_KEY,
            )
            app = build_zalo_sandbox(config, SystemClock(), SeededEntropy("zalo"))
            async with TestServer(app) as sandbox:
                zalo = ZaloCaller(http, str(sandbox.make_url("/zalo")))
                await listen(scene, receiver.url)
                await agree(scene)
                yield Street(zalo, app[ROOM], teller, receiver)


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """Yield the way, with the bakery linked at Zalo too."""
    async with street_in(tmp_path) as street:
        await street.zalo.link(BAKERY_ID)
        yield street


async def test_what_followers_do_reaches_the_app(street: Street) -> None:
    """A message, one that the app itself sent, a follow, a leave and a form, each by what the asks open."""
    await street.do("incoming", text="Tiệm còn bánh không?")
    await street.do("follow")
    await street.do("follow", follows=False)
    await street.do("submit_info")
    token = (await street.zalo.link(BAKERY_ID))["access_token"]
    assert (await street.zalo.send(token, FOLLOWER.user_id, "Dạ còn ạ"))["error"] == 0
    await wait_until(lambda: len(street.room.teller.told) == 5)
    message, follow, leave, info, echo = await street.said()
    assert (message["event_name"], message["message"]["text"]) == ("user_send_text", "Tiệm còn bánh không?")
    assert [each["event_name"] for each in (follow, leave)] == ["follow", "unfollow"]
    assert follow["follower"] == {"id": FOLLOWER.user_id}
    assert info["info"] == {"name": FOLLOWER.display_name, "phone": str(FOLLOWER.contact.phone)}  # type: ignore[union-attr]
    assert (echo["event_name"], echo["sender"]["id"]) == ("oa_send_text", BAKERY_ID)
    assert b"user_id_by_app" not in b"".join(each.body for each in street.receiver.came)
    assert {each["status"] for each in street.room.teller.told} == {200}


async def test_an_oa_that_is_not_linked_tells_nothing(tmp_path: Path) -> None:
    """Without a token of the app nothing is told, and a follower whom nobody knows does nothing."""
    async with street_in(tmp_path) as street:
        body = {"oa_id": BAKERY_ID, "user_id": FOLLOWER.user_id, "text": "Chào"}
        assert (await street.zalo.raw("POST", "/_sandbox/incoming", json=body))[0] == 200
        nobody = {"oa_id": BAKERY_ID, "user_id": "1"}
        for path in ("follow", "submit_info"):
            assert (await street.zalo.raw("POST", f"/_sandbox/{path}", json=nobody))[0] == 404
        assert (await street.zalo.json("GET", "/_sandbox/told")) == {"is_on": True, "told": []}


async def test_a_follower_takes_their_consent_back(tmp_path: Path) -> None:
    """At the OA by an event of its form, in the Mini App by another: both are believed, and end what stands (R81)."""
    hooks = {"zalo": ZaloHooks(APP_ID, mini_app=MiniApp(MINI_APP, MINI_KEY))}
    async with street_in(tmp_path, hooks=hooks) as street:
        await street.zalo.link(BAKERY_ID)
        await street.do("withdraw")
        await street.do("withdraw", in_mini_app=True)
        assert [each["status"] for each in street.room.teller.told] == [200, 200]
        assert [each.get("event_name", each.get("event")) for each in street.room.teller.told] == [
            "user_withdraw",
            "user.revoke.consent",
        ]
        scene = street.teller.scene
        asked = Asked(scene.app.id, "zalo", BAKERY_ID, frozenset({FOLLOWER.user_id}))
        assert set((await scene.house.words.find(asked)).refused) == {"crm_name", "crm_phone", "chat_read"}
        nobody = {"oa_id": BAKERY_ID, "user_id": "1"}
        assert (await street.zalo.raw("POST", "/_sandbox/withdraw", json=nobody))[0] == 404
        street.room.teller.is_on = False
        theirs = {**nobody, "user_id": FOLLOWER.user_id, "in_mini_app": True}
        assert (await street.zalo.json("POST", "/_sandbox/withdraw", json=theirs)) == {"told": False}


@pytest.mark.parametrize("first_term", ["app_id", "oa_id"])
async def test_both_readings_of_the_facts_are_spoken(tmp_path: Path, first_term: Any) -> None:
    """With and without the prefix, with either first term, as the setting says; the other term is forged."""
    async with street_in(tmp_path, first_term=first_term) as street:
        await street.zalo.link(BAKERY_ID)
        other = {"app_id": "oa_id", "oa_id": "app_id"}[first_term]
        for switches in ({"hook_prefix": False}, {"hook_prefix": True}, {"hook_first_term": other}):
            await street.zalo.switch(**{"hook_first_term": first_term, **switches})
            await street.do("incoming", text="Chào tiệm")
        assert [each["status"] for each in street.room.teller.told] == [200, 200, 401]
        assert len(await street.said()) == 2


async def test_zalo_tells_again_while_nobody_is_there(street: Street) -> None:
    """While no connection can be opened it is told again with `num_retry`; after the last, no more is told at all."""
    await street.zalo.switch(hook_retry_seconds=[0, 0])
    url = street.room.config.webhook_url
    away = replace_url(street.room, "http://127.0.0.1:9/")
    try:
        await street.zalo.raw(
            "POST", "/_sandbox/incoming", json={"oa_id": BAKERY_ID, "user_id": FOLLOWER.user_id, "text": "1"}
        )
        await wait_until(lambda: not street.room.teller.is_on)
    finally:
        replace_url(street.room, url)
    assert away == url
    assert [each["status"] for each in street.room.teller.told] == [None] * 3
    assert await street.said() == []


def replace_url(room: Room, url: str | None) -> str | None:
    """Enter another address on the console's Webhook page; return the one before."""
    before = room.config.webhook_url
    room.teller._config = room.config.model_copy(update={"webhook_url": url})
    return before
