"""The stand-in's uploads against the platform facts A3 and A4."""

from datetime import timedelta
from io import BytesIO

import aiohttp
import pytest

from gateway.sandbox.zalo import files
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID, FLORIST_ID
from tests.platforms.sandbox.still import StillClock
from tests.platforms.sandbox.zalo_caller import Json, ZaloCaller

PERSON = BAKERY.followers[0].user_id
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def upload(zalo: ZaloCaller, token: str, kind: str = "image", name: str = "a.png", content: bytes = PNG) -> Json:
    """Upload a file as an app does."""
    form = aiohttp.FormData()
    form.add_field("file", BytesIO(content), filename=name, content_type="application/octet-stream")
    return await zalo.json("POST", f"/v2.0/oa/upload/{kind}", headers={"access_token": token}, data=form)


async def send_image(zalo: ZaloCaller, token: str, attachment_id: str) -> Json:
    """Send a picture that was uploaded."""
    element = {"media_type": "image", "attachment_id": attachment_id}
    attachment = {"type": "template", "payload": {"template_type": "media", "elements": [element]}}
    body = {"recipient": {"user_id": PERSON}, "message": {"attachment": attachment}}
    return await zalo.json("POST", "/v3.0/oa/message/cs", headers={"access_token": token}, json=body)


async def test_an_attachment_lives_seven_days_for_its_oa(zalo: ZaloCaller, token: str, clock: StillClock) -> None:
    """It is listed as the picture that was sent; another OA cannot send it; after seven days it is -100."""
    attachment_id = (await upload(zalo, token))["data"]["attachment_id"]
    assert (await send_image(zalo, token, attachment_id))["error"] == 0
    row = (await zalo.get("/v2.0/oa/listrecentchat", token, offset=0, count=1))["data"][0]
    assert (row["type"], row["url"]) == ("photo", attachment_id)
    other = (await zalo.link(FLORIST_ID))["access_token"]
    assert (await send_image(zalo, other, attachment_id))["error"] in {-201, -213}
    await zalo.json("POST", "/_sandbox/incoming", json={"oa_id": BAKERY_ID, "user_id": PERSON, "text": "alo"})
    clock.advance(timedelta(days=7))
    token = (await zalo.link())["access_token"]
    assert await send_image(zalo, token, attachment_id) == {"error": -100, "message": "attachment_id was expired"}


@pytest.mark.parametrize(
    "kind, name, content, error",
    [
        ("image", "a.png", PNG, 0),
        ("image", "a.gif", PNG, -201),
        ("image", "png", PNG, -201),
        ("image", "a.png", b"", -210),
        ("image", "a.png", bytes((1 << 20) + 1), -210),
        ("gif", "a.gif", bytes(1 << 20), 0),
        ("file", "a.docx", b"PK", 0),
        ("file", "a.xlsx", b"PK", -201),
    ],
)
async def test_what_is_taken(zalo: ZaloCaller, token: str, kind: str, name: str, content: bytes, error: int) -> None:
    """By the name's end and the size."""
    assert (await upload(zalo, token, kind, name, content))["error"] == error


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x"])
async def test_a_body_without_a_file(zalo: ZaloCaller, token: str, content_type: str) -> None:
    """No boundary, or no part of that name."""
    data = b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\ny\r\n--x--'
    headers = {"access_token": token, "Content-Type": content_type}
    answer = await zalo.json("POST", "/v2.0/oa/upload/file", headers=headers, data=data)
    assert answer == {"error": -201, "message": "file is invalid!"}


async def test_a_month_has_its_allowance(
    zalo: ZaloCaller, token: str, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many uploads in a month; the next month counts anew."""
    monkeypatch.setattr(files, "LIMIT_IN_A_MONTH", 2)
    assert [(await upload(zalo, token))["error"] for _ in range(3)] == [0, 0, -211]
    clock.advance(timedelta(days=12))
    token = (await zalo.link())["access_token"]
    assert (await upload(zalo, token))["error"] == 0


async def test_more_than_any_upload_is_cut_off(zalo: ZaloCaller, token: str) -> None:
    """The stand-in reads no endless body."""
    headers = {"access_token": token}
    status, _, _ = await zalo.raw("POST", "/v2.0/oa/upload/file", headers=headers, data=BytesIO(bytes(9 << 20)))
    assert status == 413
