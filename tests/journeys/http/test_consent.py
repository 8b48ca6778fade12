"""The consent screen: what is shown, what a decision gives, and that it is taken once, by one person, in time."""

import hashlib
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from gateway.acts.redeem import Redemption, redeem
from gateway.acts.register import NewPerson, add_person
from gateway.records.ledger import notices, reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from tests.house import PUBLIC_URL, REDIRECT_URI, VERIFIER, link_account
from tests.journeys.http.origin import Browser, Origin

AGREE = ("decision", "agree")
MISSING = "required permission not given"


async def test_nothing_is_ticked_and_nothing_is_hidden(origin: Origin, browser: Browser) -> None:
    """The screen names app, company, account, each ask with its purpose, and ticks nothing, whatever the query says."""
    path = await origin.ask()
    page = await browser.get(f"{path}?ask=crm_phone&duration=P365D&checked=1")
    assert page.status == 200
    boxes = re.findall(r'<input type="checkbox"[^>]*>', page.text)
    assert {value for box in boxes for value in re.findall(r'value="([^"]+)"', box)} == origin.scene.all_asks
    assert "checked" not in "".join(boxes)
    options = re.findall(r"<option[^>]*>", page.text)
    assert ['value="P1D" selected' in option for option in options] == [True, False, False, False, False]
    for words in ("Sổ bán hàng (mẫu)", "Công ty (mẫu)", "app.example", origin.scene.account.name, "crm_phone (mẫu)."):
        assert words in page.words
    assert page.policy == "'self' http:"


async def test_a_subset_gives_a_code_for_the_subset(origin: Origin, browser: Browser) -> None:
    """Two ticks give a code that buys exactly these two; state and redirect URI come back byte for byte, with iss."""
    state = "a b&c=d/é%2F+~\"'"
    path = await origin.ask(state=state)
    account = ("account", origin.scene.account.id)
    done = await browser.submit(
        path, [("ask", "oa_profile"), ("ask", "crm_phone"), account, ("duration", "P30D"), AGREE]
    )
    assert done.location.startswith(f"{REDIRECT_URI}?code=qac_")
    assert done.answer["state"] == state
    assert done.answer["iss"] == PUBLIC_URL
    assert done.answer["oa_id"] == origin.scene.account.external_id  # the app speaks Zalo's dialect too
    answer = await redeem(origin.scene.house, Redemption(origin.scene.app, done.answer["code"], VERIFIER, REDIRECT_URI))
    assert {detail["ask"] for detail in orjson.loads(answer)["authorization_details"]} == {"oa_profile", "crm_phone"}


async def test_the_redirect_uri_keeps_its_own_query(origin: Origin, browser: Browser) -> None:
    """What the app registered behind the question mark stays in front of the answer."""
    path = await origin.ask("oa_profile", redirect_uri=f"{REDIRECT_URI}?tenant=7", state=None)
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), ("duration", "P1D"), AGREE]
    done = await browser.submit(path, fields)
    pairs = parse_qsl(urlsplit(done.location).query)
    assert [name for name, _ in pairs] == ["tenant", "code", "oa_id", "iss"]


@pytest.mark.parametrize("fields", [[("decision", "refuse")], [AGREE], [("decision", "refuse"), ("ask", "crm_phone")]])
async def test_refusing_gives_nothing(origin: Origin, browser: Browser, fields: list[tuple[str, str]]) -> None:
    """Refuse, or agree without a tick: access_denied, no code, and the refusal is recorded."""
    done = await browser.submit(await origin.ask(), [*fields, ("duration", "P1D")])
    assert done.answer == {"error": "access_denied", "state": "state-1", "iss": PUBLIC_URL}
    async with origin.scene.house.storage.read() as connection:
        newest = (await reading.list_records(connection, reading.Search(person_id=origin.scene.owner.id), 1))[0]
    assert newest.kind is Kind.REFUSED


async def test_a_required_ask_left_open_gives_nothing(origin: Origin, browser: Browser) -> None:
    """Without the required ask the ticked ones are not granted either, and the app is told why."""
    fields = [("ask", "crm_phone"), ("account", origin.scene.account.id), ("duration", "P1D"), AGREE]
    done = await browser.submit(await origin.ask(), fields)
    assert done.answer["error"] == "access_denied"
    assert done.answer["error_description"] == MISSING
    page = await browser.get("/permissions")
    assert set(page.grant_states.values()) == {"refused"}


async def test_enter_decides_nothing(origin: Origin, browser: Browser) -> None:
    """The hidden first button answers 204 and the request is still open."""
    path = await origin.ask()
    stayed = await browser.submit(path, [("ask", "crm_phone"), ("decision", "stay")])
    assert (stayed.status, stayed.text) == (204, "")
    assert (await browser.get(path)).status == 200


@pytest.mark.parametrize(
    "fields,words",
    [
        ([("ask", "someone_elses"), ("duration", "P1D")], "không thuộc yêu cầu"),
        ([("ask", "oa_profile"), ("duration", "P100Y")], "thời hạn không được phép"),
        ([("ask", "oa_profile"), ("duration", "")], "thời hạn không được phép"),
        ([("ask", "oa_profile")], "thời hạn không được phép"),
    ],
)
async def test_a_form_that_was_tampered_with_decides_nothing(
    origin: Origin, browser: Browser, fields: list[tuple[str, str]], words: str
) -> None:
    """An unknown ask or duration is 400; the screen asks again with nothing ticked."""
    path = await origin.ask()
    page = await browser.submit(path, [*fields, ("account", origin.scene.account.id), AGREE])
    assert page.status == 400
    assert words in page.words
    assert not re.findall(r'<input type="checkbox"[^>]*checked', page.text)
    assert (await browser.get(path)).status == 200


@pytest.mark.parametrize("account", ["", "ac_unknown"])
async def test_agreeing_needs_an_account_of_ones_own(origin: Origin, browser: Browser, account: str) -> None:
    """No account, or one that the person may not decide for: 400, nothing granted."""
    fields = [("ask", "oa_profile"), ("account", account), ("duration", "P1D"), AGREE]
    page = await browser.submit(await origin.ask(), fields)
    assert page.status == 400
    assert "Chưa chọn tài khoản" in page.words
    assert (await browser.get("/permissions")).grant_states == {}


@pytest.mark.parametrize("decision", ["", "AGREE", "yes"])
async def test_a_decision_is_one_of_three_words(origin: Origin, browser: Browser, decision: str) -> None:
    """Any other word, or two of them, is 400."""
    path = await origin.ask()
    assert (await browser.submit(path, [("ask", "oa_profile"), ("decision", decision)])).status == 400
    assert (await browser.submit(path, [AGREE, ("decision", "refuse")])).status == 400


async def test_a_request_is_decided_once(origin: Origin, browser: Browser) -> None:
    """A second answer, and a look afterwards, are 409 and say where the decision stands; nothing changes."""
    path = await origin.ask()
    token = (await browser.get(path)).token
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), ("duration", "P1D"), AGREE]
    first = await browser.post(path, [*fields, ("csrf_token", token)])
    second = await browser.post(path, [*fields, ("ask", "crm_phone"), ("csrf_token", token)])
    assert (first.status, second.status) == (303, 409)
    grant_id = next(iter((await browser.get("/permissions")).grant_states))
    assert f"/permissions/{grant_id}" in second.text
    assert (await browser.get(path)).status == 409
    assert (await browser.get(f"/permissions/{grant_id}")).ask_states["crm_phone"] == "refused"


async def test_a_request_runs_out(origin: Origin, browser: Browser) -> None:
    """After 30 minutes the screen and the answer are 410, and nothing is granted."""
    path = await origin.ask()
    token = (await browser.get(path)).token
    origin.scene.clock.advance(timedelta(minutes=30))
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), AGREE, ("csrf_token", token)]
    assert (await browser.post(path, fields)).status == 410
    page = await browser.get(path)
    assert page.status == 410
    assert "Không trả lời nghĩa là không đồng ý" in page.words
    assert (await browser.get("/permissions")).grant_states == {}


async def test_a_request_belongs_to_who_opened_it(origin: Origin, browser: Browser, other_browser: Browser) -> None:
    """The first to open it owns it: another person gets 404 for the page and the answer, as for an unknown one."""
    path = await origin.ask()
    assert (await browser.get(path)).status == 200
    token = (await other_browser.get("/permissions")).token
    answers = [
        await other_browser.get(path),
        await other_browser.post(path, {"decision": "refuse", "csrf_token": token}),
        await other_browser.post(path, {"ask": "nobodys", "decision": "agree", "csrf_token": token}),
        await other_browser.get("/consent/rq_unknown"),
    ]
    assert [page.status for page in answers] == [404, 404, 404, 404]
    assert (await browser.get(path)).status == 200


async def test_an_answer_needs_a_screen_first(origin: Origin, browser: Browser) -> None:
    """A form for a request that was never shown is 404: nobody decides unseen."""
    path = await origin.ask()
    token = (await browser.get("/permissions")).token
    fields = {"ask": "oa_profile", "account": origin.scene.account.id, "decision": "agree", "csrf_token": token}
    assert (await browser.post(path, fields)).status == 404


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.OPERATOR])
async def test_staff_decide_nothing(origin: Origin, role: Role) -> None:
    """A developer's or operator's credential gets 403 for the screen and the answer, and the request stays free."""
    wanted = NewPerson("nhan-vien", "Nhân viên (mẫu)", frozenset({role}), None)
    staff = await add_person(origin.scene.house, wanted, Actor.system())
    path = await origin.ask()
    async with origin.browser() as browser:
        await browser.sign_in_as(staff)
        token = (await browser.get("/receipts/verify")).token
        answers = [await browser.get(path), await browser.post(path, {"decision": "refuse", "csrf_token": token})]
    assert [page.status for page in answers] == [403, 403]
    assert "staff_may_not_consent" in answers[0].text
    async with origin.browser() as browser:
        assert (await (await browser.sign_in_as(origin.scene.owner)).get(path)).status == 200


async def test_the_text_that_was_shown_is_archived(origin: Origin, browser: Browser) -> None:
    """The record names the SHA-256 of an archived text that holds what the screen said, in the language shown."""
    path = await origin.ask()
    shown = await browser.get(f"{path}?lang=en")
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), ("duration", "P1D"), AGREE]
    await browser.post(f"{path}?lang=en", [*fields, ("csrf_token", shown.token)])
    async with origin.scene.house.storage.read() as connection:
        record = (await reading.list_records(connection, reading.Search(kinds=[Kind.DECIDED]), 1))[0]
        kept = await notices.find(connection, record.facts["notice"])
    assert kept is not None
    language, content = kept
    assert language == record.facts["language"] == "en"
    assert hashlib.sha256(content.encode()).hexdigest() == record.facts["notice"]
    main = " ".join(shown.words.split())
    for line in ("View followers' phone numbers", "crm_phone (mẫu).", "Do not agree", origin.scene.account.name):
        assert line in content
        assert line in main
    assert "csrf" not in content
    assert shown.token not in content


async def test_a_second_admin_sees_the_same_grant(origin: Origin, browser: Browser, other_browser: Browser) -> None:
    """Whoever has standing on the account sees its one grant, who decided it, and may end it."""
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), ("duration", "P1D"), AGREE]
    await browser.submit(await origin.ask(), fields)
    await link_account(origin.scene.house, origin.scene.other_owner.id, external_id=origin.scene.account.external_id)
    mine, theirs = await browser.get("/permissions"), await other_browser.get("/permissions")
    assert mine.grant_states == theirs.grant_states
    grant_path = f"/permissions/{next(iter(mine.grant_states))}"
    assert origin.scene.owner.name in (await other_browser.get(grant_path)).words
    ended = await other_browser.submit(grant_path, {"action": "withdraw", "confirm": "yes"})
    assert ended.status == 303
    assert (await browser.get(grant_path)).ask_states["oa_profile"] == "withdrawn"
    assert origin.scene.other_owner.name in (await browser.get(grant_path)).words


@pytest.mark.parametrize(
    "redirect_uri, host, is_local",
    [("https://return.example/cb", "return.example", False), ("http://127.0.0.1:4711/cb", "127.0.0.1", True)],
    ids=["web", "loopback"],
)
async def test_req_225_and_228_a_registered_apps_place_of_return(
    origin: Origin, browser: Browser, redirect_uri: str, host: str, *, is_local: bool
) -> None:
    """Both screens name where the answer goes, not the domain of the register, and warn of the reader's own machine."""
    path = await origin.ask("oa_profile", redirect_uri=redirect_uri)
    page = await browser.get(path)
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), ("duration", "P1D"), AGREE]
    await browser.post(path, [*fields, ("csrf_token", page.token)])
    short = await browser.get(await origin.ask("oa_profile", redirect_uri=redirect_uri))
    assert "muốn nối lại" in short.words
    for shown in (page, short):
        assert f"Bạn sẽ về {host}" in shown.words
        assert f"ong ở đây, bạn trở về {host}" in shown.words
        assert ("một chương trình trên chính máy bạn" in shown.words) is is_local
        assert f"Tên miền {origin.scene.app.domain}" in shown.words
        assert "tên là do nó tự đặt" not in shown.words
