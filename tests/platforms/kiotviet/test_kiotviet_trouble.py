"""When KiotViet says no: the hour's limit before it and from it, dead tokens, withdrawn keys, its own errors."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.records.accounts import store as accounts
from scopes import Budget, Catalogue, load_catalogue
from tests.platforms.kiotviet.endpoints import CUSTOMER
from tests.platforms.kiotviet.stage import Stage, kiotviet_stage
from tests.platforms.sandbox.kiotviet_caller import KEY
from tests.platforms.zalo.apps import app_with

SHOP, CUSTOMERS = "/kiotviet/branches", "/kiotviet/customers"


@pytest.fixture
async def stage(shared: Stage) -> AsyncIterator[Stage]:
    """Yield the shared stage, and turn every switch off afterwards."""
    yield shared
    await shared.kiot.switch()


def with_budget(budget: Budget) -> Catalogue:
    """Return the catalogue with another limit of KiotViet's."""
    known = load_catalogue()
    kiotviet = replace(known.platforms["kiotviet"], budget=budget)
    return replace(known, platforms={**known.platforms, "kiotviet": kiotviet})


def test_the_documented_limit_is_the_catalogues() -> None:
    """5,000 GETs in an hour, for each shop."""
    budget = load_catalogue().platforms["kiotviet"].budget
    assert budget == Budget(calls=5000, seconds=3600, per="account", methods=("GET",))


async def test_the_limit_is_told_before_kiotviet_would(tmp_path: Path) -> None:
    """Apps share the shop's GETs; who used up a share hears it here, and writes go on."""
    small = with_budget(Budget(calls=8, seconds=3600, per="account", methods=("GET",)))
    async with kiotviet_stage(tmp_path, catalogue=small) as stage:
        app = await app_with(stage, "kiotviet.shop.read", "kiotviet.customer.write")
        other = await app_with(stage, "kiotviet.shop.read")
        before = len(await stage.arrived())
        statuses = [(await app.call(SHOP)).status for _ in range(8)]
        assert statuses == [200] * 7 + [429]
        limited = await app.call(SHOP)
        assert (limited.code, limited.headers["RateLimit-Policy"]) == ("limited", '"kiotviet";q=8;w=3600')
        assert int(limited.headers["Retry-After"]) > 0
        written = await app.call(CUSTOMERS, "POST", json={"name": "Khách (mẫu)"})
        assert (written.status, "RateLimit" in written.headers) == (200, False)
        assert (await other.call(SHOP)).status == 200  # an eighth is kept for whom has not called
        assert len(await stage.arrived()) - before == 9


async def test_kiotviets_own_limit_passes(stage: Stage) -> None:
    """Where KiotViet counts otherwise, its 429 reaches the app in its words; one that is no JSON is no answer.

    What the gateway counted is then no promise of what is left.
    """
    app = await app_with(stage, "kiotviet.shop.read")
    assert "RateLimit" in (await app.call(SHOP)).headers
    await stage.kiot.switch(get_limit_per_hour=1)
    replies = [await app.call(SHOP) for _ in range(2)]
    assert replies[-1].status == 429
    assert replies[-1].json["responseStatus"]["errorCode"] == "RateLimited"
    await stage.kiot.switch(get_limit_per_hour=1, error_body="empty")
    malformed = await app.call(SHOP)
    assert malformed.code == "upstream_malformed"
    assert "RateLimit" not in {*replies[-1].headers, *malformed.headers}


@pytest.mark.parametrize("status", [400, 420])
async def test_kiotviets_validation_passes(stage: Stage, status: int) -> None:
    """420 is no HTTP that a library knows, and what the call sent is at fault, so the app hears it."""
    app = await app_with(stage, "kiotviet.customer.write")
    await stage.kiot.switch(validation_status=status)
    reply = await app.call(CUSTOMERS, "POST", json={"name": "Trùng (mẫu)", "code": "KH000001"})
    assert reply.status == status
    assert reply.json == {"responseStatus": {"errorCode": "KvValidateException", "message": "Mã KH000001 đã tồn tại"}}


async def test_a_dead_token_is_renewed_once(stage: Stage) -> None:
    """The call that found it dead goes out again with the next token; a write is done once."""
    app = await app_with(stage, "kiotviet.shop.read", "kiotviet.customer.write")
    await stage.kiot.json("POST", "/_sandbox/revoke", json={"retailer": KEY.retailer})
    before = len(await stage.kiot.received())
    assert (await app.call(SHOP)).status == 200
    targets = [one["target"] for one in (await stage.kiot.received())[before:]]
    assert targets == ["/branches", "/connect/token", "/branches"]
    await stage.kiot.json("POST", "/_sandbox/revoke", json={"retailer": KEY.retailer})
    assert (await app.call(CUSTOMERS, "POST", json={"name": "Một lần (mẫu)", "code": "ML1"})).status == 200
    token = (await stage.kiot.token())["access_token"]
    assert (await stage.kiot.get("/customers?code=ML1", token))["total"] == 1


async def test_a_token_that_is_refused_fresh_is_not_tried_again(stage: Stage) -> None:
    """One renewal for a call; the app hears that the connection is in trouble, never KiotViet's 401."""
    app = await app_with(stage, "kiotviet.shop.read")
    await stage.kiot.switch(tokens_dead=True)
    before = len(await stage.kiot.received())
    reply = await app.call(SHOP)
    assert (reply.status, reply.code) == (502, "connection_lost")
    targets = [one["target"] for one in (await stage.kiot.received())[before:]]
    assert targets == ["/branches", "/connect/token", "/branches"]
    stage.scene.clock.advance(timedelta(minutes=1))
    await stage.kiot.switch()
    assert (await app.call(SHOP)).status == 200


async def test_a_silent_token_host_loses_nothing(stage: Stage) -> None:
    """Without an answer the key may be good: the call fails, and the next one is tried."""
    app = await app_with(stage, "kiotviet.shop.read")
    await stage.kiot.json("POST", "/_sandbox/revoke", json={"retailer": KEY.retailer})
    await stage.kiot.switch(server_error=True, paths=["/connect/token"])
    assert (await app.call(SHOP)).code == "upstream_failed"
    await stage.kiot.switch()
    assert (await app.call(SHOP)).status == 200


async def test_a_key_that_the_shop_withdrew_ends_the_connection(tmp_path: Path) -> None:
    """Refused a token, the connection is marked lost, and nothing reaches KiotViet any more."""
    async with kiotviet_stage(tmp_path) as stage:
        app = await app_with(stage, "kiotviet.customer.read")
        await stage.kiot.json("POST", "/_sandbox/revoke", json={"retailer": KEY.retailer})
        await stage.kiot.switch(keys_dead=True)
        target = f"{CUSTOMERS}/{CUSTOMER}"
        assert (await app.call(target)).code == "connection_lost"
        async with stage.scene.house.storage.read() as connection:
            link = await accounts.find_connection(connection, stage.scene.account.id)
        assert link is not None
        assert (link.state.value, link.lost_reason) == ("lost", "credential_refused")
        before = len(await stage.kiot.received())
        assert (await app.call(target)).code == "connection_lost"
        assert len(await stage.kiot.received()) == before
