"""How often an app may call and be refused: bounds that honest work never meets, and that nobody else can use up."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.authority.limits import Limit
from gateway.doors.calls import pacing
from scopes import Budget, Catalogue, load_catalogue
from tests.platforms.zalo.stage import MESSAGE, PROFILE, SEND, Stage, mint_token, zalo_stage

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


def shared(budget: Budget) -> Catalogue:
    """Return the catalogue with another limit of Zalo's."""
    known = load_catalogue()
    return replace(known, platforms={**known.platforms, "zalo": replace(known.platforms["zalo"], budget=budget)})


async def test_a_platforms_limit_is_shared_among_the_apps(tmp_path: Path) -> None:
    """Who has used up a share is told so before the platform sees it, in its dialect; the other app goes on."""
    catalogue = shared(Budget(calls=16, seconds=60, per="upstream_app"))
    async with zalo_stage(tmp_path, catalogue=catalogue) as stage:
        first = await stage.app.call(PROFILE)
        assert first.headers["RateLimit-Policy"] == '"zalo";q=16;w=60'
        assert first.headers["RateLimit"] == '"zalo";r=13;t=61'
        assert [(await stage.app.call(PROFILE)).status for _ in range(14)] == [200] * 13 + [429]
        limited = await stage.app.call(PROFILE)
        assert (limited.json["code"], limited.headers["Retry-After"]) == ("limited", "61")
        assert limited.headers["RateLimit"] == '"zalo";r=0;t=61'
        in_dialect = await stage.app.call(PROFILE, headers={"access_token": stage.app.token})
        assert (in_dialect.status, in_dialect.json["error"]) == (200, -32)
        assert in_dialect.headers["RateLimit"] == '"zalo";r=0;t=61'
        assert len(await stage.arrived()) == 14
        token, _ = await mint_token(stage.scene, app=stage.scene.public_app)
        other = await stage.app.call(PROFILE, headers={"Authorization": f"Bearer {token}"})
        assert (other.status, other.headers["RateLimit"]) == (200, '"zalo";r=1;t=61')
        stage.scene.clock.advance(timedelta(seconds=61))
        assert (await stage.app.call(PROFILE)).status == 200


async def test_a_refused_call_uses_up_nothing_of_a_platforms_limit(tmp_path: Path) -> None:
    """What the app may not do never reaches the platform, and a limit on reading is none on writing."""
    catalogue = shared(Budget(calls=2, seconds=60, per="account", methods=("GET",)))
    async with zalo_stage(tmp_path, catalogue=catalogue) as stage:
        assert [(await stage.app.call(UNGRANTED)).status for _ in range(4)] == [403] * 4
        assert [(await stage.app.call(PROFILE)).status for _ in range(3)] == [200, 200, 429]
        sent = await stage.app.call(SEND, method="POST", json=MESSAGE)
        assert (sent.status, "RateLimit" in sent.headers) == (200, False)


def test_the_bounds_are_those_that_are_stated() -> None:
    """`docs/errors.md` says them in numbers."""
    stated = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
    calls, refusals = pacing.CALLS, pacing.REFUSALS
    assert f"more than {calls.times:,} calls of one app" in " ".join(stated.split())
    assert f"more than {refusals.times} refused calls of one authorization" in " ".join(stated.split())
    assert (calls.times / calls.within.total_seconds(), refusals.times / refusals.within.total_seconds()) == (200, 1)
