"""Asking a platform about many people: counted on its limit beside the calls of apps, and bounded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.acts.bring_in import Consent
from gateway.authority.budgets import Budget, Budgets
from gateway.doors.admin import of_age
from gateway.doors.admin.of_age import Desk, list_of_age
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.terms.refusal import Refusal, Unavailable
from scopes import load_catalogue
from tests.followers import NAME
from tests.house import Scene
from tests.stand_ins.followers import NOWHERE, GrownUps, open_nowhere

CATALOGUE = load_catalogue()
LIMIT = CATALOGUE.platforms["zalo"].budget
APP = "upstream-app"


@pytest.fixture
async def desk(scene: Scene) -> AsyncIterator[Desk]:
    """Yield a desk whose platform calls everybody but "3" of age."""
    async with open_nowhere() as http:
        connector = ZaloConnector(ZaloUpstream(NOWHERE, NOWHERE, APP, "x", NOWHERE), http, clock=scene.clock)
        yield Desk({"zalo": connector}, {"zalo": GrownUps(http, APP, minors={"3"})}, Budgets(scene.clock))


def consents(scene: Scene, *people: str) -> list[Consent]:
    """Return consents of some people to one ask."""
    now = scene.clock.now()
    ask = next(each for each in scene.asks if each.id == NAME)
    return [Consent(scene.account, each, ask, now.date(), now, "Phiếu 17 (mẫu)") for each in people]


async def test_each_person_is_asked_about_once_and_counted(scene: Scene, desk: Desk) -> None:
    """However many rows name them; what is used up is what the platform takes of all apps together."""
    found = await list_of_age(scene.house, desk, CATALOGUE, consents(scene, "1", "2", "2", "3"))
    account = scene.account.external_id
    assert found == {(account, "1"), (account, "2")}
    assert LIMIT is not None
    assert desk.budgets is not None
    limit = Budget(LIMIT.calls, LIMIT.seconds)
    alone = Budgets(scene.clock).take(f"zalo/{APP}", "giao-hang", limit)
    assert alone.left - desk.budgets.take(f"zalo/{APP}", "giao-hang", limit).left > 3


async def test_it_waits_where_the_share_is_used_up(scene: Scene, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps keep theirs; it goes on as soon as the window moved on."""
    assert LIMIT is not None
    assert desk.budgets is not None
    limit, waits = Budget(LIMIT.calls, LIMIT.seconds), list[float]()
    while desk.budgets.take(f"zalo/{APP}", "the gateway", limit).is_granted:
        pass

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        scene.clock.advance(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    assert len(await list_of_age(scene.house, desk, CATALOGUE, consents(scene, "1"))) == 1
    assert 0 < sum(waits) <= LIMIT.seconds * 2


async def test_who_takes_too_long_is_no_answer(scene: Scene, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line waits a little longer than this, and hears why."""
    monkeypatch.setattr(of_age, "ASKING_SECONDS", 0)
    with pytest.raises(Unavailable):
        await list_of_age(scene.house, desk, CATALOGUE, consents(scene, "1"))


async def test_a_shop_that_is_linked_by_another_app_is_not_asked(scene: Scene, desk: Desk) -> None:
    """Its ids are not those that people sign in by here: nobody's age is known."""
    async with open_nowhere() as http:
        other = replace(desk, followers={"zalo": GrownUps(http, "another-app")})
        with pytest.raises(Refusal, match="connection_lost"):
            await list_of_age(scene.house, other, CATALOGUE, consents(scene, "1"))
