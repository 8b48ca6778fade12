"""How often an app may call and be refused: bounds that honest work never meets, and that nobody else can use up."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.authority.limits import Limit
from gateway.doors.calls import pacing
from tests.platforms.zalo.stage import PROFILE, Stage, mint_token, zalo_stage

THREE = Limit(3, timedelta(seconds=30))
UNGRANTED = "/zalo/v2.0/oa/tag/gettagsofoa"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage on which the app holds every ask."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


async def test_refusals_of_one_authorization_are_traced_up_to_a_bound(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it a refused call is 429 and costs no durable write; what is granted still passes; time frees one."""
    monkeypatch.setattr(pacing, "REFUSALS", THREE)
    statuses = [(await stage.app.call(UNGRANTED)).status for _ in range(4)]
    assert statuses == [403, 403, 403, 429]
    limited = await stage.app.call(UNGRANTED)
    assert (limited.json["code"], limited.headers["Retry-After"]) == ("limited", "10")
    assert len(await stage.list_lines()) == 3
    assert (await stage.app.call(PROFILE)).status == 200
    in_dialect = await stage.app.call(UNGRANTED, headers={"access_token": stage.app.token})
    assert (in_dialect.json["error"], in_dialect.headers["Quyen-Error"]) == (-32, "limited")
    stage.scene.clock.advance(timedelta(seconds=10))
    assert [(await stage.app.call(UNGRANTED)).status for _ in range(2)] == [403, 429]
    assert len(await stage.list_lines()) == 5


async def test_a_token_that_is_over_fills_no_trace(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds an expired token may knock for ever: the trace grows by the bound, the app's calls not at all."""
    monkeypatch.setattr(pacing, "REFUSALS", THREE)
    monkeypatch.setattr(pacing, "CALLS", THREE)
    stage.scene.clock.advance(timedelta(days=1))
    assert [(await stage.app.call(PROFILE)).status for _ in range(5)] == [401, 401, 401, 429, 429]
    assert len(await stage.list_lines()) == 3
    fresh, _ = await mint_token(stage.scene)
    bearer = {"Authorization": f"Bearer {fresh}"}
    assert [(await stage.app.call(PROFILE, headers=bearer)).status for _ in range(3)] == [200] * 3


async def test_calls_of_one_app_are_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is 429 and reaches nobody; another app is not held up."""
    monkeypatch.setattr(pacing, "CALLS", THREE)
    assert [(await stage.app.call(PROFILE)).status for _ in range(4)] == [200, 200, 200, 429]
    assert len(await stage.arrived()) == 3
    token, _ = await mint_token(stage.scene, app=stage.scene.public_app)
    assert (await stage.app.call(PROFILE, headers={"Authorization": f"Bearer {token}"})).status == 200
    stage.scene.clock.advance(timedelta(seconds=10))
    assert (await stage.app.call(PROFILE)).status == 200


def test_the_bounds_are_those_that_are_stated() -> None:
    """`docs/errors.md` says them in numbers."""
    stated = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
    calls, refusals = pacing.CALLS, pacing.REFUSALS
    assert f"more than {calls.times:,} calls of one app" in " ".join(stated.split())
    assert f"more than {refusals.times} refused calls of one authorization" in " ".join(stated.split())
    assert (calls.times / calls.within.total_seconds(), refusals.times / refusals.within.total_seconds()) == (200, 1)
