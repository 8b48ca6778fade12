"""The sample app's calls: tables, sending, both headers, refreshing, refusals, silence."""

import json
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from gateway.sandbox.sample_app.connections import Connection, ConnectionStore
from gateway.sandbox.zalo.seeds import BAKERY
from tests.platforms.sandbox.gateway_stand_in import ACCOUNT, CONFIDENTIAL, PUBLIC
from tests.platforms.sandbox.pos_fixtures import Pos, move, open_all, serve_pos
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller

FIRST = BAKERY.followers[0]


async def test_followers_table(pos: Pos) -> None:
    """Twelve rows with the phones and addresses that came, an empty cell where none came or Zalo says 0."""
    await pos.connect()
    page = await pos.browser.get("/followers")
    table = page.rows()
    assert page.status == 200
    assert list(table) == [follower.user_id for follower in BAKERY.followers]
    assert sum(bool(row["phone"]) for row in table.values()) == 6
    assert sum(bool(row["address"]) for row in table.values()) == 4
    assert table[FIRST.user_id]["phone"] == "84000000101"
    assert table[FIRST.user_id]["address"] == "12 ngõ Hoa Mẫu, Quận Ba Đình, Hà Nội"
    assert table[BAKERY.followers[6].user_id]["phone"] == ""
    raw = page.result_json()
    assert raw["getlist"]["data"]["total"] == 12
    assert len(raw["detail"]) == 12
    assert "Cổng giữ lại 2 trường: mục chưa được cấp và người trong dữ liệu chưa đồng ý." in page.text


async def test_the_tags_of_the_oa_stand_where_they_were_agreed_to(pos: Pos) -> None:
    """The app reads the list of tags with `zalo.tag.read`, and does not call for it without."""
    pos.knobs.scope = "zalo.follower.name.read"
    await pos.connect()
    without = await pos.browser.get("/followers")
    assert 'id="tags"' not in without.text
    assert not any("gettagsofoa" in call["target"] for call in pos.knobs.api_calls)
    pos.knobs.scope = "zalo.follower.name.read zalo.tag.read"
    await pos.connect()
    assert "Nhãn của OA: Khách quen" in (await pos.browser.get("/followers")).text


@pytest.mark.parametrize("form", ["string", "number", "absent"])
async def test_phone_forms(pos: Pos, zalo: ZaloCaller, form: str) -> None:
    """A phone as text, as number or absent is read alike."""
    await pos.connect()
    await zalo.switch(phone=form)
    table = (await pos.browser.get("/followers")).rows()
    assert table[FIRST.user_id]["phone"] == ("" if form == "absent" else "84000000101")
    assert table[BAKERY.followers[11].user_id]["phone"] == ""


@pytest.mark.parametrize(
    "client_id, used, unused", [(CONFIDENTIAL, "access_token", "bearer"), (PUBLIC, "bearer", "access_token")]
)
async def test_each_client_speaks_its_dialect(pos: Pos, client_id: str, used: str, unused: str) -> None:
    """A client of Zalo's dialect sends Zalo's header, another one a Bearer; never both."""
    await pos.connect(client_id)
    assert (await pos.browser.get(f"/chat?app={client_id}")).status == 200
    (call,) = pos.knobs.api_calls
    assert (call[used], call[unused]) == ("qat_1", "")


async def test_chat_and_send(pos: Pos, zalo: ZaloCaller) -> None:
    """A sent message comes back in the chat, and Zalo has it."""
    await pos.connect()
    before = await pos.browser.get("/chat")
    assert len(before.result_json()["data"]) == 10
    assert f'<option value="{FIRST.user_id}">' not in before.text
    sent = await pos.browser.post("/send", {"user_id": FIRST.user_id, "text": "Bánh xong rồi <b>ạ</b>"})
    assert (sent.status, sent.result_json()["error"]) == (200, 0)
    chat = await pos.browser.get("/chat")
    assert "Bánh xong rồi &lt;b&gt;ạ&lt;/b&gt;" in chat.text
    assert "<b>ạ" not in chat.text
    body = json.loads((await zalo.received())[-2]["body"])
    assert body == {"recipient": {"user_id": FIRST.user_id}, "message": {"text": "Bánh xong rồi <b>ạ</b>"}}


async def test_sending_to_one_who_does_not_follow(pos: Pos) -> None:
    """Zalo's own refusal is shown raw and in plain words."""
    await pos.connect()
    page = await pos.browser.post("/send", {"user_id": "1", "text": "a"})
    assert (page.status, page.result_json()["error"]) == (200, -213)
    assert "không quan tâm OA" in page.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_foreign_form(pos: Pos, site: str) -> None:
    """A form of another site, or of another port of this host, sends nothing."""
    await pos.connect()
    page = await pos.browser.post("/send", {"user_id": FIRST.user_id, "text": "a"}, **{"Sec-Fetch-Site": site})
    assert (page.status, pos.knobs.api_calls) == (403, [])


async def test_send_wants_a_form(pos: Pos) -> None:
    """Another media type is refused."""
    page = await pos.browser.post("/send", {}, **{"Content-Type": "multipart/form-data"})
    assert page.status == 415


PROBLEM = {"type": "about:blank", "title": "t", "status": 403, "code": "insufficient_scope"}


@pytest.mark.parametrize("path", ["/followers", "/chat"])
@pytest.mark.parametrize(
    "client_id, answer, status, headers, sentence",
    [
        (
            PUBLIC,
            PROBLEM,
            403,
            {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="zalo.message.read"'},
            "chưa cho phép",
        ),
        (PUBLIC, PROBLEM | {"code": "paused"}, 403, {}, "tạm dừng"),
        (PUBLIC, PROBLEM | {"code": "no_verdict"}, 503, {}, "chưa quyết được"),
        (PUBLIC, PROBLEM | {"code": "brand_new"}, 418, {}, "mã brand_new"),
        (PUBLIC, "<script>alert(1)</script>", 500, {}, "mã 500"),
        (PUBLIC, "[1]", 200, {}, "mã 200"),
        (CONFIDENTIAL, {"error": -223, "message": "m"}, 200, {"Quyen-Error": "paused"}, "tạm dừng"),
        (CONFIDENTIAL, {"error": -223, "message": "m"}, 200, {}, "chưa cho phép"),
        (CONFIDENTIAL, {"error": -777, "message": "m"}, 200, {}, "mã -777"),
    ],
)
async def test_refusals(
    pos: Pos, path: str, client_id: str, answer: object, status: int, headers: dict[str, str], sentence: str
) -> None:
    """Whatever the gateway refuses, the page shows the raw answer, escaped, and a plain sentence."""
    await pos.connect(client_id)
    pos.knobs.answer, pos.knobs.answer_status, pos.knobs.answer_headers = answer, status, headers
    page = await pos.browser.get(f"{path}?app={client_id}")
    assert (page.status, sentence in page.text) == (200, True)
    assert page.result() == (answer if isinstance(answer, str) else json.dumps(answer))
    assert "<script" not in page.text
    assert ("/connect?app=qca_public&amp;scope=zalo.message.read" in page.text) is ("WWW-Authenticate" in headers)


async def test_odd_but_accepted_answers(pos: Pos) -> None:
    """Success with members of other shapes, or without them, is an empty page and no error."""
    await pos.connect()
    for data in (None, [], {}, {"users": "x"}, [1, {"src": 1, "time": "x"}, {"time": 10**20}]):
        pos.knobs.answer = {"error": 0, "data": data}
        assert [page.status for page in await open_all(pos.browser, ["/followers", "/chat"])] == [200, 200]


async def test_refreshes_near_expiry(pos: Pos) -> None:
    """A token in its last minute is refreshed before each call (the account's name, then chat); the pair is on disk."""
    pos.knobs.expires_in = 30
    await pos.connect()
    pos.knobs.expires_in = 900
    assert (await pos.browser.get("/chat")).status == 200
    assert [call["access_token"] for call in pos.knobs.api_calls] == ["qat_3"]
    kept = ConnectionStore(pos.config.state_path).find(CONFIDENTIAL, ACCOUNT)
    assert kept is not None
    assert (kept.token["access_token"], kept.token["refresh_token"]) == ("qat_3", "qrt_3")
    assert [call["grant_type"] for call in pos.knobs.token_calls] == [
        "authorization_code",
        "refresh_token",
        "refresh_token",
    ]


@pytest.mark.parametrize("client_id", [CONFIDENTIAL, PUBLIC])
async def test_refreshes_once_when_refused(pos: Pos, client_id: str) -> None:
    """A token that is refused for being invalid is refreshed once and the call sent again."""
    await pos.connect(client_id)
    pos.knobs.live.clear()
    page = await pos.browser.get(f"/chat?app={client_id}")
    assert page.result_json()["error"] == 0
    assert len(pos.knobs.api_calls) == 2
    assert len(pos.knobs.token_calls) == 2


async def test_refreshes_are_one_at_a_time(pos: Pos) -> None:
    """Many calls that meet a dead token at once refresh it once: a second use would end the grant's tokens."""
    await pos.connect()
    pos.knobs.live.clear()
    pages = await open_all(pos.browser, ["/chat"] * 8 + ["/followers"] * 2)
    assert all(page.status == 200 for page in pages)
    assert all(page.result_json().get("error") == 0 for page in pages[:8])
    assert [call["grant_type"] for call in pos.knobs.token_calls].count("refresh_token") == 1


@pytest.mark.parametrize("client_id", [CONFIDENTIAL, PUBLIC])
async def test_refresh_that_is_refused(pos: Pos, client_id: str) -> None:
    """When the refresh token is dead too the page says to connect again, and nothing is tried in a loop."""
    await pos.connect(client_id)
    pos.knobs.live.clear()
    pos.knobs.refreshable.clear()
    for _ in range(2):
        page = await pos.browser.get(f"/chat?app={client_id}")
        assert (page.status, "Hãy kết nối lại" in page.text) == (200, True)
    assert [call["grant_type"] for call in pos.knobs.token_calls].count("refresh_token") == 1


async def test_without_a_refresh_token(pos: Pos) -> None:
    """A client that got no refresh token shows the refusal."""
    pos.knobs.gives_refresh = False
    await pos.connect()
    pos.knobs.live.clear()
    page = await pos.browser.get("/chat")
    assert (page.result_json()["error"], len(pos.knobs.api_calls)) == (-216, 1)


async def test_connecting_again_uses_the_new_token(pos: Pos) -> None:
    """After a second consent calls bear the new token, and the account is listed once."""
    await pos.connect()
    await pos.browser.get("/chat")
    await pos.connect()
    await pos.browser.get("/chat")
    assert [call["access_token"] for call in pos.knobs.api_calls] == ["qat_1", "qat_2"]
    assert (await pos.browser.get("/")).text.count(f'data-account="{ACCOUNT}"') == 1


async def test_newest_account_is_the_default(pos: Pos) -> None:
    """Without `account` the newest connection is meant, with it the named one; an unknown one is not connected."""
    await pos.connect()
    pos.knobs.accounts = ["77"]
    await pos.connect()
    await open_all(pos.browser, ["/chat"])
    await open_all(pos.browser, [f"/chat?account={ACCOUNT}"])
    assert [call["access_token"] for call in pos.knobs.api_calls] == ["qat_2", "qat_1"]
    unknown = await open_all(pos.browser, ["/chat?account=5", "/followers?app=nobody", f"/chat?app={PUBLIC}"])
    assert [page.status for page in unknown] == [404, 404, 404]


async def test_seeded_connection(pos: Pos, clock: StillClock, entropy: CountedEntropy, tmp_path: Path) -> None:
    """A connection that the demo wrote into the state file is there from the start."""
    state_path = tmp_path / "seeded.json"
    pos.knobs.live.add("qat_seed")
    token = {"access_token": "qat_seed", "token_type": "Bearer", "expires_in": 900}
    seeded = Connection(client_id=PUBLIC, account=ACCOUNT, token=token, connected_at=clock.now())
    ConnectionStore(state_path).add(seeded)
    async with serve_pos(move(pos.config, state_path=state_path), clock, entropy) as browser:
        page = await browser.get(f"/followers?app={PUBLIC}")
        assert len(page.rows()) == 12


async def test_silent_gateway(pos: Pos, clock: StillClock, entropy: CountedEntropy) -> None:
    """When nothing answers, each page says so, with nothing of the error's inside."""
    await pos.connect()
    dead = f"http://127.0.0.1:{unused_port()}"
    paths = ["/followers", "/chat", f"/connect?app={PUBLIC}"]
    for changed in ({"api_url": dead}, {"issuer": dead}):
        async with serve_pos(move(pos.config, **changed), clock, entropy) as browser:
            pages = await open_all(browser, paths[: 2 if "api_url" in changed else 3])
        assert {page.status for page in pages} == {502}
        assert all("Cổng Quyền không trả lời" in page.text and dead not in page.text for page in pages)


async def test_gateway_that_breaks_off_a_refresh(pos: Pos) -> None:
    """A token endpoint that answers no JSON is silence too, and the tokens on disk stay as they were."""
    await pos.connect()
    before = pos.config.state_path.read_text()
    pos.knobs.live.clear()
    pos.knobs.is_broken = True
    assert (await pos.browser.get("/chat")).status == 502
    assert pos.config.state_path.read_text() == before
    pos.knobs.is_broken = False
    assert (await pos.browser.get("/chat")).status == 200
