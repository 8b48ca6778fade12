"""Each real service starts, answers and is as isolated as the other tests take for granted."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import cast

import asyncpg
import psutil
import pytest
from aiohttp import ClientResponseError, web
from playwright.async_api import Page
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.services.browser import Visitors, list_unexpected
from tests.services.child import Child, StartError
from tests.services.loopback import LeftTheMachineError, is_loopback
from tests.services.postgres_server import OWNER, PostgresServer
from tests.services.redis_server import RedisServer
from tests.services.synapse_server import SynapseServer


async def read_redis(url: str, key: str) -> bytes | None:
    """Return what Redis holds under a key."""
    async with Redis.from_url(url) as client:
        found = await client.get(key)
        return found.encode() if isinstance(found, str) else found


async def test_redis_forgets_between_tests(redis_server: RedisServer, redis_url: str) -> None:
    """A key written by one test is gone for the next, which starts by clearing."""
    async with Redis.from_url(redis_url) as client:
        await client.set("k", "v")
    assert await read_redis(redis_url, "k") == b"v"
    redis_server.clear()
    assert await read_redis(redis_url, "k") is None


async def test_redis_can_be_killed_and_started_anew(redis_server: RedisServer, redis_url: str) -> None:
    """A fault test may end Redis; nothing is left of the process, and the same URL answers after a new start."""
    ended = redis_server.child
    ended.stop()
    assert not ended.is_alive()
    redis_server.start()
    assert redis_server.child.pid != ended.pid
    assert await read_redis(redis_url, "k") is None


async def test_postgres_database_speaks_sql_through_sqlalchemy(postgres_url: str) -> None:
    """The URL fits SQLAlchemy's async engine, the server is PostgreSQL 15 or later, and its clock stands in UTC."""
    engine = create_async_engine(postgres_url)
    async with engine.begin() as connection:
        version = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
        zone = (await connection.execute(text("SHOW timezone"))).scalar_one()
    await engine.dispose()
    assert int(version) >= 150000
    assert zone == "UTC"


async def test_postgres_databases_are_copies_of_a_template_and_do_not_mix(postgres_server: PostgresServer) -> None:
    """A template is prepared once; what one database writes, its sister does not see."""
    prepared: list[str] = []

    async def prepare(url: str) -> None:
        prepared.append(url)
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE thing (n integer)"))
        await engine.dispose()

    async def count_things(name: str) -> int:
        connection = await postgres_server.connect(name)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM thing"))
        finally:
            await connection.close()

    for _ in range(2):
        await postgres_server.add_template("things", prepare)
    first, second = [await postgres_server.add_database("things") for _ in range(2)]
    connection = await postgres_server.connect(first)
    await connection.execute("INSERT INTO thing VALUES (1)")
    await connection.close()
    assert len(prepared) == 1
    assert (await count_things(first), await count_things(second)) == (1, 0)
    for name in (first, second):
        await postgres_server.give_back(name)


async def test_a_postgres_database_given_back_is_as_new_when_it_is_handed_out_again(
    postgres_server: PostgresServer,
) -> None:
    """Rows and counters stand where they stood; a database whose schema a test changed does not come again."""

    async def prepare(url: str) -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE counted (n serial PRIMARY KEY, word text)"))
            await connection.execute(text("INSERT INTO counted (word) VALUES ('xin')"))
        await engine.dispose()

    async def run(name: str, statement: str) -> str | None:
        connection = await postgres_server.connect(name)
        try:
            return cast("str | None", await connection.fetchval(statement))
        finally:
            await connection.close()

    await postgres_server.add_template("counted", prepare)
    first = await postgres_server.add_database("counted")
    for _ in range(2):
        await run(first, "UPDATE counted SET word = 'chào'")
        assert await run(first, "INSERT INTO counted (word) VALUES ('b') RETURNING n::text") == "2"
        held = await postgres_server.connect(first)
        await postgres_server.give_back(first)
        assert held.is_closed() or await _is_cut(held)
        assert await postgres_server.add_database("counted") == first
        assert await run(first, "SELECT string_agg(n || word, ',') FROM counted") == "1xin"
    await run(first, "ALTER TABLE counted ALTER word SET NOT NULL")
    await postgres_server.give_back(first)
    second = await postgres_server.add_database("counted")
    assert second != first
    await postgres_server.give_back(second)


async def _is_cut(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    try:
        await connection.execute("SELECT 1")
    except asyncpg.PostgresError:
        return True
    return False


async def test_synapse_carries_a_message_between_two_people(synapse: SynapseServer) -> None:
    """The homeserver is healthy; people register, sign in, meet in a room, and one reads what the other wrote."""
    async with synapse.http.get("/health") as answer:
        assert answer.status == 200
    seller, buyer = await synapse.add_user("seller"), await synapse.add_user("buyer")
    again = await synapse.log_in("seller", seller.password)
    assert again.user_id == "@seller:localhost"
    assert again.access_token != seller.access_token
    room = await seller.add_room(buyer)
    await seller.send_text(room, "xin chào")
    await again.send_text(room, "lần nữa")
    assert await buyer.list_texts(room) == ["lần nữa", "xin chào"]


async def test_synapse_refuses_a_token_that_it_did_not_give(synapse: SynapseServer) -> None:
    """It is the real thing: a made-up token opens nothing."""
    stranger = await synapse.add_user("stranger")
    stranger.access_token = "syt_made_up"
    with pytest.raises(ClientResponseError) as refused:
        await stranger.call("GET", "/account/whoami")
    assert refused.value.status == 401


async def serve(html: str) -> tuple[web.AppRunner, str]:
    """Serve one page on loopback; return the server and its address."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return runner, f"http://{host}:{port}/"


async def list_fonts(page: Page, selector: str) -> list[str]:
    """Return the families that Chromium really drew an element's text with."""
    devtools = await page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        await devtools.send(f"{domain}.enable")
    root = (await devtools.send("DOM.getDocument"))["root"]["nodeId"]
    node = (await devtools.send("DOM.querySelector", {"nodeId": root, "selector": selector}))["nodeId"]
    drawn = await devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node})
    return [font["familyName"] for font in drawn["fonts"]]


async def test_browser_shows_a_page_in_vietnamese(page: Page) -> None:
    """Chromium loads a loopback page, asks for Vietnamese first and has a font for its letters."""
    runner, address = await serve(
        "<!doctype html><title>Quyền</title><p style='font-family:Noto Sans'>Quản lý quyền</p>"
    )
    await page.goto(address)
    assert await page.title() == "Quyền"
    assert (await page.evaluate("navigator.language")).startswith("vi")
    assert await list_fonts(page, "p") == ["Noto Sans"]
    await runner.cleanup()


async def test_people_do_not_share_cookies(visitors: Visitors) -> None:
    """Two people in one test have browsers of their own."""
    runner, address = await serve("<!doctype html><title>x</title>")
    first, second = await visitors.arrive(), await visitors.arrive()
    for person in (first, second):
        await person.goto(address)
    await first.evaluate("document.cookie = 'who=first'")
    assert await first.evaluate("document.cookie") == "who=first"
    assert await second.evaluate("document.cookie") == ""
    await runner.cleanup()


async def test_browser_errors_are_noticed(visitors: Visitors) -> None:
    """A console error, a thrown error and a missing file are each noted; a pattern excuses only what it names."""
    script = "console.error('spoken'); setTimeout(() => { throw new Error('thrown here') })"
    runner, address = await serve(f"<!doctype html><script>{script}</script><img src=/gone.png>")
    page = await visitors.arrive()
    await page.goto(address, wait_until="load")
    await page.evaluate("new Promise(done => setTimeout(done, 50))")
    noted, visitors.errors = visitors.errors, []
    await runner.cleanup()
    assert sorted(list_unexpected(noted, ())) == sorted(noted)
    assert [word for word in ("spoken", "thrown here", "status of 404") if any(word in error for error in noted)] == [
        "spoken",
        "thrown here",
        "status of 404",
    ]
    assert not [error for error in list_unexpected(noted, ("status of 404",)) if "gone.png" in error]
    assert len(list_unexpected(noted, ("status of 404",))) == 2


@pytest.mark.console_errors("meant")
async def test_an_error_that_is_meant_may_be_named(page: Page) -> None:
    """The mark lets a test of a refused page stay green."""
    await page.evaluate("console.error('meant')")
    assert await page.evaluate("1 + 1") == 2


async def test_browser_cannot_leave_the_machine(page: Page) -> None:
    """A name outside resolves to nothing, so that a page with a third party's asset cannot pass by luck."""
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://example.com/")


def test_test_process_cannot_leave_the_machine() -> None:
    """A connection to another machine raises before a packet goes out; loopback is open."""
    with socket.socket() as outgoing, pytest.raises(LeftTheMachineError):
        outgoing.connect(("192.0.2.1", 80))
    assert is_loopback("::1")
    assert is_loopback("127.0.0.53")
    assert not is_loopback("169.254.169.254")
    assert not is_loopback("example.com")


def test_a_child_that_ends_early_is_reported_with_its_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A server that fails to start is no timeout: its last words stand in the error at once."""
    child = Child(["/bin/sh", "-c", "echo no such port >&2; exit 3"], tmp_path_factory.mktemp("child"))
    with pytest.raises(StartError, match="no such port"):
        child.wait_until(lambda: False, seconds=5)
    assert not child.is_alive()


async def test_a_child_that_ignores_the_polite_signal_is_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A fixture never hangs on a deaf process, and never leaves one behind."""
    folder = tmp_path_factory.mktemp("deaf")
    child = Child(["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"], folder)
    child.wait_until(lambda: "deaf" in child.log_tail(), seconds=5)
    await asyncio.to_thread(child.stop, grace_seconds=0.2)
    assert not child.is_alive()


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that ended and was not collected yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("user", ["", OWNER])
def test_a_killed_run_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory, user: str) -> None:
    """When the test run is killed with no chance to clean up, the kernel ends its servers, other users' too."""
    start = (
        "import pathlib, sys, time\n"
        "from tests.services.child import Child\n"
        "print(Child(['/bin/sleep', '60'], pathlib.Path(sys.argv[1]), user=sys.argv[2]).pid, flush=True)\n"
        "time.sleep(60)"
    )
    argv = [sys.executable, "-c", start, str(tmp_path_factory.mktemp("killed")), user]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as run:
        assert run.stdout
        pid = int(run.stdout.readline())
        watch = Child(["/bin/sleep", "30"], tmp_path_factory.mktemp("watch"))
        watch.wait_until(lambda: psutil.Process(pid).name() == "sleep", seconds=5)
        run.kill()
    watch.wait_until(lambda: not is_running(pid), seconds=5)
    watch.stop()
    assert not is_running(pid)
