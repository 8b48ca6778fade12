"""What nobody needs any more is forgotten in time, and what shows a replay, a refusal or an answer is not."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select

from gateway.acts import forget_requests as requests_forgotten
from gateway.acts import forget_tokens as tokens_forgotten
from gateway.acts.forget_devices import forget_devices
from gateway.acts.forget_requests import SEEN_KEPT, UNSEEN_KEPT, forget_requests
from gateway.acts.forget_tokens import KEPT, forget_tokens
from gateway.acts.open_request import AskedByDevice, open_for_device
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.withdraw import withdraw
from gateway.records.families.tables import access_tokens, codes, refresh_tokens
from gateway.records.requests.tables import authorization_requests
from gateway.records.requests.types import REQUEST_LASTS
from gateway.terms.refusal import Refusal
from tests.contract.asking import asked, shown
from tests.contract.steps import PROFILE, Agreed, agreed, owner, refreshed, verified
from tests.house import REDIRECT_URI, VERIFIER, Scene, agree

MOMENT = timedelta(seconds=1)


async def count(scene: Scene, table: Table) -> int:
    """Count the rows of a table."""
    async with scene.house.storage.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def kept_requests(scene: Scene) -> set[str]:
    """Name the requests that are there."""
    async with scene.house.storage.read() as connection:
        return {row.id for row in await connection.execute(select(authorization_requests.c.id))}


async def refusal_of(scene: Scene, raw_token: str) -> str:
    """Say why a refresh was refused."""
    with pytest.raises(Refusal) as caught:
        await refreshed(scene, raw_token)
    return caught.value.detail


async def test_requests_that_nobody_decided_are_forgotten(scene: Scene) -> None:
    """A day after they ran out where nobody saw them, a month where somebody did; what was decided stays."""
    await agree(scene)
    before = await kept_requests(scene)
    _, seen = await asked(scene), await shown(scene)
    scene.clock.advance(REQUEST_LASTS + UNSEEN_KEPT)
    assert await forget_requests(scene.house) == 0
    scene.clock.advance(MOMENT)
    assert await forget_requests(scene.house) == 1
    assert await kept_requests(scene) == before | {seen.id}
    scene.clock.advance(SEEN_KEPT)
    assert await forget_requests(scene.house) == 1
    assert await kept_requests(scene) == before


async def test_a_devices_request_waits_for_its_code(scene: Scene) -> None:
    """The code is forgotten first; a request that a code points at cannot go before it."""
    await open_for_device(scene.house, AskedByDevice(scene.app.id, (PROFILE,), "127.0.0.1"))
    scene.clock.advance(REQUEST_LASTS + UNSEEN_KEPT + MOMENT)
    assert await forget_requests(scene.house) == 0
    assert await forget_devices(scene.house) == 1
    assert await forget_requests(scene.house) == 1


async def test_some_at_a_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction takes more than a bounded number, so that nobody waits long for the database."""
    monkeypatch.setattr(requests_forgotten, "MOST_REQUESTS", 2)
    monkeypatch.setattr(tokens_forgotten, "MOST_TOKENS", 2)
    for _ in range(3):
        await asked(scene)
    raw_token = (await agreed(scene)).refresh_token
    for _ in range(2):
        raw_token = (await refreshed(scene, raw_token))["refresh_token"]
    scene.clock.advance(KEPT + timedelta(days=1))
    assert [await forget_requests(scene.house) for _ in range(3)] == [2, 1, 0]
    assert [await forget_tokens(scene.house) for _ in range(3)] == [2, 1, 0]


async def family_that_refreshed(scene: Scene) -> Agreed:
    """Let an app refresh twice, and let the tokens' time be over for long."""
    tokens = await agreed(scene)
    second = await refreshed(scene, tokens.refresh_token)
    third = await refreshed(scene, second["refresh_token"])
    scene.clock.advance(KEPT + timedelta(hours=1))
    return Agreed(tokens.grant_id, third["access_token"], tokens.refresh_token)


async def test_a_replay_shows_however_late_it_comes(scene: Scene) -> None:
    """Old access tokens go; a spent refresh token stays with its family, and its second use still ends that."""
    tokens = await family_that_refreshed(scene)
    assert await count(scene, access_tokens) == 3
    assert await forget_tokens(scene.house) == 3
    assert (await count(scene, access_tokens), await count(scene, refresh_tokens)) == (0, 3)
    assert "used before; its family is ended" in await refusal_of(scene, tokens.refresh_token)
    assert (await verified(scene.house)).bad == []


async def test_a_spent_code_shows_however_late_it_comes(scene: Scene) -> None:
    """Its row stays, also after every token of the family is gone."""
    decided = await agree(scene)
    redemption = Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI)
    await redeem(scene.house, redemption)
    scene.clock.advance(KEPT + timedelta(hours=1))
    await forget_tokens(scene.house)
    with pytest.raises(Refusal) as caught:
        await redeem(scene.house, redemption)
    assert "used before" in caught.value.detail


async def test_tokens_of_an_ended_family_are_forgotten(scene: Scene) -> None:
    """A week after its end nothing more can be learned from them; the grant's history and log are whole."""
    tokens = await family_that_refreshed(scene)
    await withdraw(scene.house, tokens.grant_id, owner(scene))
    await forget_tokens(scene.house)
    assert await count(scene, refresh_tokens) == 3
    before = await refusal_of(scene, tokens.refresh_token)
    scene.clock.advance(KEPT + MOMENT)
    assert await forget_tokens(scene.house) == 3
    assert (await count(scene, refresh_tokens), await count(scene, codes)) == (0, 1)
    assert await refusal_of(scene, tokens.refresh_token) == before
    assert (await verified(scene.house)).bad == []
