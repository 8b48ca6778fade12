"""The device authorization grant (RFC 8628): two doors, one house for all tests, an app of its own for each."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.acts.forget_devices import KEPT, forget_devices
from gateway.acts.open_request import AskedByDevice, open_for_device
from gateway.acts.register import NewPerson, add_person
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.oauth.pushed import REQUESTS_OPENED
from gateway.doors.person.device import PER_PERSON
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import GrantType
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people.types import Role
from gateway.records.requests import devices
from gateway.records.requests.types import DEVICE_LASTS
from gateway.records.requests.user_codes import LETTERS
from gateway.terms.entropy import Entropy
from gateway.terms.ids import AskId, GrantId, RequestId
from tests.journeys.http.origin import Browser
from tests.protocol.devices import PATH, Device, Stage, confirm, enter, request_id_of, staged
from tests.protocol.keys import add_key_app, proof_of
from tests.protocol.proofs import OTHER, prove

PENDING = (400, "authorization_pending")
INVALID = (400, "invalid_grant")
PROFILE = "zalo.profile.read"


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Yield both doors, served once."""
    async with staged(tmp_path_factory.mktemp("devices")) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """Return the doors an hour later, so that no limit is left of the test before."""
    shared.wire.scene.clock.advance(timedelta(hours=1))
    return shared


@pytest.fixture
async def browser(stage: Stage) -> AsyncIterator[Browser]:
    """Yield the owner's browser, signed in."""
    async with stage.browser() as browser:
        yield browser


async def find_request_id(stage: Stage, device: Device) -> RequestId:
    """Return the id of the request behind a device's code, which no device is told."""
    async with stage.wire.house.storage.read() as connection:
        request_id = await devices.find_request_id(connection, hashed(device.codes["device_code"]))
    assert request_id is not None
    return request_id


def wait(stage: Stage, seconds: float) -> None:
    """Let time pass."""
    stage.wire.scene.clock.advance(seconds)


async def test_req_144_what_a_device_is_told(stage: Stage) -> None:
    """Both codes, where to bring the user's, how long they last and how often to ask; nothing on the way keeps it."""
    reply = await stage.ask(await stage.add_app())
    told = reply.json
    assert told.keys() == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert told["device_code"].startswith("qdc_")
    assert len(told["device_code"]) == 53
    assert told["verification_uri"] == f"{stage.wire.door.issuer}/device"
    assert told["verification_uri_complete"] == f"{told['verification_uri']}?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert reply.headers["Cache-Control"] == "no-store"


async def test_req_144_the_app_is_identified(stage: Stage) -> None:
    """No client, an unknown one, a confidential one without proof: refused; with its proof it gets codes."""
    post = stage.wire.post
    assert (await post(PATH, {})).error == (401, "invalid_client")
    assert (await post(PATH, {"client_id": "nobody"})).error == (401, "invalid_client")
    app = await add_key_app(stage.wire, "key-tivi", grant_types=(GrantType.DEVICE,))
    assert (await stage.ask(app)).error == (401, "invalid_client")
    assert (await post(PATH, proof_of(stage.wire, app))).status == 200


async def test_req_144_the_app_registered_the_grant(stage: Stage) -> None:
    """An app that did not, and one that is suspended, gets neither codes nor tokens."""
    other = await stage.add_app(grant_types=(GrantType.CODE,))
    assert (await stage.ask(other)).error == (400, "unauthorized_client")
    device = await stage.start()
    assert (await device.poll(client_id=other.id)).error == (400, "unauthorized_client")
    await suspend_app(stage.wire.house, device.app.id, Actor.system(), reason="xem lại (mẫu)")
    assert (await stage.ask(device.app)).error == (400, "unauthorized_client")
    assert (await device.poll()).error == INVALID


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"scope": "zalo.nothing"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:8401/matrix", "scope": PROFILE}, "invalid_target"),
        ({"request": "x"}, "invalid_request"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"prompt": "none"}, "consent_required"),
    ],
    ids=str,
)
async def test_what_is_asked_is_checked_as_everywhere(stage: Stage, changes: dict[str, str], error: str) -> None:
    """The table of checks judges a device's request too, but for what is about a redirect."""
    app = await stage.add_app(must_push=True)
    assert (await stage.ask(app, changes)).error == (400, error)
    assert (
        await stage.ask(app, {"state": "a\nb", "response_type": "token", "response_mode": "x", "foo": "bar"})
    ).status == 200


async def test_one_platforms_asks(stage: Stage) -> None:
    """Asks of two platforms are never one question; `resource` chooses."""
    asks = (("one", PROFILE, "crm", False), ("two", "matrix.room.read", "crm", False))
    app = await stage.wire.add_app("both", asks, grant_types=(GrantType.DEVICE,))
    assert (await stage.ask(app)).error == (400, "invalid_scope")
    assert (await stage.ask(app, {"resource": "http://127.0.0.1:8401/zalo"})).status == 200


async def test_req_011_014_016_008_the_form(stage: Stage) -> None:
    """POST and a form alone, no parameter twice, no code in an address; a flood is 429."""
    device = await stage.start()
    wire, app = stage.wire, device.app
    assert (await wire.send("GET", PATH)).error == (405, "invalid_request")
    assert (await wire.post(PATH, [("client_id", app.id), ("scope", PROFILE), ("scope", PROFILE)])).status == 400
    for kind in ("application/json", "multipart/form-data"):
        assert (await wire.send("POST", PATH, body=b"{}", headers={"Content-Type": kind})).status == 400
    beside = {"grant_type": GrantType.DEVICE.value, "client_id": app.id}
    assert (await wire.post(f"/oauth/token?device_code={device.codes['device_code']}", beside)).status == 400
    assert (await wire.post("/oauth/token", beside)).error == (400, "invalid_request")
    for _ in range(REQUESTS_OPENED.times):
        await wire.post(PATH, {})
    assert (await wire.post(PATH, {})).error == (429, "temporarily_unavailable")


async def test_req_145_pending_and_slow_down(stage: Stage) -> None:
    """In time: pending. Too soon: slow_down, and from then on five seconds more are owed, for good."""
    device = await stage.start()
    assert (await device.poll()).error == PENDING
    wait(stage, 5)
    assert (await device.poll()).error == PENDING
    wait(stage, 4.9)
    assert (await device.poll()).error == (400, "slow_down")
    wait(stage, 9.9)
    assert (await device.poll()).error == (400, "slow_down")
    wait(stage, 14.9)
    assert (await device.poll()).error == (400, "slow_down")
    for _ in range(2):
        wait(stage, 20)
        assert (await device.poll()).error == PENDING


async def test_req_145_denied(stage: Stage, browser: Browser) -> None:
    """A refusal is told as one, each time."""
    device = await stage.start()
    done = await stage.decide(browser, device, decision="refuse")
    assert "không đồng ý" in (await browser.get(done.location)).words
    for _ in range(2):
        assert (await device.poll()).error == (400, "access_denied")


async def test_req_145_expired(stage: Stage, browser: Browser) -> None:
    """After ten minutes the device hears so, and the page knows no such code; a day later nobody does."""
    device = await stage.start()
    wait(stage, DEVICE_LASTS.total_seconds() - 1)
    assert (await device.poll()).error == PENDING
    screen = await confirm(browser, device.user_code)
    wait(stage, 1)
    assert (await device.poll()).error == (400, "expired_token")
    assert (await enter(browser, device.user_code)).status == 404
    assert (await browser.get(screen.location)).status == 410
    assert "dừng" in (await browser.get(f"/device/done/{request_id_of(screen)}")).words
    await forget_devices(stage.wire.house)
    assert (await device.poll()).error == (400, "expired_token")
    stage.wire.scene.clock.advance(KEPT)
    wait(stage, 1)
    assert await forget_devices(stage.wire.house) >= 1
    assert (await device.poll()).error == INVALID


async def test_req_145_an_agreement_that_nobody_came_for(stage: Stage, browser: Browser) -> None:
    """Ten minutes are ten minutes, also after a yes."""
    device = await stage.start()
    await stage.decide(browser, device, "profile")
    stage.wire.scene.clock.advance(DEVICE_LASTS)
    assert (await device.poll()).error == (400, "expired_token")


async def test_req_146_tokens_once(stage: Stage, browser: Browser) -> None:
    """After the yes the device gets what was ticked; a second poll is refused and ends it (I3)."""
    device = await stage.start()
    done = await stage.decide(browser, device, "profile")
    page = await browser.get(done.location)
    assert "quay lại thiết bị" in page.words
    reply = await device.poll()
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.json["scope"] == PROFILE
    assert f"/permissions/{reply.json['grant_id']}" in page.text
    assert reply.json["token_type"] == "Bearer"
    fresh = await stage.wire.refresh(reply.json["refresh_token"], app=device.app)
    assert fresh.status == 200
    assert (await device.poll()).error == INVALID
    assert (await stage.wire.refresh(fresh.json["refresh_token"], app=device.app)).error == INVALID


@pytest.mark.parametrize("ends", ["before it came", "after"])
async def test_a_device_that_is_not_ones_own_ends_alone(stage: Stage, browser: Browser, ends: str) -> None:
    """By one press on the page after the yes: it gets nothing, or what it has is dead; other devices go on."""
    device = await stage.start()
    app = device.app
    own = await stage.start(app)
    await stage.decide(browser, own, "profile")
    tokens = (await own.poll()).json
    done = await stage.decide(browser, device, "send")
    got = (await device.poll()).json if ends == "after" else {}
    families = f"/permissions/{tokens['grant_id']}/families"
    page = await browser.get(done.location)
    (family_id,) = re.findall(r'name="family" value="([^"]+)"', page.text)
    ended = await browser.submit(families, {"action": "end", "family": family_id}, page=done.location)
    assert ended.location == families
    assert (await device.poll()).error == INVALID
    if got:
        assert (await stage.wire.refresh(got["refresh_token"], app=app)).error == INVALID
    over = await browser.get(done.location)
    assert "Thiết bị này đã bị ngừng" in over.words
    assert 'name="family"' not in over.text
    listed = await browser.get(families)
    assert listed.words.count("Thiết bị nối bằng mã") >= 2
    assert (await stage.wire.refresh(tokens["refresh_token"], app=app)).status == 200


async def test_req_146_bound_to_its_app(stage: Stage, browser: Browser) -> None:
    """Another app's poll and an unknown code are one answer; neither spends or slows anything."""
    device = await stage.start()
    other = await stage.add_app()
    await stage.decide(browser, device, "profile")
    assert (await device.poll(client_id=other.id)).error == INVALID
    assert (await device.poll(device_code="qdc_x")).error == INVALID
    assert (await device.poll(resource="http://127.0.0.1:8401/matrix")).error == (400, "invalid_target")
    assert (await device.poll(resource="http://127.0.0.1:8401/zalo")).status == 200


async def test_req_115_bound_to_its_key(stage: Stage, browser: Browser) -> None:
    """A code that was asked for with a key is spent with that key alone, and buys tokens bound to it."""
    app = await stage.add_app(binds_tokens=True)
    told = await stage.ask(app, proof=await prove(stage.wire, PATH))
    device = Device(stage.wire, app, told.json)
    await stage.decide(browser, device, "profile")
    assert (await device.poll()).error == (400, "invalid_dpop_proof")
    assert (await device.poll(headers=await prove(stage.wire, key=OTHER))).error == INVALID
    reply = await device.poll(headers=await prove(stage.wire))
    assert (reply.status, reply.json["token_type"]) == (200, "DPoP")


async def test_req_145_a_yes_that_was_taken_back(stage: Stage, browser: Browser) -> None:
    """What the person withdraws before the device asks, it never gets."""
    device = await stage.start()
    page = await browser.get((await stage.decide(browser, device, "profile")).location)
    grant_id = GrantId("gr_" + page.text.partition("/permissions/gr_")[2][:22])
    await withdraw(stage.wire.house, grant_id, Actor(ActorKind.PERSON, stage.wire.scene.owner.id))
    assert (await device.poll()).error == INVALID


async def test_req_147_ten_wrong_codes(stage: Stage, browser: Browser) -> None:
    """Ten wrong ones lock the eleventh, be it right; another person and a later hour are free."""
    device = await stage.start()
    for number in range(PER_PERSON.times):
        wrong = "".join(LETTERS[(number + place) % 18] for place in range(8)) if number % 2 else "not a code"
        page = await enter(browser, wrong)
        assert (page.status, device.app.name in page.words) == (404, False)
    page = await enter(browser, device.user_code)
    assert (page.status, int(page.headers["Retry-After"]) > 0) == (429, True)
    async with stage.origin.browser() as other:
        assert (await enter(await other.sign_in_as(stage.wire.scene.other_owner), device.user_code)).status == 200
    wait(stage, 90)
    assert (await enter(browser, device.user_code)).status == 200


async def test_req_147_typed_any_way(stage: Stage, browser: Browser) -> None:
    """Small letters, without the dash, with spaces: it is the code; a right one is never counted."""
    device = await stage.start()
    for _ in range(PER_PERSON.times + 1):
        page = await enter(browser, f" {device.user_code.lower().replace('-', ' ')} ")
        assert (page.status, device.user_code in page.words) == (200, True)


async def test_req_148_the_page_names_app_place_and_time(stage: Stage, browser: Browser) -> None:
    """Who asks, whether anyone checked them, when and from where, the code, and what to do if someone sent it."""
    device = await stage.start(await stage.add_app(reviewed_at=None))
    page = await enter(browser, device.user_code)
    for words in (
        device.app.name,
        "Công ty (mẫu)",
        "127.0.0.1",
        device.user_code,
        "Ai đó gửi cho bạn mã",
        "Chưa xác minh",
    ):
        assert words in page.words
    assert "checked" not in page.text
    assert "cũng là của bạn lúc này, nhưng điều đó không chứng tỏ thiết bị là của bạn" in page.words
    english = await browser.submit("/device?lang=en", {"user_code": device.user_code})
    assert "Did someone send you this code" in english.words
    assert "many people share one address" in english.words
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


async def test_req_148_the_screen_is_the_one_that_everyone_sees(stage: Stage, browser: Browser) -> None:
    """The consent screen with nothing ticked, whose form leads nowhere else, and which says where one goes after."""
    device = await stage.start(scope=PROFILE)
    screen = await browser.get((await confirm(browser, device.user_code)).location)
    assert screen.boxes == {f"{device.app.id}_profile"}
    assert screen.policy == "'self'"
    assert "bạn quay lại thiết bị" in screen.words


async def test_req_148_the_short_screen_says_that_a_device_gets_access(stage: Stage, browser: Browser) -> None:
    """Where all was agreed to before, one press lets a device in: the page says so, and sends nobody to a domain."""
    first = await stage.start(scope=PROFILE)
    assert (await stage.decide(browser, first, "profile")).status == 303
    second = await stage.start(first.app, scope=PROFILE)
    screen = await browser.get((await confirm(browser, second.user_code)).location)
    assert (screen.boxes, screen.policy) == (set(), "'self'")
    assert "thì thiết bị mà bạn vừa xác nhận có quyền" in screen.words
    assert "bạn quay lại thiết bị" in screen.words
    assert "bạn trở về" not in screen.words


async def test_req_149_a_link_with_the_code_approves_nothing(stage: Stage, browser: Browser) -> None:
    """It fills the form in; nothing is looked up, and the device goes on waiting."""
    device = await stage.start()
    path = device.codes["verification_uri_complete"].removeprefix(stage.wire.door.issuer)
    page = await browser.get(path)
    assert f'value="{device.user_code}"' in page.text
    assert device.app.name not in page.words
    assert (await device.poll()).error == PENDING
    assert 'value=""' in (await browser.get("/device?user_code=%22%3E%3Cscript%3E")).text


async def test_req_149_only_the_tick_opens_the_screen(stage: Stage, browser: Browser) -> None:
    """Neither a right code, nor the button without the tick, nor the request's own address gets past the question."""
    device = await stage.start()
    assert (await enter(browser, device.user_code)).status == 200
    unticked = await enter(browser, device.user_code, decision="continue")
    assert (unticked.status, "Chưa xác nhận" in unticked.words) == (400, True)
    assert (await enter(browser, device.user_code, decision="stay", confirm="yes")).status == 204
    request_id = await find_request_id(stage, device)
    assert (await browser.get(f"/consent/{request_id}")).status == 404
    assert (await browser.get(f"/device/done/{request_id}")).status == 404
    screen = await confirm(browser, device.user_code)
    assert request_id_of(screen) == request_id
    assert (await browser.get(f"/device/done/{request_id}")).location == f"/consent/{request_id}"
    assert (await browser.get(screen.location)).status == 200


async def test_req_149_it_is_theirs_who_confirmed(stage: Stage, browser: Browser) -> None:
    """To everyone else the code is unknown then, and so are its pages; they themselves may type it again."""
    device = await stage.start()
    screen = await confirm(browser, device.user_code)
    async with stage.origin.browser() as other:
        await other.sign_in_as(stage.wire.scene.other_owner)
        assert (await enter(other, device.user_code)).status == 404
        assert (await other.get(screen.location)).status == 404
        assert (await other.get(f"/device/done/{request_id_of(screen)}")).status == 404
    assert (await enter(browser, device.user_code)).status == 200


async def test_two_who_confirm_at_once(stage: Stage, browser: Browser) -> None:
    """One of them has it."""
    device = await stage.start()
    async with stage.origin.browser() as other:
        await other.sign_in_as(stage.wire.scene.other_owner)
        pages = await asyncio.gather(confirm(browser, device.user_code), confirm(other, device.user_code))
    assert sorted(page.status for page in pages) == [303, 404]


async def test_someone_elses_device_is_stopped(stage: Stage, browser: Browser) -> None:
    """The person says that it is not theirs: the device hears it, the code is dead, nothing was decided."""
    device = await stage.start()
    stopped = await enter(browser, device.user_code, decision="stop")
    assert "đừng nhập mã nào khác" in (await browser.get(stopped.location)).words
    assert (await device.poll()).error == (400, "access_denied")
    assert (await confirm(browser, device.user_code)).status == 404


async def test_req_150_login_and_token(stage: Stage) -> None:
    """A stranger is sent to sign in and comes back with the code; a form of another page is 403; staff may not."""
    device = await stage.start()
    async with stage.origin.browser() as browser:
        sent = await browser.get(f"/device?user_code={device.user_code}")
        assert sent.location == f"/sign-in?return_to=%2Fdevice%3Fuser_code%3D{device.user_code}"
        assert (await browser.post("/device", {"user_code": device.user_code})).location.startswith("/sign-in")
        await browser.sign_in_as(stage.wire.scene.owner)
        wanted = {"user_code": device.user_code, "confirm": "yes", "decision": "continue"}
        assert (await browser.post("/device", wanted)).status == 403
        assert (await browser.post("/device", {**wanted, "csrf_token": "x"})).status == 403
        staff = NewPerson("van-hanh", "van-hanh (mẫu)", frozenset({Role.OPERATOR}), None)
        await browser.sign_in_as(await add_person(stage.wire.house, staff, Actor.system()))
        assert (await browser.get("/device")).status == 403
    assert (await device.poll()).error == PENDING


async def test_a_suspended_apps_code_is_unknown(stage: Stage, browser: Browser) -> None:
    """Whom an operator stopped, nobody is asked for."""
    device = await stage.start()
    await suspend_app(stage.wire.house, device.app.id, Actor.system(), reason="xem lại (mẫu)")
    assert (await enter(browser, device.user_code)).status == 404


async def test_r17_a_refusal_is_remembered(stage: Stage, browser: Browser) -> None:
    """The same app asks again from a device: what was refused is not shown at once."""
    device = await stage.start()
    await stage.decide(browser, device, decision="refuse")
    again = await stage.start(device.app)
    screen = await browser.get((await confirm(browser, again.user_code)).location)
    assert "Bạn đã từ chối ngày" in screen.words


async def test_req_159_a_device_may_want_a_newer_sign_in(stage: Stage, browser: Browser) -> None:
    """An old session signs in again before the screen; a class that cannot be had ends it, and the device hears no."""
    wait(stage, 1)
    device = await stage.start(max_age="0")
    screen = await confirm(browser, device.user_code)
    assert (await browser.get(screen.location)).location.startswith("/sign-in?return_to=%2Fconsent%2F")
    device = await stage.start(acr_values="urn:nothing")
    async with stage.browser() as fresh:
        screen = await confirm(fresh, device.user_code)
        assert (await fresh.get(screen.location)).status == 403
    assert (await device.poll()).error == (400, "access_denied")


async def test_req_089_the_metadata_names_it(stage: Stage) -> None:
    """Endpoint and grant type stand in the document."""
    document = (await stage.wire.send("GET", "/.well-known/oauth-authorization-server")).json
    assert document["device_authorization_endpoint"] == f"{stage.wire.door.issuer}{PATH}"
    assert GrantType.DEVICE.value in document["grant_types_supported"]


async def test_codes_at_rest(stage: Stage) -> None:
    """Neither code stands in the database: one as a hash, the short one under a key."""
    device = await stage.start()
    async with stage.wire.house.storage.read() as connection:
        kept = await devices.find_of_request(connection, await find_request_id(stage, device))
    assert kept is not None
    assert (len(kept.hashed_code), len(kept.hashed_user_code)) == (32, 32)
    assert device.user_code not in repr(kept)
    assert device.codes["device_code"] not in repr(kept)


class SameFirstCode:
    """Draws the same user code first, whatever was drawn before; everything else is fresh."""

    def __init__(self, fresh: Entropy) -> None:
        self._fresh, self._short_draws = fresh, 0

    def token(self, length_bytes: int) -> bytes:
        """The second draw of 16 bytes is a user code's; the first is the id of its request."""
        self._short_draws += length_bytes == 16
        return bytes(16) if length_bytes == 16 and self._short_draws == 2 else self._fresh.token(length_bytes)


async def test_two_devices_never_show_one_code(stage: Stage) -> None:
    """A user code that another device shows is drawn anew."""
    app, house = await stage.add_app(), stage.wire.house
    asked = AskedByDevice(app.id, (AskId(f"{app.id}_profile"),), "192.0.2.1")
    first, second = [
        await open_for_device(replace(house, entropy=SameFirstCode(house.entropy)), asked) for _ in range(2)
    ]
    assert first.user_code == LETTERS[0] * 8
    assert second.user_code != first.user_code
    assert second.raw_code != first.raw_code
