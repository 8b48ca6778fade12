"""The sample app and a person's own Zalo account: its own words, its own page, nothing of an Official Account."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.sandbox.gateway_stand_in import CONFIDENTIAL
from tests.platforms.sandbox.pos_fixtures import Pos, pos_config, serve_gateway, serve_pos
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller

NAME = "Trần Thị Ngọc Ánh (mẫu)"
ME: dict[str, object] = {"error": 0, "message": "Success", "id": "77", "name": NAME}
PICTURE = {"data": {"url": "https://anh.zalo-mau.example/240/7.jpg"}}


@pytest.fixture
async def pos(tmp_path: Path, zalo: ZaloCaller, clock: StillClock, entropy: CountedEntropy) -> AsyncIterator[Pos]:
    """Yield the sample app, whose first client asks people for their own account."""
    async with serve_gateway(zalo) as knobs:
        knobs.accounts, knobs.answer = ["77"], {**ME, "picture": PICTURE}
        config = pos_config(knobs, tmp_path)
        first, second = config.apps
        own = first.model_copy(update={"platform": "zalosocial", "dialect": None})
        config = config.model_copy(update={"apps": (own, second)})
        async with serve_pos(config, clock, entropy) as browser:
            yield Pos(config, knobs, browser)


async def test_it_shows_what_the_person_let_it_read(pos: Pos) -> None:
    """Name and picture's address, asked for at the platform of people with plain parameters."""
    home = await pos.browser.get("/")
    assert (home.text.count("Nối tài khoản Zalo của bạn"), home.text.count("Kết nối Zalo OA")) == (1, 1)
    back = await pos.connect()
    fresh = await pos.browser.get(back.headers["Location"])
    assert "Đã kết nối tài khoản Zalo 77." in fresh.text
    assert NAME in fresh.text
    page = await pos.browser.get(f"/me?app={CONFIDENTIAL}&account=77")
    assert page.status == 200
    for shown in (NAME, PICTURE["data"]["url"], 'data-me="77"'):
        assert shown in page.text
    assert "/followers" not in page.text
    targets = [call["target"] for call in pos.knobs.api_calls]
    assert targets[-1].startswith("/zalosocial/v2.0/me?fields=id")
    assert {target.partition("?")[0] for target in targets} == {"/zalosocial/v2.0/me"}


async def test_what_is_withheld_is_said(pos: Pos) -> None:
    """Without a name the page says why, and what it is good for all the same; a refusal reads as everywhere."""
    await pos.connect()
    pos.knobs.answer = {"error": 0, "message": "Success", "id": "77"}
    pos.knobs.answer_headers = {"Quyen-Withheld": '2; reasons="subject"'}
    page = await pos.browser.get("/me")
    assert "Cổng giữ lại 2 trường: người trong dữ liệu chưa đồng ý." in page.text
    pos.knobs.answer, pos.knobs.answer_status = {"code": "paused"}, 403
    assert "Chủ tài khoản đang tạm dừng việc này." in (await pos.browser.get("/me")).text


async def test_an_official_account_has_no_such_page(pos: Pos) -> None:
    """Nor one that nobody connected."""
    assert (await pos.browser.get("/me")).status == 404
    await pos.connect("qca_public")
    assert (await pos.browser.get("/me?app=qca_public")).status == 404
