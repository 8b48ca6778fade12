"""KiotViet's webhooks end to end: asked for when an app may hear, believed by their signature, looked after."""

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.withdraw import withdraw
from gateway.authority.limits import Limit
from gateway.doors.events import hooks
from gateway.platforms import Distrust
from gateway.platforms.kiotviet.hooks import KiotVietHooks
from gateway.platforms.kiotviet.registrar import KiotVietRegistrar
from gateway.records.apps.tables import apps
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.hooks.tables import hook_points
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox.keys import event_key_of, read_secret
from gateway.records.outbox.tables import event_copies
from gateway.server.watching import CHECK_SECONDS, PAUSE_SECONDS, HookWatch
from scopes import load_catalogue
from tests.platforms.kiotviet.stage import Stage, kiotviet_stage
from tests.platforms.sandbox.kiotviet_caller import KEY
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import AppCaller, wait_until
from tests.stand_ins.clock import START
from tests.stand_ins.receiver import Receiver, receiving
from tests.telling import Teller, telling

SECRET, BODY = "a2lvdC1zZWNyZXQtMQ==", b'{"Id":"1","Attempt":1,"Notifications":[]}'
MAC = "3da660e5208240d8f4e161068dbb867e367c92b0c549d13a8f9aae9fd3f6c12b"
DECODED_MAC = "bf0d3758943fda9304b07adc703b69b82b6b3d11a45730058eed341210caa9b6"
CUSTOMERS = "kiotviet.customer.read", "kiotviet.customer.contact.read", "kiotviet.customer.write"


@dataclass(slots=True)
class Street:
    """The stage, the events' door, the watch over the shop's webhooks, and the app's server."""

    stage: Stage
    teller: Teller
    watch: HookWatch
    receiver: Receiver
    caller: AppCaller
    grant: Grant
    secret: str

    async def look(self) -> dict[str, str]:
        """Let the watch look; return the addresses that are registered at the platform and on, by type."""
        await self.watch.look(self.stage.scene.house)
        return {row["type"]: row["url"] for row in await self.registered() if row["isActive"]}

    async def registered(self) -> list[dict[str, Any]]:
        """Return what is registered at the platform."""
        headers = {"Authorization": f"Bearer {await self.token()}", "Retailer": KEY.retailer}
        rows: list[dict[str, Any]] = (await self.stage.kiot.json("GET", "/webhooks", headers=headers))["data"]
        return rows

    async def token(self) -> str:
        """Return a token of the shop's key, as its admin would get one."""
        form = {"scopes": "PublicApi.Access", "grant_type": "client_credentials"}
        form |= {"client_id": KEY.client_id, "client_secret": KEY.client_secret}
        return str((await self.stage.kiot.json("POST", "/connect/token", data=form))["access_token"])

    async def add_customer(self, name: str) -> None:
        """Let somebody add a customer in the shop, and wait until the platform told of it."""
        before = len(await self.told())
        headers = {"Authorization": f"Bearer {await self.token()}", "Retailer": KEY.retailer}
        body = {"name": name, "contactNumber": "84000000301", "IdentificationNumber": "001", "branchId": 1}
        await self.stage.kiot.json("POST", "/customers", headers=headers, json=body)
        await wait_until(lambda: self._has_told(before))

    async def _has_told(self, before: int) -> bool:
        return len(await self.told()) > before

    async def told(self) -> list[dict[str, Any]]:
        """Return what the platform told, and what came of it."""
        rows: list[dict[str, Any]] = await self.stage.kiot.json("GET", "/_sandbox/told")
        return rows

    async def events(self) -> list[dict[str, Any]]:
        """Bring what is due; return the events that the app got."""
        await self.teller.bring()
        bodies = [orjson.loads(each.body) for each in self.receiver.came]
        return [body["data"]["event"] for body in bodies if str(body.get("type")).startswith("kiotviet.")]


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """Yield a shop whose app may read customers with their phone numbers, and hears of nothing yet."""
    async with kiotviet_stage(tmp_path) as stage, receiving() as receiver:
        caller = await app_with(stage, *CUSTOMERS)
        house = stage.scene.house
        async with house.storage.read() as connection:
            (grant,) = await grants.list_of_accounts(connection, [stage.scene.account.id])
        async with telling(stage.scene, hooks={"kiotviet": KiotVietHooks()}, is_native=True) as teller:
            registrar = KiotVietRegistrar(stage.connector, stage.connector._http)
            parts = load_catalogue(), {"kiotviet": stage.connector}, {"kiotviet": registrar}
            watch = HookWatch(*parts, api_url=teller.url)
            yield Street(stage, teller, watch, receiver, caller, grant, "")


async def start(street: Street) -> None:
    """Let the app listen. The clock went a day ahead: the shop's token is over, and the first look renews it."""
    house, url = street.stage.scene.house, street.receiver.url
    street.secret = await set_endpoint(house, street.grant.app_id, url, Actor.system()) or ""
    assert await street.look() == {}
    street.stage.scene.clock.advance(2)


def test_the_facts_vectors() -> None:
    """By the secret's text, or by the bytes that it stands for; hexadecimal, Base64 and a prefix are one MAC."""
    text, decoded = KiotVietHooks(), KiotVietHooks(key_form="decoded")
    for given in (MAC, MAC.upper(), f"sha256={MAC}", b64encode(bytes.fromhex(MAC)).decode()):
        assert text.read({"x-hub-signature": given}, BODY, SECRET, now=START) == []
    assert decoded.read({"x-hub-signature": DECODED_MAC}, BODY, SECRET, now=START) == []
    for given in ("", DECODED_MAC, f"sha1={MAC}", MAC[:-1], "é"):
        with pytest.raises(Distrust, match="forged"):
            text.read({"x-hub-signature": given}, BODY, SECRET, now=START)
    old = KiotVietHooks("sha1")
    mac = hmac.digest(SECRET.encode(), BODY, "sha1").hex()
    assert old.read({"x-hub-signature": f"sha1={mac}"}, BODY, SECRET, now=START) == []


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'{"Id":"1"}',
        b'{"Notifications":[]}',
        b'{"Id":"1","Notifications":[1]}',
        b'{"Id":"1","Notifications":[{"Action":1}]}',
        b'{"Id":"1","Id":"2","Notifications":[]}',
    ],
)
def test_what_is_malformed_is_not_believed(body: bytes) -> None:
    """Signed, but not what KiotViet writes."""
    signed = KiotVietHooks().sign(body, (), app_id="", key=SECRET)
    with pytest.raises(Distrust, match="malformed"):
        KiotVietHooks().read({"x-hub-signature": signed.headers["X-Hub-Signature"]}, body, SECRET, now=START)


def test_notifications_are_taken_apart() -> None:
    """Each is an event of its own in the whole that it came in; a shop's number behind the type is none of its name."""
    body = (
        b'{"Id":7,"Attempt":1,"Notifications":[{"Action":"customer.update.500","Data":[]},{"Action":"order.update"}]}'
    )
    signed = KiotVietHooks().sign(body, (), app_id="", key=SECRET)
    heard = KiotVietHooks().read({"x-hub-signature": signed.headers["X-Hub-Signature"]}, body, SECRET, now=START)
    assert [each.name for each in heard] == ["customer.update", "order.update"]
    assert len({each.told_as for each in heard}) == 2
    assert orjson.loads(heard[1].body)["Notifications"] == [{"Action": "order.update"}]


async def test_the_platform_is_asked_for_what_some_app_may_hear(street: Street) -> None:
    """Nothing without a listening app; then one registration for each type, at one address; none once the ask ended."""
    assert await street.look() == {}
    street.stage.scene.clock.advance(CHECK_SECONDS + 1)
    assert await street.look() == {}
    await start(street)
    registered = await street.look()
    assert set(registered) == {"customer.update", "customer.delete"}
    (url,) = set(registered.values())
    assert url.startswith(f"{street.teller.url}/hooks/kiotviet/hk_")
    assert await street.look() == registered
    actor = Actor(ActorKind.PERSON, street.stage.scene.owner.id)
    await withdraw(street.stage.scene.house, street.grant.id, actor)
    assert await street.look() == {}
    async with street.stage.scene.house.storage.read() as connection:
        assert (await connection.execute(hook_points.select())).all() == []
    async with street.teller.http.post(url, data=b"{}") as answer:
        assert answer.status == 404


async def test_a_change_in_the_shop_reaches_the_app(street: Street) -> None:
    """By the members that its asks open; the national id never; told again, nothing comes twice."""
    await start(street)
    await street.look()
    await street.add_customer("Nguyễn Văn Thử (mẫu)")
    (event,) = await street.events()
    (row,) = event["Notifications"][0]["Data"]
    assert (row["Name"], row["ContactNumber"]) == ("Nguyễn Văn Thử (mẫu)", "84000000301")
    assert "IdentificationNumber" not in row
    assert "Debt" not in row
    (line,) = [each for each in await street.teller.list_lines() if each.line.route == "customer_update"]
    assert (line.line.platform, line.line.account_id) == ("kiotviet", street.stage.scene.account.id)


async def test_what_is_forged_is_dropped_without_a_word(street: Street) -> None:
    """200 each, since a no would switch the shop off; nothing is kept, and the platform is told so of none."""
    await start(street)
    (url,) = set((await street.look()).values())
    body = b'{"Id":"1","Attempt":1,"Notifications":[{"Action":"customer.update","Data":[{"Id":5,"Name":"X"}]}]}'
    forged = KiotVietHooks().sign(body, (), app_id="", key=SECRET).headers
    for content, headers in ((body, {}), (body, forged), (b"not json", forged), (b"x" * 300_000, {})):
        async with street.teller.http.post(url, data=content, headers=headers) as answer:
            assert answer.status == 200
    async with street.stage.scene.house.storage.read() as connection:
        assert (await connection.execute(event_copies.select())).all() == []


async def test_what_is_signed_and_large_is_heard_amid_forgeries(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a forger's address too, and at once: it got 200 and would never be told again."""
    monkeypatch.setattr(hooks, "DISTRUSTED", Limit(1, timedelta(minutes=1)))
    await start(street)
    (url,) = set((await street.look()).values())
    for _ in range(2):
        async with street.teller.http.post(url, data=b"{}") as answer:
            assert answer.status == 200
    await street.add_customer(f"Nguyễn Văn Thử (mẫu){' dài' * hooks.DISTRUSTED_BYTES}")
    async with street.stage.scene.house.storage.read() as connection:
        assert len((await connection.execute(event_copies.select())).all()) == 1


async def test_a_webhook_that_was_switched_off_is_noticed(street: Street) -> None:
    """The look after six hours finds it off, removes it and registers it anew; a stray one of ours goes too."""
    await start(street)
    before = await street.look()
    room_rows = await street.registered()
    async with street.teller.http.post(
        street.stage.kiot.base + "/webhooks",
        headers={"Authorization": f"Bearer {await street.token()}", "Retailer": KEY.retailer},
        json={"Webhook": {"Type": "order.update", "Url": next(iter(before.values())), "IsActive": True}},
    ) as answer:
        assert answer.status == 200
    await street.stage.kiot.json(
        "POST", "/_sandbox/switch_off", json={"retailer": KEY.retailer, "id": room_rows[0]["id"]}
    )
    assert len(await street.look()) == 2
    street.stage.scene.clock.advance(CHECK_SECONDS + 1)
    assert await street.look() == before
    assert {row["id"] for row in await street.registered()} != {row["id"] for row in room_rows}


async def test_a_dead_token_is_renewed_and_a_silent_platform_left_alone(street: Street) -> None:
    """The next look has a fresh token; one that gives no answer is asked again after a pause."""
    await start(street)
    await street.stage.kiot.json("POST", "/_sandbox/revoke", json={"retailer": KEY.retailer})
    assert await street.look() == {}
    street.stage.scene.clock.advance(2)
    assert len(await street.look()) == 2
    actor = Actor(ActorKind.PERSON, street.stage.scene.owner.id)
    await withdraw(street.stage.scene.house, street.grant.id, actor)
    await street.stage.kiot.switch(garbage="not_json")
    await street.watch.look(street.stage.scene.house)
    await street.stage.kiot.switch()
    assert len(await street.look()) == 1  # it did the first, and its answer could not be read
    street.stage.scene.clock.advance(PAUSE_SECONDS + 1)
    assert await street.look() == {}


async def test_an_app_of_the_dialect_gets_kiotviets_own_form(street: Street) -> None:
    """The body as KiotViet writes it, signed by HMAC under the app's own key, as the facts' default reads."""
    house = street.stage.scene.house
    async with house.storage.unit() as unit:
        await unit.connection.execute(apps.update().where(apps.c.id == street.grant.app_id).values(dialect="kiotviet"))
        await unit.commit()
    await start(street)
    await street.look()
    await street.add_customer("Trần Thị Thử (mẫu)")
    await street.teller.bring()
    (came,) = street.receiver.came
    key = event_key_of(read_secret(street.secret))
    assert came.headers["x-hub-signature"] == hmac.digest(key.encode(), came.body, "sha256").hex()
    told = orjson.loads(came.body)
    assert told["Notifications"][0]["Action"] == "customer.update"
    assert set(told) == {"Id", "Attempt", "Notifications"}
