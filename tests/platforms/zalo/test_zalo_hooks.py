"""From a follower of the stand-in to the app's server: the whole way of an event, by each quirk of the facts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestServer

from gateway.acts.link import finish_link, start_link
from gateway.acts.upstream_apps import Brought, bring_upstream
from gateway.authority.bases import Asked
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.platforms.zalo.hooks import ZaloHooks
from gateway.platforms.zalo.revocations import MiniApp
from gateway.records.apps import upstreams
from gateway.records.ledger.types import Actor
from gateway.sandbox.zalo.app import ROOM, build_zalo_sandbox
from gateway.sandbox.zalo.config import OtherApp, ZaloSandboxConfig
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.terms.clock import SystemClock
from tests.house import agree, link_account
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, OTHERS, ZaloCaller
from tests.platforms.zalo.stage import wait_until
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.receiver import Receiver, receiving
from tests.telling import KEY, Teller, listen, telling

FOLLOWER = BAKERY.followers[0]
ISV_KEY = "khoa-rieng-cua-isv"
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
                others=(isv_told_at(f"{teller.url}/hooks/zalo/{OTHERS[0].app_id}"),),
                mini_app_id=MINI_APP,
                mini_app_key=MINI_KEY,
            )
            app = build_zalo_sandbox(config, SystemClock(), SeededEntropy("zalo"))
            async with TestServer(app) as sandbox:
                zalo = ZaloCaller(http, str(sandbox.make_url("/zalo")))
                await listen(scene, receiver.url)
                await agree(scene)
                yield Street(zalo, app[ROOM], teller, receiver)


def isv_told_at(url: str) -> OtherApp:
    """Return an ISV's app at Zalo, told at this address under a key of its own."""
    return OTHERS[0].model_copy(update={"webhook_url": url, "oa_secret_key": ISV_KEY})


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
        replace_url(street.room, None)
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


async def test_an_isvs_app_is_told_under_its_own_key(street: Street) -> None:
    """Zalo tells both apps that the OA is linked with, each with its id and key and another id of the same person."""
    scene, zalo, isv = street.teller.scene, street.zalo, OTHERS[0]
    await bring_upstream(
        scene.house, Brought(scene.app.id, "zalo", isv.app_id, isv.app_secret, ISV_KEY), Actor.command_line()
    )
    upstream = ZaloUpstream(
        base_url=zalo.base, oauth_url=zalo.base, app_id=APP_ID, app_secret=APP_SECRET, callback_url=CALLBACK
    )
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        connector = ZaloConnector(upstream, http, clock=scene.clock)
        async with scene.house.storage.read() as connection:
            brought = await upstreams.find_of(connection, scene.app.id, "zalo")
        journey = await start_link(scene.house, connector, scene.owner.id, return_to="/x", upstream=brought)
        asked = dict(parse_qsl(urlsplit(journey.url).query))
        back = await zalo.consent(BAKERY_ID, **asked)
        await finish_link(scene.house, connector, scene.owner.id, raw_state=back["state"], raw_code=back["code"])
    await street.do("incoming", text="Tiệm còn bánh không?")
    await wait_until(lambda: len(street.room.teller.told) == 2)
    told = {each["app_id"]: each for each in street.room.teller.told}
    assert {app_id: each["status"] for app_id, each in told.items()} == {APP_ID: 200, isv.app_id: 200}
    assert told[APP_ID]["user_id_by_app"] == FOLLOWER.id_by_app
    assert told[isv.app_id]["user_id_by_app"] == FOLLOWER.id_to(isv.app_id) != FOLLOWER.id_by_app
    assert [each["message"]["text"] for each in await street.said()] == ["Tiệm còn bánh không?"]


def replace_url(room: Room, url: str | None) -> str | None:
    """Enter another address on the console's Webhook page; return the one before."""
    before = room.config.webhook_url
    room.teller._config = room.config.model_copy(update={"webhook_url": url})
    return before
