"""An app that registered itself, as the person sees it: what is known, what is only said, where the answer goes."""

import orjson
import pytest

from gateway.acts.adopt import adopt
from gateway.acts.open_request import Asked, open_request
from gateway.acts.register import register_itself
from gateway.doors.oauth.client_metadata import app_of, check_metadata
from gateway.ground.web.local import write_day
from gateway.records.apps import statements
from gateway.records.apps.dynamic import ask_for
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import App, AppOrigin, Ask
from gateway.records.ledger import notices, reading
from gateway.terms.ids import AppId
from tests.house import CHALLENGE
from tests.journeys.http.origin import Browser, Origin, Page, allow

LOGO = "https://evil.example/logo.png"
UNVERIFIED = "Chưa xác minh"
BY_ITSELF = "tự đăng ký, và tên là do nó tự đặt"
LOCAL = "một chương trình trên chính máy bạn"
OTHER_WORDS = "điều ứng dụng nói về mình, vừa đổi"
CLIENT_ID = "https://agent.example/client.json"
HOST, A_EXAMPLE = "agent.example", "https://a.example/"
DAY = ("duration", "P1D")


async def add(origin: Origin, app_id: str, *, name: str | None, redirect_uri: str, host: str = "") -> tuple[App, Ask]:
    """Add a dynamic app with one ask; with a host it is one that a document describes; None: it says no name."""
    house, now = origin.scene.house, origin.scene.clock.now()
    raw = {"redirect_uris": [redirect_uri], "logo_uri": LOGO, "token_endpoint_auth_method": "none"}
    said = check_metadata(raw if name is None else {**raw, "client_name": name})
    kind = AppOrigin.DOCUMENT if host else AppOrigin.ITSELF
    app = app_of(AppId(app_id), said, origin=kind, host=host, at=now)
    ask = ask_for(app.id, "zalo.profile.read", 1)
    statement_id = f"cs_{len(app_id)}_{int(now.timestamp())}"
    statement = Statement.of(statement_id, app.id, said.to_content(ask.scope), at=now, fresh_until=None)
    if host:
        await adopt(house, app, [ask], statement=statement)
    else:
        await register_itself(house, app, [ask], statement=statement)
    return app, ask


async def open_screen(origin: Origin, browser: Browser, app: App, ask: Ask) -> tuple[str, Page]:
    """Let the app send the owner to the screen; return its path and what it shows."""
    asked = Asked(app.id, (ask.id,), app.redirect_uris[0], "s", CHALLENGE)
    path = f"/consent/{(await open_request(origin.scene.house, asked)).id}"
    page = await browser.get(path)
    assert page.status == 200, page.text
    return path, page


async def test_req_040_and_225_an_app_on_the_readers_own_machine(origin: Origin, browser: Browser) -> None:
    """Unverified, named by itself, its purpose not stated, and whoever listens on this machine gets the answer."""
    app, ask = await add(origin, "app_1", name="Zalo", redirect_uri="http://127.0.0.1:4711/cb")
    _, page = await open_screen(origin, browser, app, ask)
    for words in (UNVERIFIED, BY_ITSELF, LOCAL, "Mục đích: không nêu.", "Bạn sẽ về 127.0.0.1", "trở về 127.0.0.1"):
        assert words in page.words, words
    assert page.words.count("ứng dụng không nêu") >= 4
    assert "Hồ sơ tự khai" not in page.words
    assert "Không lưu" not in page.words
    english = (await browser.get("/consent/" + page_id(page) + "?lang=en")).words
    assert "This app registered itself" in english
    assert "your own machine" in english


async def test_an_app_that_says_no_name_is_not_told_to_have_chosen_one(origin: Origin, browser: Browser) -> None:
    """What stands in for its name is what is known of it, and so the screen says."""
    app, ask = await add(origin, "app_nameless", name=None, redirect_uri="https://return.example/cb")
    _, page = await open_screen(origin, browser, app, ask)
    assert "tự đăng ký và không nêu tên: chỗ tên là tên miền hoặc mã của nó" in page.words
    assert BY_ITSELF not in page.words
    assert "return.example" in page.words


async def test_req_212_the_clients_host_and_the_host_of_return(origin: Origin, browser: Browser) -> None:
    """Both stand there, each under its own name; a web app is not told to be on the reader's machine."""
    client_id = "https://agent.example/client.json"
    app, ask = await add(
        origin, client_id, name="Trợ lý (mẫu)", redirect_uri="https://return.example/cb", host="agent.example"
    )
    _, page = await open_screen(origin, browser, app, ask)
    for words in (UNVERIFIED, BY_ITSELF, f"Hồ sơ tự khai {client_id}", "Tên miền agent.example", "về return.example"):
        assert words in page.words, words
    assert LOCAL not in page.words


async def test_req_225_a_private_scheme_is_named(origin: Origin, browser: Browser) -> None:
    """Where no host is, the scheme says which program gets the answer."""
    app, ask = await add(origin, "app_22", name="Trợ lý (mẫu)", redirect_uri="com.example.app:/cb")
    _, page = await open_screen(origin, browser, app, ask)
    assert "Bạn sẽ về com.example.app" in page.words
    assert page.policy.endswith("com.example.app:")


async def test_req_139_no_foreign_picture(origin: Origin, browser: Browser) -> None:
    """Its logo is neither shown nor linked: an address of a stranger's never reaches the reader's browser."""
    app, ask = await add(origin, "app_333", name="Trợ lý (mẫu)", redirect_uri="https://return.example/cb")
    _, page = await open_screen(origin, browser, app, ask)
    assert "evil.example" not in page.text


async def test_all_pages_after_the_decision(origin: Origin, browser: Browser) -> None:
    """The short screen, the grant, the receipt in both forms: what was not said stands there as not said."""
    app, ask = await add(origin, "app_4444", name="Trợ lý (mẫu)", redirect_uri="https://return.example/cb")
    path, first = await open_screen(origin, browser, app, ask)
    account = origin.scene.account.id
    fields = [("account", account), ("ask", ask.id), DAY, ("decision", "agree"), ("said", first.said)]
    done = await browser.submit(path, fields)
    assert done.location.startswith("https://return.example/cb?code=")
    _, again = await open_screen(origin, browser, app, ask)
    assert BY_ITSELF in again.words
    assert "Xong ở đây, bạn trở về return.example" in again.words
    (grant_id,) = (await browser.get("/permissions")).grant_states
    grant = await browser.get(f"/permissions/{grant_id}")
    assert grant.words.count("ứng dụng không nêu") >= 4
    receipts = await browser.get("/permissions/receipts")
    code = receipts.text.split("/permissions/receipts/")[1].split('"')[0]
    receipt = await browser.get(f"/permissions/receipts/{code}")
    assert "Bên kiểm soát ứng dụng không nêu" in receipt.words
    assert "Bên nhận ứng dụng không nêu" in receipt.words


@pytest.mark.parametrize("decision", ["agree", "refuse"])
async def test_words_that_changed_meanwhile_are_read_before_an_answer(
    origin: Origin, browser: Browser, decision: str
) -> None:
    """A false name is not swapped for a harmless one behind the reader: nothing counts until the new one was shown."""
    return_to = "https://return.example/cb"
    app, ask = await add(origin, CLIENT_ID, name="Ngân hàng (mẫu)", redirect_uri=return_to, host="agent.example")
    path, page = await open_screen(origin, browser, app, ask)
    origin.scene.clock.advance(1)
    await add(origin, CLIENT_ID, name="Trợ lý (mẫu)", redirect_uri=return_to, host="agent.example")
    answer = [("account", origin.scene.account.id), ("ask", ask.id), DAY, ("decision", decision)]
    again = page
    for said in ([("said", page.said)], []):
        again = await browser.submit(path, [*answer, *said])
        assert (again.status, OTHER_WORDS in again.words) == (400, True), again.words
        assert "Trợ lý (mẫu)" in again.words
    assert (await browser.get("/permissions")).grant_states == {}
    done = await browser.submit(path, [*answer, ("said", again.said)])
    assert ("code" in done.answer) is (decision == "agree")
    async with origin.scene.house.storage.read() as connection:
        record = (await reading.list_records(connection, reading.Search(), 1))[0]
        kept = await notices.find(connection, record.facts["notice"])
    assert record.facts["statement"] == again.said != page.said
    assert kept is not None
    assert ("Trợ lý (mẫu)" in kept[1], "Ngân hàng (mẫu)" in kept[1]) == (True, False)


async def test_words_that_changed_while_linking_are_read_first(origin: Origin, other_browser: Browser) -> None:
    """What was ticked under other words does not outlive the way to the platform, nor the last page before the end."""
    return_to = "https://return.example/cb"
    app, ask = await add(origin, CLIENT_ID, name="Ngân hàng (mẫu)", redirect_uri=return_to, host="agent.example")
    path, page = await open_screen(origin, other_browser, app, ask)
    answer = [("ask", ask.id), DAY, ("decision", "agree")]
    out = await other_browser.submit(path, [*answer, ("said", page.said)])
    back = await other_browser.get(await allow(out.location))
    confirm = await other_browser.get(back.location)
    assert confirm.boxes == set()
    origin.scene.clock.advance(1)
    await add(origin, CLIENT_ID, name="Trợ lý (mẫu)", redirect_uri=return_to, host="agent.example")
    kept = other_browser.cookies()["quyen_chosen"]
    early = [("account", account_on(confirm)), ("decision", "agree"), ("csrf_token", confirm.token)]
    async with origin.scene.house.storage.read() as connection:
        later = await statements.find_current(connection, CLIENT_ID)
    assert later is not None
    unseen = await other_browser.post(path, [*early, ("said", later.digest)])
    assert (unseen.status, OTHER_WORDS in unseen.words) == (400, True)
    other_browser.keep("quyen_chosen", kept)
    again = await other_browser.get(path)
    assert (again.status, OTHER_WORDS in again.words, again.boxes) == (200, True, {ask.id})
    done = await other_browser.post(
        path, [*answer, ("account", account_on(confirm)), ("said", again.said), ("csrf_token", again.token)]
    )
    assert "code" in done.answer


def account_on(page: Page) -> str:
    """Return the account that a page offers."""
    return page.text.split('name="account" value="')[1].split('"')[0]


def page_id(page: Page) -> str:
    """Return the id of the request that a screen is about."""
    return page.text.split('action="/consent/')[1].split('"')[0].split("?")[0]


async def give(origin: Origin, browser: Browser, app: App, ask: Ask) -> str:
    """Let the owner agree to the one ask of an app; return the path of the grant's page."""
    path, page = await open_screen(origin, browser, app, ask)
    fields = [("account", origin.scene.account.id), ("ask", ask.id), DAY, ("decision", "agree"), ("said", page.said)]
    assert "code" in (await browser.submit(path, fields)).answer
    (grant_id,) = (await browser.get("/permissions")).grant_states
    return f"/permissions/{grant_id}"


async def test_req_214_what_an_app_changed_is_told(origin: Origin, browser: Browser) -> None:
    """In the history, on the receipt, in its signed JSON, and on the screen that asks again: what changed, and when."""
    app, ask = await add(
        origin, CLIENT_ID, name="Trợ lý (mẫu)", redirect_uri="https://a.example/", host="agent.example"
    )
    grant = await give(origin, browser, app, ask)
    origin.scene.clock.advance(3600)
    later, ask = await add(origin, CLIENT_ID, name="Trợ lý (mẫu)", redirect_uri="https://b.example/", host=HOST)
    changed = "ứng dụng đã đổi nơi nhận câu trả lời"
    page = await browser.get(grant)
    history = page.words.partition("Lịch sử")[2]
    assert f"Cần xác nhận lại: {changed}" in history
    assert "theo thời hạn" not in history
    code = page.text.split("/permissions/receipts/")[1].split('"')[0]
    receipt = await browser.get(f"/permissions/receipts/{code}")
    assert f"1 mục cần xác nhận lại, vì {changed}." in receipt.words
    assert "theo thời hạn" not in receipt.words
    told = orjson.loads((await browser.get(f"/permissions/receipts/{code}.json")).text)["receipt"]
    assert told["because"] == {"cause": "app_changed", "changed": ["redirect_uris"]}
    _, screen = await open_screen(origin, browser, later, ask)
    day = write_day(origin.scene.clock.now())
    assert f"Bạn đã đồng ý trước đây. Ngày {day} {changed}, nên cổng đã dừng và hỏi lại." in screen.words


async def test_what_was_asked_again_and_agreed_is_not_asked_why(origin: Origin, browser: Browser) -> None:
    """Once agreed anew the screen says nothing of the change any more, nor does one that asks for the first time."""
    app, ask = await add(
        origin, CLIENT_ID, name="Trợ lý (mẫu)", redirect_uri="https://a.example/", host="agent.example"
    )
    _, first = await open_screen(origin, browser, app, ask)
    await give(origin, browser, app, ask)
    origin.scene.clock.advance(1)
    later, ask = await add(origin, CLIENT_ID, name="Trợ lý (mẫu)", redirect_uri="https://b.example/", host=HOST)
    await give(origin, browser, later, ask)
    _, again = await open_screen(origin, browser, later, ask)
    assert "Vì sao hỏi lại" not in first.words + again.words
