"""The page of switches: it tells every switch and every path that there is, and its examples work as they stand."""

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.sandbox.__main__ import build
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.kiotviet.control import OWN as KIOTVIET_PATHS
from gateway.sandbox.kiotviet.switches import Switches as KiotVietSwitches
from gateway.sandbox.zalo.control import OWN as ZALO_PATHS
from gateway.sandbox.zalo.switches import Switches as ZaloSwitches
from tests.platforms.sandbox.kiotviet_caller import kiotviet_config
from tests.platforms.sandbox.zalo_caller import zalo_config

EXAMPLE = re.compile(r"curl -H 'Content-Type: application/json' -d '([^']+)' ([^<\s]+)")


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[str]:
    """Serve both stand-ins as the demo does; yield where."""
    parts: dict[str, Any] = {"zalo": zalo_config(tmp_path / "zalo.json"), "kiotviet": kiotviet_config()}
    app, _ = build(SandboxConfig(listen="127.0.0.1:0", **parts))
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_the_page_tells_all_that_there_is(base: str, http: aiohttp.ClientSession) -> None:
    """A new switch stands there with its meaning, and so does a new path; none is told that is not."""
    async with http.get(f"{base}/switches") as reply:
        page = html.unescape(await reply.text())
    names = re.findall(r"<dt><code>(\w+)</code>.*?<dd lang=\"en\">(.+?)</dd>", page)
    assert [name for name, _ in names] == [*ZaloSwitches.model_fields, *KiotVietSwitches.model_fields]
    assert all(meaning for _, meaning in names)
    for prefix, own in (("/zalo", ZALO_PATHS), ("/kiotviet", KIOTVIET_PATHS)):
        assert {path for _, path in own} <= {
            each.removeprefix(prefix) for each in re.findall(r"</b> <code>(\S+)</code>", page)
        }


async def test_its_examples_work_as_they_stand(base: str, http: aiohttp.ClientSession) -> None:
    """Copied from the page they are taken, and what was switched is told as it stands now."""
    async with http.get(f"{base}/switches") as reply:
        examples = EXAMPLE.findall(html.unescape(await reply.text()))
    assert len(examples) == 3
    for body, url in examples:
        async with http.post(url, data=body.encode(), headers={"Content-Type": "application/json"}) as reply:
            assert (reply.status, "error" in json.loads(await reply.read())) == (200, False)
    async with http.get(f"{base}/switches") as reply:
        page = html.unescape(await reply.text())
    assert "<code>slow_seconds</code> <b>2.0</b> (như thật: 0" in page
    assert "<code>orders_off</code> <b>true</b> (như thật: false)" in page


async def test_what_a_switch_takes_stands_beside_it(base: str, http: aiohttp.ClientSession) -> None:
    """The values themselves where they are numbered, codes of the table too; else kind and bounds."""
    async with http.get(f"{base}/switches") as reply:
        page = html.unescape(await reply.text())
    takes = dict(re.findall(r"<dt><code>(\w+)</code>.*?<dd>Nhận: <code>(.+?)</code></dd>", page))
    assert set(takes) == {*ZaloSwitches.model_fields, *KiotVietSwitches.model_fields}
    assert takes["garbage"] == '"not_json", "truncated", "not_utf8", "duplicate_keys", "deep", "huge", null'
    assert takes["over_page"] == '"clamp", "refuse"'
    assert {"-219", "404", "null"} <= set(takes["refuse"].split(", "))
    assert (takes["tokens_dead"], takes["times"]) == ("true, false", "số nguyên từ 1, null")
    assert (takes["slow_seconds"], takes["hook_retry_seconds"]) == ("số từ 0 đến 120", "danh sách số")


async def test_a_wrong_value_is_told_by_its_place(base: str, http: aiohttp.ClientSession) -> None:
    """What the switch takes, and nothing of the library that read it."""
    wrong = {"garbage": "x", "refuse": 1}
    async with http.post(f"{base}/zalo/_sandbox/switches", json=wrong) as reply:
        error = json.loads(await reply.read())["error"]
    assert reply.status == 422
    assert error.startswith("garbage: Input should be 'not_json', 'truncated'")
    assert error.endswith("; refuse: Value error, 1 is not in the platform's table")
    assert "pydantic" not in error
