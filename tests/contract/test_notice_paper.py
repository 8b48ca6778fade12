"""`docs/notices.md` is run: what it tells developers to do verifies a notice that a gateway sent, and no other."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.acts.withdraw import withdraw
from gateway.doors.events.courier import Courier
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.records.outbox.types import Event
from tests.contract.letters import listen_at, public_keys
from tests.contract.steps import agreed, owner
from tests.house import Scene
from tests.stand_ins.receiver import receiving

PAPER = (Path(__file__).parents[2] / "docs/notices.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the paper's blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAPER, re.DOTALL)


async def test_the_papers_code_verifies_what_arrives(scene: Scene) -> None:
    """Both ways of checking take the notice, and refuse it with one byte changed; its form is the paper's."""
    names: dict[str, Any] = {}
    for code in blocks("python"):
        exec(code, names)  # noqa: S102 - the paper's own code is what is tested
    async with receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher:
        secret = await listen_at(scene, receiver.url)
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene))
        await Courier(scene.house, fetcher).bring_due()
    (came,) = receiver.came
    (public_key,) = await public_keys(scene)
    body = names["take"](came.body, came.headers, secret)
    names["check"](came.body, came.headers, public_key)
    changed = came.body.replace(b"withdrawn", b"continued")
    with pytest.raises(Exception, match="No matching signature"):
        names["take"](changed, came.headers, secret)
    with pytest.raises(ValueError, match="not signed"):
        names["check"](changed, came.headers, public_key)
    (example,) = [orjson.loads(block) for block in blocks("json")]
    assert example.keys() == body.keys()
    assert example["data"].keys() == body["data"].keys()
    assert example["data"]["asks"][1].keys() == body["data"]["asks"][0].keys()


def test_the_paper_names_every_event() -> None:
    """No type arrives that developers were not told of."""
    assert not [event for event in Event if event.value.rpartition(".")[2] not in PAPER]
