"""Forms become one immutable, normalised value, or a refusal with a reason."""

import asyncio
from collections.abc import AsyncIterator
from unicodedata import is_normalized
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from gateway.ground.web.forms import FORM_TYPE, LIMIT_FIELDS, Form, parse_form, read_form
from gateway.ground.web.runner import StrictRunner
from gateway.terms.refusal import Refusal
from tests.stand_ins.entropy import SeededEntropy

Client = TestClient[web.Request, web.Application]
TYPED = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Yield a client of a server that reads forms of at most 100 bytes and says what came of it."""

    async def take(request: web.Request) -> web.Response:
        try:
            form = await read_form(request, limit_bytes=100)
        except Refusal as refusal:
            return web.json_response({"reason": refusal.reason}, status=400)
        return web.json_response({name: list(values) for name, values in form.items()})

    app = web.Application()
    app.router.add_post("/", take)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_body_that_breaks_off_is_a_bad_form() -> None:
    """Whoever hangs up in the middle of a body is no bug of ours."""
    began, heard = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def take(request: web.Request) -> web.Response:
        began.set()
        with pytest.raises(Refusal) as caught:
            await read_form(request)
        heard.set_result(caught.value.reason)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = StrictRunner(app, SeededEntropy("breaks off"))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        _, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM_TYPE}\r\nContent-Length: 50\r\n\r\na=b".encode()
        )
        async with asyncio.timeout(10):
            await began.wait()
            writer.close()
            assert await heard == "bad_form"
    finally:
        await runner.cleanup()


@given(st.lists(st.tuples(TYPED, TYPED), max_size=8))
def test_what_was_typed_comes_back(pairs: list[tuple[str, str]]) -> None:
    """Every field keeps all its values in order, in NFC, whatever the letters."""
    form = parse_form(urlencode(pairs).encode())
    assert sum(len(values) for values in form.values()) == len(pairs)
    assert all(is_normalized("NFC", text) for name, values in form.items() for text in (name, *values))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_form_or_a_refusal(body: bytes) -> None:
    """Rubbish is refused by its reason; nothing else is ever raised."""
    reasons = set()
    try:
        parse_form(body)
    except Refusal as refusal:
        reasons = {refusal.reason}
    assert reasons <= {"bad_form"}


@pytest.mark.parametrize(
    "body",
    [
        b"a",
        b"a&b",
        b"a=1&&b=2",
        b"a=%ff",
        b"a=%C3%28",
        b"a=%ED%A0%80",
        b"a=%00",
        b"a=x%1b",
        b"a=%7f",
        b"\xc3\xa2=1",
        b"&".join([b"a=1"] * (LIMIT_FIELDS + 1)),
    ],
)
def test_unreadable_forms_are_refused(body: bytes) -> None:
    """Broken pairs, broken UTF-8, control characters and too many fields are `bad_form`."""
    with pytest.raises(Refusal) as refused:
        parse_form(body)
    assert refused.value.reason == "bad_form"


def test_line_breaks_are_typed_text() -> None:
    """A text box may hold lines."""
    assert parse_form(b"reason=a%0D%0Ab%09c").get_one("reason") == "a\r\nb\tc"


def test_two_spellings_are_one_field() -> None:
    """Text typed decomposed is the same text, names of fields included."""
    form = parse_form(b"ma%CC%A3t=a%CC%81&m%E1%BA%A1t=%C3%A1")
    assert dict(form) == {"mạt": ("á", "á")}


def test_what_machines_write_stays_as_it_is() -> None:
    """Two spellings are two texts to a program; what no database keeps is refused all the same."""
    form = parse_form(b"ma%CC%A3t=a%CC%81&m%E1%BA%A1t=%C3%A1", is_typed=False)
    assert dict(form) == {"ma\u0323t": ("a\u0301",), "mạt": ("á",)}
    with pytest.raises(Refusal):
        parse_form(b"state=a%00", is_typed=False)


def test_a_field_that_stands_twice_is_never_guessed() -> None:
    """Boxes may stand many times; a single field may not."""
    form = parse_form(b"ask=a&ask=b&decision=agree")
    assert form.list("ask") == ("a", "b")
    assert form.list("account") == ()
    assert form.get_one("decision") == "agree"
    assert form.find("account") is None
    for get, name in ((form.find, "ask"), (form.get_one, "ask"), (form.get_one, "account")):
        with pytest.raises(Refusal, match="bad_form"):
            get(name)


def test_a_form_cannot_be_changed() -> None:
    """Neither through the form nor through what it was made of."""
    source = {"a": ("1",)}
    form = Form(source)
    source["a"] = ("2",)
    assert form["a"] == ("1",)
    assert len(form) == 1
    with pytest.raises(TypeError):
        form["a"] = ("2",)  # type: ignore[index]


async def test_a_form_is_read(client: Client) -> None:
    """An ordinary form, with and without a charset, and an empty one."""
    for kind in (FORM_TYPE, f"{FORM_TYPE}; charset=UTF-8"):
        answer = await client.post("/", data=b"ask=a&ask=b", headers={"Content-Type": kind})
        assert await answer.json() == {"ask": ["a", "b"]}
    answer = await client.post("/", data=b"", headers={"Content-Type": FORM_TYPE})
    assert await answer.json() == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json"},
        {"Content-Type": "text/plain"},
        {"Content-Type": f"{FORM_TYPE}; charset=utf-16"},
        {"Content-Type": FORM_TYPE, "Content-Encoding": "br"},
        {"Content-Type": FORM_TYPE, "Content-Encoding": "gzip"},
    ],
)
async def test_other_media_are_refused_unread(client: Client, headers: dict[str, str]) -> None:
    """What is not a plain UTF-8 form is refused by its header, multipart without a boundary included."""
    answer = await client.post("/", data=b"", headers=headers)
    assert await answer.json() == {"reason": "unsupported_media"}


@pytest.mark.parametrize("chunked", [False, True])
async def test_too_long_forms_are_refused(client: Client, *, chunked: bool) -> None:
    """One byte over the limit is refused, whether the length was declared or not; the limit itself is not."""

    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield b"a="
        yield b"x" * (size - 2)

    for size, expected in ((100, {"a": ["x" * 98]}), (101, {"reason": "too_large"})):
        body = pieces(size) if chunked else b"a=" + b"x" * (size - 2)
        answer = await client.post("/", data=body, headers={"Content-Type": FORM_TYPE})
        assert await answer.json() == expected
