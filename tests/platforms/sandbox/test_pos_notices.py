"""What the sample app does with what the gateway tells it: verifies with the published library, keeps once, shows."""

import hmac
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from gateway.terms.clock import SystemClock
from tests.platforms.sandbox.gateway_stand_in import CONFIDENTIAL, PUBLIC
from tests.platforms.sandbox.pos_fixtures import Page, Pos, move, serve_pos
from tests.platforms.sandbox.still import CountedEntropy, StillClock

SECRET = "whsec_" + "QUJD" * 12
OTHER = "whsec_" + "REVG" * 12
ASKS = [
    {"ask": "crm_phone", "state": "withdrawn", "wanted": "stop", "before": {"state": "granted", "ends_at": None}},
    {"ask": "crm_name", "state": "granted", "wanted": "use"},
]


def body_of(notice_id: str = "nt_1", **data: Any) -> bytes:
    """Return a notice's body."""
    told = {"grant_id": "gr_1", "version": 2, "account": "4000000000000001", "asks": ASKS, **data}
    return orjson.dumps(
        {"id": notice_id, "type": "quyen.grant.withdrawn", "time": "2026-11-21T02:00:00.000000Z", "data": told}
    )


async def send(pos: Pos, body: bytes, *, secret: str = SECRET, late: timedelta = timedelta()) -> tuple[int, Page]:
    """Send a signed notice to the app; return its answer's status, and its first page afterwards."""
    at = SystemClock().now() - late
    headers = {
        "webhook-id": "nt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("nt_1", at, body.decode(errors="replace")),
    }
    async with pos.browser._session.post(pos.browser.base + "/notices", data=body, headers=headers) as answer:
        return answer.status, await pos.browser.get("/")


@pytest.fixture
async def told(pos: Pos) -> Any:
    """Yield the sample app with a secret for its first client."""
    apps = tuple(
        app.model_copy(update={"notice_secret": SECRET if app.client_id == CONFIDENTIAL else OTHER})
        for app in pos.config.apps
    )
    config = move(pos.config, apps=apps)
    apps = tuple(app.model_copy(update={"redirect_uri": f"{config.public_url}/callback"}) for app in apps)
    config = config.model_copy(update={"apps": apps})
    async with serve_pos(config, StillClock(), CountedEntropy()) as browser:
        yield Pos(config, pos.knobs, browser)


async def test_a_signed_notice_is_shown_at_its_app_once(told: Pos) -> None:
    """The secret tells which client it is for; the same id a second time changes nothing."""
    assert (await send(told, body_of()))[0] == 204
    status, page = await send(told, body_of())
    assert status == 204
    assert page.text.count("data-notice=") == 1
    mine = page.text.split(f'data-app="{CONFIDENTIAL}"')[1].split(f'data-app="{PUBLIC}"')[0]
    assert 'data-ask="crm_phone" data-state="withdrawn"' in mine
    assert "crm_name" not in mine
    assert "Đã rút lại quyền" in mine
    assert (await send(told, body_of("nt_2"), secret=OTHER))[1].text.count("data-notice=") == 2


@pytest.mark.parametrize("late", [timedelta(minutes=10), timedelta(minutes=-10)])
async def test_an_old_notice_is_refused(told: Pos, late: timedelta) -> None:
    """Whoever kept a signed notice cannot bring it again later."""
    status, page = await send(told, body_of(), late=late)
    assert (status, "data-notice=" in page.text) == (401, False)


def native(said: str, key: str, *, app_id: str = CONFIDENTIAL) -> tuple[bytes, dict[str, str]]:
    """Return an event in Zalo's own form, and the header that signs it."""
    body = orjson.dumps(
        {
            "app_id": app_id,
            "event_name": "user_send_text",
            "timestamp": "1795226400000",
            "recipient": {"id": "4000000000000001"},
            "message": {"text": said},
        }
    )
    mac = sha256(app_id.encode() + body + b"1795226400000" + key.encode()).hexdigest()
    return body, {"X-ZEvent-Signature": f"mac={mac}", "webhook-id": "nt_9"}


async def test_an_event_in_zalos_own_form_is_shown(told: Pos) -> None:
    """Verified by the key that belongs to the client's secret; under another key, or for another client, refused."""
    key = b64encode(hmac.digest(b64decode(SECRET[6:]), b"native events", "sha256")[:30]).decode()
    url, session = told.browser.base + "/notices", told.browser._session
    wrong = [native("Sai", "another"), native("Sai", key, app_id=PUBLIC), native("Sai", key, app_id="nobody")]
    odd = [(b"{}", {"X-ZEvent-Signature": "mac="}), (b"x" * 300_001, {"X-ZEvent-Signature": "mac="})]
    for body, headers in [*wrong, *odd]:
        async with session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 401
    body, headers = native("Tiệm còn bánh không?", key)
    async with session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200
    page = await told.browser.get("/")
    assert "Khách nhắn" in page.text
    assert "Tiệm còn bánh không?" in page.text
    assert "Sai" not in page.text


async def test_what_is_not_signed_is_refused(told: Pos) -> None:
    """Another's secret, no header, an odd header, a body beyond the bound: 401, and nothing shown."""
    assert (await send(told, body_of(), secret="whsec_" + "WFla" * 12))[0] == 401
    assert (await send(told, body_of(account="x" * 30_000)))[0] == 401
    for headers in ({}, {"webhook-id": "a", "webhook-timestamp": "x", "webhook-signature": "v1"}):
        async with told.browser._session.post(told.browser.base + "/notices", data=b"{}", headers=headers) as answer:
            assert answer.status == 401
    assert "data-notice=" not in (await told.browser.get("/")).text


async def test_a_signed_body_that_is_no_notice_is_refused(told: Pos) -> None:
    """The gateway's signature on something else: 422, and the page still stands."""
    status, page = await send(told, b"[]")
    assert (status, page.status) == (422, 200)
