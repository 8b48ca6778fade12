"""Files: closed to who may only read messages, open item by item to the archive's app."""

import io

import nio
import pytest

from tests.platforms.synapse.desk import Desk, Grant
from tests.services.matrix_user import MatrixUser

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
UPLOAD = "/_matrix/media/v3/upload"


async def put_file(user: MatrixUser, content: bytes, media_type: str, name: str) -> str:
    """Upload a file at the homeserver itself; return its address."""
    headers = {"Authorization": f"Bearer {user.access_token}", "Content-Type": media_type}
    params = {"filename": name}
    async with user.http.post(UPLOAD, data=content, headers=headers, params=params, raise_for_status=True) as answer:
        uri: str = (await answer.json())["content_uri"]
        return uri


async def test_without_the_scope_no_file_goes_either_way(quiet_desk: Desk, reader: Grant) -> None:
    """Reading messages opens neither upload nor download; the homeserver hears of neither."""
    uri = await put_file(quiet_desk.buyer, PICTURE, "image/png", "anh.png")
    with quiet_desk.tap.watched() as arrived:
        async with reader.app.client(reader.token) as client:
            up, _ = await client.upload(lambda _limited, _timeouts: io.BytesIO(PICTURE), "image/png", "anh.png")
            down = await client.download(uri)
    assert isinstance(up, nio.UploadError)
    assert up.status_code == "M_FORBIDDEN"
    # matrix-nio takes every body for the file whose type is not exactly application/json; ours is problem+json.
    assert down.transport_response.status == 403
    assert (await down.transport_response.json())["errcode"] == "M_FORBIDDEN"
    assert arrived == []


async def test_with_the_scope_a_customers_file_is_downloaded_as_it_is(quiet_desk: Desk, archivist: Grant) -> None:
    """Byte for byte, with its type, and with nothing that a browser would run."""
    uri = await put_file(quiet_desk.buyer, PICTURE, "image/png", "anh.png")
    async with archivist.app.client(archivist.token) as client:
        found = await client.download(uri)
    assert isinstance(found, nio.MemoryDownloadResponse), found
    assert (found.body, found.content_type) == (PICTURE, "image/png")
    assert found.transport_response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_with_the_scope_a_file_is_uploaded_under_the_accounts_name(quiet_desk: Desk, archivist: Grant) -> None:
    """What matrix-nio uploads through the gateway is what the homeserver serves to the account."""
    async with archivist.app.client(archivist.token) as client:
        made, _ = await client.upload(
            lambda _limited, _timeouts: io.BytesIO(PICTURE), "image/png", "anh.png", filesize=len(PICTURE)
        )
    assert isinstance(made, nio.UploadResponse), made
    target = "/_matrix/client/v1/media/download/" + made.content_uri.removeprefix("mxc://")
    headers = {"Authorization": f"Bearer {quiet_desk.merchant.access_token}"}
    async with quiet_desk.merchant.http.get(target, headers=headers, raise_for_status=True) as answer:
        assert await answer.read() == PICTURE


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml"])
async def test_what_a_browser_would_run_is_not_passed_on(quiet_desk: Desk, archivist: Grant, media_type: str) -> None:
    """A page or a drawing with scripts is refused going up, and coming down nothing of it leaves."""
    page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    with quiet_desk.tap.watched() as arrived:
        up = await archivist.app.call(archivist.token, UPLOAD, "POST", data=page, headers={"Content-Type": media_type})
    assert up.told == (415, "unsupported_media", "M_NOT_JSON")
    assert arrived == []
    uri = await put_file(quiet_desk.buyer, page, media_type, "trang")
    target = "/_matrix/client/v1/media/download/" + uri.removeprefix("mxc://")
    down = await archivist.app.call(archivist.token, target)
    assert down.told == (502, "upstream_malformed", "M_UNKNOWN")
    assert b"script" not in down.body
