"""The developer's page of notices over HTTP: set, test, rotate, clear, the log, sending again; nobody else's."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.send_notices import send_test
from gateway.doors.consoles.developers.notices import PAGE_LINES
from gateway.doors.events.courier import Courier
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.records.ledger.types import Actor
from gateway.records.outbox import endpoints
from gateway.terms.clock import SystemClock
from tests.journeys.http.consoles_origin import Consoles, served_consoles
from tests.journeys.http.origin import Browser, Page
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.receiver import Receiver, receiving

PATH = "/developers/cua-toi/notices"
URL = "https://app.example/thong-bao"


@pytest.fixture
async def consoles(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Consoles]:
    """Yield a served gateway; receivers judge the time of a try by the machine's clock."""
    clock.skew(SystemClock().now() - clock.now())
    async with served_consoles(tmp_path, clock, entropy) as consoles:
        yield consoles


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield the app's server."""
    async with receiving() as receiver:
        yield receiver


async def bring(consoles: Consoles) -> None:
    """Bring what is due."""
    async with opened_fetcher(allow_loopback=True) as fetcher:
        await Courier(consoles.scene.house, fetcher).bring_due()


def secret_on(page: Page) -> str:
    """Return the secret that the page shows."""
    (secret,) = re.findall(r'id="secret">(whsec_[^<]+)<', page.text)
    return str(secret)


def log_on(page: Page) -> list[tuple[str, str]]:
    """Return id and state of each notice of the log."""
    return re.findall(r'data-notice="([^"]+)" data-state="([^"]+)"', page.text)


async def rotate(developer: Browser) -> Page:
    """Change the signing key, as the confirm page's form does; return what came."""
    asked = await developer.get(PATH + "?action=rotate")
    (newest,) = re.findall(r'name="newest" value="([^"]+)"', asked.text)
    return await developer.submit(PATH, {"action": "rotate", "confirm": "yes", "newest": newest})


async def test_the_secret_is_shown_once_and_a_test_arrives_under_it(
    consoles: Consoles, developer: Browser, receiver: Receiver
) -> None:
    """Saving an address shows the key; the test notice verifies with it; the page never shows it again."""
    assert "Nơi nhận và nhật ký gửi" in (await developer.get("/developers/cua-toi")).words
    assert "nhận cả http:// tới máy này" in (await developer.get("/developers/cua-toi/notices")).words
    saved = await developer.submit(PATH, {"action": "set", "url": receiver.url})
    secret = secret_on(saved)
    assert (saved.status, saved.headers["Cache-Control"]) == (200, "no-store")
    assert (await developer.submit(PATH, {"action": "test"})).location == PATH
    await bring(consoles)
    assert Webhook(secret).verify(receiver.came[0].body, receiver.came[0].headers)["type"] == "quyen.endpoint.test"
    page = await developer.get(PATH)
    assert [state for _, state in log_on(page)] == ["delivered"]
    assert (secret in page.text, secret[-4:] in page.text, "data-outcome>200<" in page.text) == (False, True, True)
    assert (await developer.submit(PATH, {"action": "set", "url": receiver.url + "/2"})).location == PATH


async def test_rotating_shows_the_new_key_and_two_are_listed(
    consoles: Consoles, developer: Browser, receiver: Receiver
) -> None:
    """After two rotations the first key is gone from the page, and the newest two stand there."""
    first = secret_on(await developer.submit(PATH, {"action": "set", "url": receiver.url}))
    keys = [secret_on(await rotate(developer)) for _ in range(2)]
    shown = re.findall(r'data-key="([^"]+)"', (await developer.get(PATH)).text)
    assert shown == [key[-4:] for key in reversed(keys)]
    assert len({first, *keys}) == 3


async def test_a_replay_by_hand_goes_out_again(consoles: Consoles, developer: Browser, receiver: Receiver) -> None:
    """A notice that was delivered has a button; pressed, the same notice arrives once more."""
    await developer.submit(PATH, {"action": "set", "url": receiver.url})
    await developer.submit(PATH, {"action": "test"})
    await bring(consoles)
    ((notice_id, _),) = log_on(await developer.get(PATH))
    assert (await developer.submit(PATH, {"action": "replay", "notice": notice_id})).location == PATH
    await bring(consoles)
    assert [came.headers["webhook-id"] for came in receiver.came] == [notice_id] * 2
    assert "data-tries>2<" in (await developer.get(PATH)).text
    assert (await developer.submit(PATH, {"action": "replay", "notice": "nt_missing"})).status == 404


async def test_an_endpoint_that_is_gone_says_so_and_is_set_again(
    consoles: Consoles, developer: Browser, receiver: Receiver
) -> None:
    """410 stops everything; saving the address again, even the same, goes on."""
    receiver.answers.append(410)
    await developer.submit(PATH, {"action": "set", "url": receiver.url})
    await developer.submit(PATH, {"action": "test"})
    await bring(consoles)
    page = await developer.get(PATH)
    assert 'data-endpoint="gone"' in page.text
    assert 'value="test"' not in page.text
    assert (await developer.submit(PATH, {"action": "test"})).status == 409
    await developer.submit(PATH, {"action": "set", "url": receiver.url})
    assert 'data-endpoint="live"' in (await developer.get(PATH)).text


async def test_clearing_leaves_nothing_to_send_to(consoles: Consoles, developer: Browser, receiver: Receiver) -> None:
    """Address and keys are gone; rotating what is not there is refused."""
    await developer.submit(PATH, {"action": "set", "url": receiver.url})
    done = await developer.submit(PATH, {"action": "clear", "confirm": "yes"})
    assert done.location == PATH + "?done=cleared"
    page = await developer.get(done.location)
    assert ('data-endpoint="none"' in page.text, "data-key" in page.text) == (True, False)
    assert "Đã bỏ nơi nhận và khóa" in page.words
    assert (await developer.submit(PATH, {"action": "rotate", "confirm": "yes"})).status == 409
    assert (await developer.submit(PATH, {"action": "clear"})).location == PATH
    assert (await developer.get(PATH + "?action=clear")).location == PATH


@pytest.mark.parametrize(
    "action, words", [("clear", "Khóa ký bị hủy, không lấy lại được"), ("rotate", "Khóa đang dùng còn ký kèm")]
)
async def test_what_destroys_something_is_asked_about_first(
    consoles: Consoles, developer: Browser, action: str, words: str
) -> None:
    """By a link and by a press alike nothing is done before it is confirmed; a link says nothing that is not so."""
    secret = secret_on(await developer.submit(PATH, {"action": "set", "url": URL}))
    for page in (await developer.get(f"{PATH}?action={action}"), await developer.submit(PATH, {"action": action})):
        assert (page.status, words in page.words, "whsec_…" + secret[-4:] in page.words) == (200, True, True)
    untold = await developer.get(PATH + "?done=cleared")
    assert "Đã bỏ nơi nhận và khóa" not in untold.words
    assert re.findall(r'data-key="([^"]+)"', untold.text) == [secret[-4:]]


async def test_a_reload_after_rotating_destroys_no_key(consoles: Consoles, developer: Browser) -> None:
    """The same confirmation sent twice changes the key once: it was about the keys that were shown."""
    await developer.submit(PATH, {"action": "set", "url": URL})
    asked = await developer.get(PATH + "?action=rotate")
    (newest,) = re.findall(r'name="newest" value="([^"]+)"', asked.text)
    sent = {"action": "rotate", "confirm": "yes", "newest": newest}
    secret = secret_on(await developer.submit(PATH, sent))
    assert (await developer.submit(PATH, sent)).status == 409
    shown = re.findall(r'data-key="([^"]+)"', (await developer.get(PATH)).text)
    assert (len(shown), shown[0]) == (2, secret[-4:])


@pytest.mark.parametrize(
    "url", ["http://app.example/x", "https://a:b@app.example/", "javascript:alert(1)", "", "https://x/#a"]
)
async def test_an_address_that_cannot_be_is_refused_at_the_field(
    consoles: Consoles, developer: Browser, url: str
) -> None:
    """422, the words at the field, what was typed still there, and nothing kept."""
    page = await developer.submit(PATH, {"action": "set", "url": url})
    assert (page.status, 'aria-invalid="true"' in page.text) == (422, True)
    async with consoles.scene.house.storage.read() as connection:
        assert await endpoints.find(connection, consoles.own_app.id) is None


async def test_the_log_has_pages(consoles: Consoles, developer: Browser) -> None:
    """Newest first, fifty at a time; every notice stands on one page, once."""
    await set_endpoint(consoles.scene.house, consoles.own_app.id, URL, Actor.system())
    for _ in range(PAGE_LINES + 5):
        consoles.scene.clock.advance(1)
        await send_test(consoles.scene.house, consoles.own_app.id)
    first = await developer.get(PATH)
    (older,) = re.findall(r'href="([^"]+cursor=[^"]+)"', first.text)
    second = await developer.get(older)
    ids = [notice_id for page in (first, second) for notice_id, _ in log_on(page)]
    assert [len(log_on(first)), len(log_on(second)), len(set(ids))] == [PAGE_LINES, 5, PAGE_LINES + 5]
    assert f'href="{PATH}"' in second.text


async def test_another_developers_app_is_as_unknown_as_none(consoles: Consoles, developer: Browser) -> None:
    """Neither seeing nor doing; a stranger is sent to sign in, an owner is refused."""
    token = (await developer.get(PATH)).token
    for action in ("set", "clear", "rotate", "test", "replay"):
        fields = {"action": action, "url": URL, "notice": "nt_1", "csrf_token": token}
        assert (await developer.post("/developers/so-ban-hang/notices", fields)).status == 404
    async with consoles.signed_in(consoles.rival) as rival:
        assert (await rival.get(PATH)).status == 404
    async with consoles.signed_in(consoles.scene.owner) as owner:
        assert (await owner.get(PATH)).status == 403
    async with consoles.signed_in(None) as stranger:
        assert (await stranger.get(PATH)).location.startswith("/sign-in")


async def test_a_form_of_another_site_does_nothing(consoles: Consoles, developer: Browser) -> None:
    """No token, a foreign site, or an action that there is not: refused, and no endpoint is there."""
    token = (await developer.get(PATH)).token
    fields = {"action": "set", "url": URL, "csrf_token": token}
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await developer.post(PATH, {**fields, "csrf_token": "x"})).status == 403
    assert (await developer.post(PATH, fields, headers=foreign)).status == 403
    assert (await developer.post(PATH, {**fields, "action": "explode"})).status == 400
    async with consoles.scene.house.storage.read() as connection:
        assert await endpoints.find(connection, consoles.own_app.id) is None
