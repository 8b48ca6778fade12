"""Uploads through the gateway, against a Zalo that keeps what it was sent and lets it be attached."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest

from gateway.records.trace.types import Outcome
from gateway.sandbox.zalo.seeds import BAKERY
from tests.platforms.zalo.apps import EVERY_SCOPE, app_with, trace_of
from tests.platforms.zalo.stage import SEND, AppCaller, Reply, Stage

PERSON = BAKERY.followers[6].user_id
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
GIF = b"GIF89a" + bytes(3000)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 300
UPLOADS = [
    ("image", "anh.png", "image/png", PNG, "upload_image"),
    ("image", "ảnh bánh.jpg", "image/jpeg", b"\xff\xd8\xff\xe0" + PNG, "upload_image"),
    ("gif", "dong.gif", "image/gif", GIF, "upload_gif"),
    ("file", "bao-gia.pdf", "application/pdf", PDF, "upload_file"),
    ("file", "don.csv", "text/csv", "mã;tên\r\n1;Khách (mẫu)\r\n".encode(), "upload_file"),
]


def file_of(name: str, media_type: str, content: bytes) -> aiohttp.FormData:
    """Return form data as clients write it."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", BytesIO(content), filename=name, content_type=media_type)
    return form


async def upload(app: AppCaller, kind: str, name: str, media_type: str, content: bytes) -> Reply:
    """Upload a file."""
    return await app.call(f"/zalo/v2.0/oa/upload/{kind}", "POST", data=file_of(name, media_type, content))


@pytest.mark.parametrize("kind, name, media_type, content, route", UPLOADS)
async def test_a_file_goes_through_framed_anew(
    shared: Stage, kind: str, name: str, media_type: str, content: bytes, route: str
) -> None:
    """With the one scope: Zalo gets one part with a boundary of the gateway's, and the length that it has; traced."""
    app = await app_with(shared, "zalo.media.send")
    reply = await upload(app, kind, name, media_type, content)
    assert (reply.status, reply.json["error"]) == (200, 0), reply.body
    assert set(reply.json["data"]) == ({"token"} if kind == "file" else {"attachment_id"})
    arrival = (await shared.arrived())[-1]
    own = arrival["headers"]["Content-Type"].partition("; boundary=")[2]
    assert own.startswith("up_")
    assert f'name="file"; filename="{name}"\r\nContent-Type: {media_type}\r\n\r\n' in arrival["body"]
    assert "Transfer-Encoding" not in arrival["headers"]
    framing = f'--{own}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {media_type}'
    rest = len(framing.encode()) + len(f"\r\n\r\n\r\n--{own}--\r\n")
    assert int(arrival["headers"]["Content-Length"]) == rest + len(content)
    found, ending = await trace_of(shared, reply)
    assert (found, ending.outcome, ending.subjects) == (route, Outcome.PASSED, 0)


async def test_what_was_uploaded_can_be_sent(shared: Stage, everything: AppCaller) -> None:
    """The picture's id and the file's token are good in a message; those of another kind are not."""
    picture = (await upload(everything, "image", "a.png", "image/png", PNG)).json["data"]["attachment_id"]
    token = (await upload(everything, "file", "a.pdf", "application/pdf", PDF)).json["data"]["token"]
    element = {"media_type": "image", "attachment_id": picture}
    media = {"type": "template", "payload": {"template_type": "media", "elements": [element]}}
    for attachment, error in [
        (media, 0),
        ({"type": "file", "payload": {"token": token}}, 0),
        ({"type": "file", "payload": {"token": picture}}, -201),
        ({"type": "file", "payload": {"token": "unknown"}}, -201),
    ]:
        body = {"recipient": {"user_id": PERSON}, "message": {"attachment": attachment}}
        assert (await everything.call(SEND, "POST", json=body)).json["error"] == error


@pytest.mark.parametrize("kind", ["image", "gif", "file"])
async def test_not_agreed_nothing_is_read_or_sent(shared: Stage, kind: str) -> None:
    """With every other scope an upload is refused in Zalo's words."""
    app = await app_with(shared, *(scope for scope in EVERY_SCOPE if scope != "zalo.media.send"))
    before = len(await shared.arrived())
    data: Any = file_of("a.png", "image/png", PNG)
    path = f"/zalo/v2.0/oa/upload/{kind}"
    reply = await app.call(path, "POST", headers={"access_token": app.token}, data=data)
    assert (reply.json["error"], reply.code) == (-223, "insufficient_scope")
    assert len(await shared.arrived()) == before


@pytest.mark.parametrize(
    "kind, name, media_type, content, code",
    [
        ("image", "a.gif", "image/gif", GIF, "unsupported_media"),
        ("image", "a.png", "image/png", GIF, "unsupported_media"),
        ("gif", "a.png", "image/png", PNG, "unsupported_media"),
        ("file", "a.exe", "application/pdf", PDF, "unsupported_media"),
        ("file", "a.html", "text/html", b"<script>", "unsupported_media"),
        ("image", "a.png", "image/png", PNG.ljust((1 << 20) + 1, b"x"), "too_large"),
        ("image", "a.png", "image/png", PNG.ljust(6 << 20, b"x"), "too_large"),
        ("gif", "a.gif", "image/gif", GIF.ljust((5 << 20) + 1, b"x"), "too_large"),
        ("image", "../a.png", "image/png", PNG, "bad_body"),
    ],
)
async def test_a_file_of_another_kind_or_size_never_begins(
    shared: Stage, everything: AppCaller, kind: str, name: str, media_type: str, content: bytes, code: str
) -> None:
    """What the length, the part's headers and the first bytes tell is judged before anything goes to Zalo."""
    before = len(await shared.arrived())
    reply = await upload(everything, kind, name, media_type, content)
    assert reply.code == code, reply.body
    _, ending = await trace_of(shared, reply)
    assert (ending.outcome, ending.reason) == (Outcome.REFUSED, code)
    assert len(await shared.arrived()) == before


async def test_a_largest_file_passes(shared: Stage, everything: AppCaller) -> None:
    """Five megabytes to the byte."""
    content = PDF.ljust(5 << 20, b"x")
    assert (await upload(everything, "file", "a.pdf", "application/pdf", content)).json["error"] == 0


async def test_an_upload_without_a_body_is_none(shared: Stage, everything: AppCaller) -> None:
    """No file, or JSON in its place; a query is nothing that an upload takes."""
    before = len(await shared.arrived())
    path = "/zalo/v2.0/oa/upload/image"
    assert (await everything.call(path, "POST")).code == "bad_body"
    assert (await everything.call(path, "POST", json={"file": "x"})).code == "unsupported_media"
    data: Any = file_of("a.png", "image/png", PNG)
    assert (await everything.call(f"{path}?data=%7B%7D", "POST", data=data)).code == "bad_target"
    assert len(await shared.arrived()) == before
