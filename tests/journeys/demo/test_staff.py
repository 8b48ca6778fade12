"""What staff do with the demo: the operator searches and verifies, the developer sees how people decided."""

import json
import subprocess
from typing import Final

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect

from tests.journeys.demo.conftest import Arrive
from tests.journeys.demo.running import Json, RunningDemo
from tests.journeys.demo.walking import Walker
from tests.services.child import find_program

OWNER: Final = "chu-shop-2"
COUNTED: Final = ("agreed", "refused", "withdrawn")
CHAT: Final = "/zalo/v2.0/oa/listrecentchat?data=%7B%22offset%22%3A0%2C%22count%22%3A1%7D"
MIDDLE: Final = "length(canonical) / 2"
OTHER_BYTE: Final = f"CASE substr(canonical, {MIDDLE}, 1) WHEN x'7a' THEN x'79' ELSE x'7a' END"
CHANGES: Final = {
    "canonical": f"CAST(substr(canonical, 1, {MIDDLE} - 1) || {OTHER_BYTE} || substr(canonical, {MIDDLE} + 1) AS BLOB)",
    "actor_id": "'x' || substr(actor_id, 2)",
}


async def call(demo: RunningDemo, **headers: str) -> int:
    """Call the API with the seeded grant's token; returns Zalo's error."""
    token = demo.tokens(demo.app(), demo.account(OWNER)["external_id"])["access_token"]
    async with (
        ClientSession(headers={"access_token": token, **headers}) as session,
        session.get(demo.facts["api"] + CHAT) as answer,
    ):
        return int((await answer.json(content_type=None))["error"])


@pytest.mark.console_errors("status of 422")
async def test_6_one_search_finds_decisions_calls_and_refused_calls(walker: Walker) -> None:
    """By the app's name the operator finds the log and the trace together, newest first; a person costs a reason."""
    page, demo = walker.page, walker.demo
    before = demo.newest_received()
    assert [await call(demo), await call(demo, **{"Quyen-Purpose": "never"})] == [0, -223]
    assert len(demo.received(before)) == 1
    await page.goto(demo.facts["gateway"])
    await page.get_by_role("link", name="Tôi vận hành cổng").click()
    await walker.sign_in("van-hanh-1")
    await page.locator("input[name=q]").fill(f'app:"{demo.app()["name"]}"')
    await page.get_by_role("button", name="Tìm").click()
    rows = page.locator("tr[data-record]")
    await expect(rows.and_(page.locator("[data-source=log]")).filter(has_text="Đồng ý").first).to_be_visible()
    for words in ("Đã cho qua", "Đã chặn"):
        await expect(rows.and_(page.locator("[data-source=trace]")).filter(has_text=words).first).to_be_visible()
    times = [await each.get_attribute("datetime") for each in await rows.locator("time").all()]
    assert times == sorted(times, key=str, reverse=True)
    assert set(await rows.locator("td:nth-child(3)").all_inner_texts()) != {"–"}
    await walker.picture("22-operator-search")
    await rows.and_(page.locator("[data-source=log]")).get_by_role("link").first.click()
    await expect(page.locator("[data-proof=holds]")).to_be_visible()
    await walker.picture("23-operator-record")
    await walker.open("/operators/log?q=person:chu-shop-2")
    await expect(page.get_by_text("Tra cứu một người cần ghi lý do")).to_be_visible()


def verify(demo: RunningDemo) -> tuple[int, Json]:
    """Run `quyen log verify --json` beside the running server."""
    done = demo.run("log", "verify", "--json")
    found: Json = json.loads(done.stdout)
    return done.returncode, found


def sql(demo: RunningDemo, statement: str) -> str:
    """Run a statement with the program sqlite3, as whoever has the file can."""
    argv = [find_program("sqlite3"), "-cmd", ".timeout 5000", demo.facts["database"], statement]
    return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=True).stdout.strip()


def test_6_verify_names_the_record_of_which_a_byte_was_changed(demo: RunningDemo) -> None:
    """The log holds; after one byte is changed in the file, in the record or beside it, the record is named."""
    code, finding = verify(demo)
    assert (code, finding["ok"], finding["bad"]) == (0, True, [])
    for column, change in CHANGES.items():
        found = f"SELECT seq, record_id, quote({column}) FROM ledger_records WHERE kind = 'decided' LIMIT 1"  # noqa: S608
        seq, record_id, kept = sql(demo, found).split("|")
        sql(demo, f"UPDATE ledger_records SET {column} = {change} WHERE seq = {seq}")  # noqa: S608
        try:
            code, finding = verify(demo)
        finally:
            sql(demo, f"UPDATE ledger_records SET {column} = {kept} WHERE seq = {seq}")  # noqa: S608
        assert (code, finding["ok"]) == (1, False), column
        named = [(each["seq"], each["record_id"]) for each in finding["bad"] if each["reason"].startswith("column ")]
        assert set(named) == {(int(seq), record_id)}, column
        assert finding["bad"][0]["record_id"] == record_id, column


async def test_7_the_developer_sees_the_app_its_asks_and_its_keys(walker: Walker) -> None:
    """The developer sees every app, and of one its asks, addresses and key by its last signs; never who decided."""
    page, demo, app = walker.page, walker.demo, walker.demo.app()
    await page.goto(demo.facts["gateway"])
    await page.get_by_role("link", name="Tôi làm ứng dụng").click()
    await walker.sign_in("dev-1")
    await expect(page.locator("[data-app]")).to_have_count(len(demo.facts["apps"]))
    await walker.picture("24-developer-apps")
    await page.get_by_role("link", name=app["name"]).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(app["name"])
    assert [ask["id"] for ask in app["asks"]] == list(await read_counts(walker))
    shown = await page.locator("main").inner_text()
    for told in (app["client_id"], app["redirect_uris"][0], f"qcs_…{app['client_secret'][-4:]}"):
        assert told in shown
    for untold in (app["client_secret"], demo.account(OWNER)["name"], "Lê Quốc Bảo", OWNER):
        assert untold not in shown
    await walker.picture("25-developer-app")


async def test_7_the_developer_sees_how_often_each_ask_was_agreed_to_refused_and_withdrawn(arrive: Arrive) -> None:
    """A decision and a withdrawal move exactly the counts of their ask."""
    owner, developer = await arrive(), await arrive()
    demo, app, account = owner.demo, owner.demo.app(1), owner.demo.account(OWNER)
    await developer.open(f"/sign-in?return_to=/developers/{app['client_id']}")
    await developer.sign_in("dev-1")
    before = await read_counts(developer)
    await owner.ask_for_consent(app)
    await owner.sign_in(OWNER)
    await owner.decide(["who"], account=account["name"], duration="P30D")
    await owner.page.wait_for_url(f"{demo.facts['sample_app']}/?connected=*")
    await developer.page.reload()
    decided = await read_counts(developer)
    assert decided["who"] == {**before["who"], "agreed": before["who"]["agreed"] + 1}
    assert [decided[ask]["agreed"] - before[ask]["agreed"] for ask in ("where", "call")] == [0, 0]
    assert min(decided[ask]["refused"] for ask in ("where", "call")) >= 1
    await owner.open("/permissions")
    await owner.open_grant(app["name"], account["name"])
    await owner.withdraw("aside")
    await developer.page.reload()
    ended = await read_counts(developer)
    assert ended["who"] == {**decided["who"], "withdrawn": before["who"]["withdrawn"] + 1}
    assert {ask: ended[ask] for ask in ("where", "call")} == {ask: decided[ask] for ask in ("where", "call")}


async def read_counts(walker: Walker) -> dict[str, dict[str, int]]:
    """Return how often each ask was agreed to, refused and withdrawn, as the app's page says."""
    counts: dict[str, dict[str, int]] = {}
    for row in await walker.page.locator("tr[data-ask]").all():
        found = {name: await row.locator(f"[data-count={name}]").inner_text() for name in COUNTED}
        counts[str(await row.get_attribute("data-ask"))] = {name: int(number) for name, number in found.items()}
    return counts
