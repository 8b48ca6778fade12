"""A consent that is brought in passes by its evidence alone, and never over a person's no: by bytes on the wire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.sandbox.zalo.seeds import BAKERY, PLACE_OF_MINOR
from tests.bringing import bring, row_of
from tests.followers import CHAT, NAME, PHONE, say_yes, take_back
from tests.platforms.zalo.stage import SEND, Reply, Stage, zalo_stage
from tests.security.test_proxy_people import KEPT, detail, message_to, with_asking

FIRST, SECOND, THIRD = BAKERY.followers[:3]


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage whose app asks each follower."""
    async with zalo_stage(tmp_path) as stage:
        yield await with_asking(stage)


async def look_at(stage: Stage, user_id: str) -> Reply:
    """Let the app look at one follower, a moment later."""
    stage.scene.clock.advance(1)
    return await stage.app.call(detail(user_id))


async def count_by_evidence(stage: Stage) -> list[int]:
    """Return what the trace says, newest first: how many were in each answer by a consent that was brought in."""
    return [line.ending.by_evidence for line in await stage.list_lines() if line.ending is not None]


async def test_evidence_opens_and_a_no_shuts(asking: Stage) -> None:
    """Masked before, open for what was brought in, masked in the next answer after its person took it back (R61)."""
    assert (await look_at(asking, FIRST.user_id)).json["data"].keys() == KEPT
    rows = [row_of(asking.scene, FIRST.user_id, NAME), row_of(asking.scene, FIRST.user_id, PHONE)]
    assert await bring(asking.scene, *rows) == ["granted", "granted"]
    during = (await look_at(asking, FIRST.user_id)).json["data"]
    assert during["shared_info"].keys() == {"name", "phone"}
    assert during["display_name"] == FIRST.display_name
    assert await count_by_evidence(asking) == [1, 0]
    decided = await say_yes(asking.scene, FIRST.user_id, [CHAT], to=[CHAT])
    await take_back(asking.scene, decided)
    assert (await look_at(asking, FIRST.user_id)).json["data"].keys() == KEPT
    assert await bring(asking.scene, *rows) == ["kept", "kept"]
    assert (await look_at(asking, FIRST.user_id)).json["data"].keys() == KEPT
    assert await count_by_evidence(asking) == [0, 0, 1, 0]


async def test_what_waits_for_its_evidence_opens_nothing(asking: Stage) -> None:
    """Neither data nor a message that rests on it; the header counts by declaration as for anybody (R71, I10)."""
    nobody = await look_at(asking, SECOND.user_id)
    rows = [row_of(asking.scene, SECOND.user_id, ask, evidence=None) for ask in (NAME, PHONE, CHAT)]
    assert await bring(asking.scene, *rows) == ["pending"] * 3
    waiting = await look_at(asking, SECOND.user_id)
    assert waiting.json["data"].keys() == KEPT
    assert waiting.headers["Quyen-Withheld"] == nobody.headers["Quyen-Withheld"]
    shown = [row_of(asking.scene, SECOND.user_id, NAME)]
    assert await bring(asking.scene, *shown) == ["granted"]
    assert (await look_at(asking, SECOND.user_id)).json["data"]["shared_info"].keys() == {"name"}


async def test_a_refusal_is_kept_and_so_is_a_minor_s_mask(asking: Stage) -> None:
    """Who said no stays masked, and gets no message; whom the platform says is under age passes on no evidence."""
    await say_yes(asking.scene, THIRD.user_id, [])
    assert await bring(asking.scene, row_of(asking.scene, THIRD.user_id, NAME)) == ["kept"]
    assert (await look_at(asking, THIRD.user_id)).json["data"].keys() == KEPT
    assert (await asking.app.call(SEND, "POST", json=message_to(THIRD.user_id))).code == "no_basis"
    minor = BAKERY.followers[PLACE_OF_MINOR]
    assert await bring(asking.scene, row_of(asking.scene, minor.user_id, NAME)) == ["granted"]
    assert "shared_info" not in (await look_at(asking, minor.user_id)).json["data"]


async def test_waiting_is_no_yes_beside_a_no(asking: Stage) -> None:
    """Whoever said no to one ask, while another waits for its evidence, gets no message: waiting is nobody's yes."""
    assert await bring(asking.scene, row_of(asking.scene, FIRST.user_id, PHONE, evidence=None)) == ["pending"]
    assert (await asking.app.call(SEND, "POST", json=message_to(FIRST.user_id))).status == 200
    await say_yes(asking.scene, FIRST.user_id, [], to=[NAME])
    assert (await asking.app.call(SEND, "POST", json=message_to(FIRST.user_id))).code == "no_basis"
