"""Form data of one file, read in whatever pieces it comes; every lie in it is refused."""

import pytest

from gateway.doors.calls.multipart import LIMIT_PART_HEADERS, PartReader, read_boundary
from gateway.terms.refusal import Refusal
from scopes import UploadRule, load_catalogue

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3
HEADERS = b'Content-Disposition: form-data; name="file"; filename="anh.png"\r\nContent-Type: image/png'


def rule_of(route: str) -> UploadRule:
    """Return the rule of one of Zalo's uploads."""
    body = load_catalogue().platforms["zalo"].routes[route].body
    assert body is not None
    assert body.upload is not None
    return body.upload


def form(
    content: bytes = PNG, headers: bytes = HEADERS, *, end: bytes = b"\r\n--b--\r\n", start: bytes = b"--b\r\n"
) -> bytes:
    """Return form data with boundary `b`."""
    return start + headers + b"\r\n\r\n" + content + end


def read(body: bytes, piece: int, route: str = "upload_image") -> tuple[PartReader, bytes]:
    """Read a body in pieces of so many bytes."""
    reader = PartReader(b"b", rule_of(route))
    found = b"".join(reader.feed(body[at : at + piece]) for at in range(0, len(body), piece))
    reader.finish()
    return reader, found


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 16, 64, 100_000])
@pytest.mark.parametrize("end", [b"\r\n--b--", b"\r\n--b--\r\n"])
@pytest.mark.parametrize("content", [PNG, PNG[:8], PNG + b"\r\n--", PNG + b"\r\n\r\n--", PNG + b"\r\n-\r\n--a"])
def test_the_file_is_the_same_however_it_comes(piece: int, end: bytes, content: bytes) -> None:
    """Also where it holds what looks like the beginning of a boundary."""
    reader, found = read(form(content, end=end), piece)
    assert (found, reader.size, reader.rest) == (content, len(content), end[7:])
    assert reader.part is not None
    assert (reader.part.file_name, reader.part.kind.media_type) == ("anh.png", "image/png")
    assert reader.opening == len(form(b"", end=b""))


def disposition(text: str, media_type: str = "image/png", *more: str) -> bytes:
    """Return the headers of a part."""
    lines = [f"Content-Disposition: form-data; {text}", f"Content-Type: {media_type}", *more]
    return "\r\n".join(lines).encode()


GOOD = 'name="file"; filename="a.png"'
LIES = {
    "a preamble": form(start=b"hello\r\n--b\r\n"),
    "a leading line": form(start=b"\r\n--b\r\n"),
    "another boundary": form(start=b"--c\r\n"),
    "a longer boundary": form(start=b"--bb\r\n"),
    "no last boundary": form(end=b""),
    "half a last boundary": form(end=b"\r\n--b"),
    "a half closed boundary": form(end=b"\r\n--b-"),
    "half a line end": form(end=b"\r\n--b--\r"),
    "an epilogue": form(end=b"\r\n--b--\r\nmore"),
    "two line ends": form(end=b"\r\n--b--\r\n\r\n"),
    "a second part": form(end=b"\r\n--b\r\n" + HEADERS + b"\r\n\r\n" + PNG + b"\r\n--b--\r\n"),
    "a second field": form(end=b'\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n--b--\r\n'),
    "a boundary in the file": form(PNG + b"\r\n--bx" + PNG),
    "white space after the boundary": form(end=b"\r\n--b \r\n"),
    "no headers": b"--b\r\n\r\n" + PNG + b"\r\n--b--",
    "bare line feeds": form().replace(b"\r\n", b"\n"),
    "another part's name": form(headers=disposition('name="image"; filename="a.png"')),
    "no file name": form(headers=disposition('name="file"')),
    "no name": form(headers=disposition('filename="a.png"')),
    "two names": form(headers=disposition('name="file"; name="file"; filename="a.png"')),
    "two file names": form(headers=disposition(GOOD + '; filename="b.png"')),
    "an extended file name": form(headers=disposition(GOOD + "; filename*=utf-8''b.png")),
    "a quoted quote": form(headers=disposition('name="file"; filename="a\\".png"')),
    "no quotes": form(headers=disposition("name=file; filename=a.png")),
    "a path": form(headers=disposition('name="file"; filename="../a.png"')),
    "a backslash path": form(headers=disposition('name="file"; filename="C:\\a.png"')),
    "a control character": form(headers=disposition('name="file"; filename="a\x07.png"')),
    "a turned name": form(headers=disposition('name="file"; filename="a\u202egnp.png"')),
    "an empty name": form(headers=disposition('name="file"; filename=""')),
    "an attachment": form(headers=b'Content-Disposition: attachment; name="file"; filename="a.png"'),
    "a folded header": form(headers=HEADERS + b"\r\n  x"),
    "an unknown header": form(headers=HEADERS + b"\r\nX-Secret: 1"),
    "a header twice": form(headers=HEADERS + b"\r\nContent-Type: image/png"),
    "a header without a colon": form(headers=HEADERS + b"\r\nnothing"),
    "a header in another coding": form(headers=HEADERS.replace(b"anh", b"\xff")),
    "endless headers": form(headers=HEADERS + b"\r\nContent-Length: " + b" " * LIMIT_PART_HEADERS + b"9"),
    "a longer length": form(headers=HEADERS + b"\r\nContent-Length: %d" % (len(PNG) + 1)),
    "a shorter length": form(headers=HEADERS + b"\r\nContent-Length: 1"),
    "a malformed length": form(headers=HEADERS + b"\r\nContent-Length: 1e3"),
    "nothing": b"",
    "only a boundary": b"--b--\r\n",
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_lies_about_the_form_are_refused(lie: str, piece: int) -> None:
    """Whatever could be read in two ways, or hides a second thing."""
    with pytest.raises(Refusal) as caught:
        read(LIES[lie], piece)
    assert caught.value.reason == "bad_body"


UNTYPED = b'Content-Disposition: form-data; name="file"; filename="a.png"'


@pytest.mark.parametrize("headers", [UNTYPED, disposition(GOOD, "application/octet-stream")])
def test_where_no_type_is_told_name_and_bytes_say_it(headers: bytes) -> None:
    """Clients that know no type leave it out or say any bytes; upstream it is called what it is."""
    reader, _ = read(form(headers=headers), 100_000)
    assert reader.part is not None
    assert reader.part.kind.media_type == "image/png"


OTHERS = {
    "another type": (PNG, disposition(GOOD, "image/gif")),
    "no type of other bytes": (b"\xff\xd8\xff" + PNG, UNTYPED),
    "any bytes, and another extension": (PNG, disposition('name="file"; filename="a.jpg"', "application/octet-stream")),
    "a type that is none": (PNG, disposition(GOOD, "png")),
    "another extension": (PNG, disposition('name="file"; filename="a.jpg"')),
    "a second extension": (PNG, disposition('name="file"; filename="a.png.exe"')),
    "no extension": (PNG, disposition('name="file"; filename="png"')),
    "other bytes": (b"\xff\xd8\xff" + PNG, disposition(GOOD)),
    "a script": (b"<script>alert(1)</script>", disposition(GOOD)),
    "half a signature": (PNG[:7], disposition(GOOD)),
    "no bytes": (b"", disposition(GOOD)),
    "an encoding": (PNG, disposition(GOOD, "image/png", "Content-Transfer-Encoding: base64")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_type_name_and_bytes_must_agree(name: str) -> None:
    """Two of three are not enough."""
    content, headers = OTHERS[name]
    with pytest.raises(Refusal) as caught:
        read(form(content, headers), 100_000)
    assert caught.value.reason == "unsupported_media"


FILES = [
    ("upload_image", "a.JPG", "image/jpeg", b"\xff\xd8\xff\xe0" + bytes(20)),
    ("upload_image", "ảnh đẹp.jpeg", "image/jpeg; x=y", b"\xff\xd8\xff\xe0" + bytes(20)),
    ("upload_gif", "a.gif", "image/gif", b"GIF89a" + bytes(20)),
    ("upload_gif", "a.gif", "IMAGE/GIF", b"GIF87a"),
    ("upload_file", "a.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(20)),
    ("upload_file", "a.doc", "application/msword", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(20)),
    (
        "upload_file",
        "a.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04" + bytes(20),
    ),
    ("upload_file", "a.csv", "text/csv; charset=utf-8", "tên;số\r\nKhách (mẫu);1\r\n".encode()),
]


@pytest.mark.parametrize("route, file_name, media_type, content", FILES)
def test_each_kind_is_taken(route: str, file_name: str, media_type: str, content: bytes) -> None:
    """With the headers that clients add, in any case."""
    more = ("Content-Transfer-Encoding: Binary", f"content-length: {len(content)}")
    headers = disposition(f'filename="{file_name}"; name="file"', media_type, *more)
    assert read(form(content, headers), 9, route)[1] == content


@pytest.mark.parametrize("content", [b"a;b\x00", b"%PDF-1.7", b"PK\x03\x04", b"a" * 40 + b"\x1b[2J", b""])
def test_text_is_text(content: bytes) -> None:
    """What calls itself text has no control characters anywhere, and does not begin as another kind does."""
    with pytest.raises(Refusal) as caught:
        read(form(content, disposition('name="file"; filename="a.csv"', "text/csv")), 7, "upload_file")
    assert caught.value.reason == "unsupported_media"


def test_a_file_is_held_to_its_own_size() -> None:
    """To the byte, whatever the whole body may have."""
    limit = 1 << 20
    assert len(read(form(PNG.ljust(limit, b"x")), 65_536)[1]) == limit
    with pytest.raises(Refusal) as caught:
        read(form(PNG.ljust(limit + 1, b"x")), 65_536)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize(
    "content_type, boundary",
    [
        ("multipart/form-data; boundary=b", b"b"),
        ("Multipart/Form-Data;boundary=----WebKitFormBoundaryAb0", b"----WebKitFormBoundaryAb0"),
        ('multipart/form-data; boundary="a:b=c/d"', b"a:b=c/d"),
    ],
)
def test_boundaries_of_clients(content_type: str, boundary: bytes) -> None:
    """Quoted or not."""
    assert read_boundary(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a; charset=utf-7",
        "multipart/form-data; charset=utf-8; boundary=a",
        f"multipart/form-data; boundary={'a' * 71}",
        "multipart/form-data; boundary=a b",
        "multipart/mixed; boundary=a",
        "image/png",
        'multipart/form-data; boundary="a\r\nX: y"',
    ],
)
def test_other_types_are_refused(content_type: str) -> None:
    """No boundary, two, one that is none, another type."""
    with pytest.raises(Refusal) as caught:
        read_boundary(content_type)
    assert caught.value.reason == "unsupported_media"
