"""Request bodies: every listed shape passes, everything else is refused."""

import json
from typing import Any

import pytest

from scopes import BodyRefused, Catalogue, Route

USER: dict[str, Any] = {"user_id": "4620160001000000001"}


def media(**element: object) -> dict[str, Any]:
    """An attachment of one element."""
    return {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": [element]}}}


@pytest.fixture(scope="module")
def send(packaged: Catalogue) -> Route:
    """Zalo's route that sends a message."""
    return packaged.match("zalo", "POST", "/v3.0/oa/message/cs").route


@pytest.mark.parametrize(
    "message",
    [
        {"text": "xin chào"},
        {"text": "đ" * 2000},
        {"text": "x", "quote_message_id": "63ec0a"},
        media(media_type="image", url="https://img.example/a.png"),
        media(media_type="gif", url="https://img.example/a.gif", width=120, height="90"),
        media(media_type="sticker", attachment_id="bfe458bf64fa8da4d4eb"),
        {"text": "hình", **media(media_type="image", attachment_id="a_B-1")},
        {"attachment": {"type": "file", "payload": {"token": "abc/def+="}}},
        {
            "attachment": {
                "type": "template",
                "payload": {
                    "template_type": "request_user_info",
                    "elements": [{"title": "t", "subtitle": "s", "image_url": "https://img.example/a"}],
                },
            }
        },
    ],
)
def test_listed_message_passes_unchanged(send: Route, message: dict[str, Any]) -> None:
    """Each of the platform's message shapes goes upstream with the same content."""
    raw = json.dumps({"recipient": USER, "message": message}, ensure_ascii=False, indent=1).encode()
    checked = send.check_body("application/json; charset=UTF-8", raw)
    assert json.loads(checked) == json.loads(raw)


@pytest.mark.parametrize(
    "body",
    [
        {"recipient": USER},
        {"message": {"text": "x"}},
        {"recipient": USER, "message": {"text": "đ" * 2001}},
        {"recipient": USER, "message": {"text": ""}, "extra": 1},
        {"recipient": USER, "message": {"text": {"$": 1}}},
        {"recipient": USER, "message": {"text": ["x"]}},
        {"recipient": USER, "message": {"text": None}},
        {"recipient": USER, "message": {"text": "x", "attachment": {"type": "list"}}},
        {"recipient": USER, "message": {}},
        {"recipient": USER, "message": []},
        {"recipient": {"phone": "84000000001"}, "message": {"text": "x"}},
        {"recipient": {"user_id": "4620160001000000003", "group_id": "9"}, "message": {"text": "x"}},
        {"recipient": {"message_id": "9"}, "message": {"text": "x"}},
        {"recipient": {"user_id": "04620160001000000001"}, "message": {"text": "x"}},
        {"recipient": {"user_id": "462016000 1000000001"}, "message": {"text": "x"}},
        {"recipient": {"user_id": ["4620160001000000001"]}, "message": {"text": "x"}},
        {"recipient": {"user_id": True}, "message": {"text": "x"}},
        {"recipient": USER, "message": media(media_type="image", url="http://img.example/a.png")},
        {"recipient": USER, "message": media(media_type="image", url="file:///etc/passwd")},
        {"recipient": USER, "message": media(media_type="list")},
        {"recipient": USER, "message": media(media_type="image", url="https://img.example/a.png", attachment_id="a")},
        {"recipient": USER, "message": media(media_type="image")},
        {"recipient": USER, "message": media(media_type="image", attachment_id="a", width=1, height=1)},
        {"recipient": USER, "message": media(media_type="gif", url="https://img.example/a.gif")},
        {"recipient": USER, "message": media(media_type="gif", attachment_id="a", width=120)},
        {"recipient": USER, "message": media(media_type="gif", attachment_id="a", width=-1, height=1)},
        {"recipient": USER, "message": media(media_type="sticker", url="https://img.example/a.png")},
        {"recipient": USER, "message": {"text": "x", "quote_message_id": "a b"}},
        {"recipient": USER, "message": {"quote_message_id": "63ec0a"}},
        {
            "recipient": USER,
            "message": {**media(media_type="sticker", attachment_id="a"), "quote_message_id": "63ec0a"},
        },
        {
            "recipient": USER,
            "message": {"attachment": {"type": "file", "payload": {"token": "t", "url": "https://a.b"}}},
        },
        {"recipient": USER, "message": {"text": "x", "attachment": {"type": "file", "payload": {"token": "t"}}}},
        {
            "recipient": USER,
            "message": {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": []}}},
        },
        [],
        "x",
        None,
    ],
)
def test_unlisted_body_is_refused(send: Route, body: object) -> None:
    """A field, form or value that the route does not list is refused, and the refusal quotes nothing of it."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    with pytest.raises(BodyRefused) as caught:
        send.check_body("application/json", raw)
    assert caught.value.code == "bad_body"
    assert "84000000001" not in caught.value.detail


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'\xef\xbb\xbf{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"x"}}',
        '{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"x"}}'.encode("utf-16"),
        b'{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"\xff"}}',
        b'{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"\\ud800"}}',
        b'{"recipient":{"user_id":"4620160001000000001"},"recipient":{"user_id":"4620160001000000002"},"message":{"text":"x"}}',
        b'{"recipient":{"user_id":"4620160001000000001","\\u0075ser_id":"4620160001000000002"},"message":{"text":"x"}}',
        b'{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"x"}}\n{"recipient":{"user_id":"4620160001000000002"},"message":{"text":"x"}}',
        b'{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"x"},}',
        b"{'recipient':1}",
        b"NaN",
        b"[" * 100_000,
    ],
)
def test_body_that_is_not_one_strict_value_is_refused(send: Route, raw: bytes) -> None:
    """Two parsers must not be able to read two different bodies."""
    with pytest.raises(BodyRefused) as caught:
        send.check_body("application/json", raw)
    assert caught.value.code == "bad_body"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "application/json;",
        "application/jsonp",
    ],
)
def test_other_media_type_is_refused(send: Route, content_type: str | None) -> None:
    """Only declared JSON in UTF-8 is taken."""
    with pytest.raises(BodyRefused) as caught:
        send.check_body(content_type, b'{"recipient":{"user_id":"4620160001000000001"},"message":{"text":"x"}}')
    assert caught.value.code == "unsupported_media"


def test_larger_body_is_refused(shop: Catalogue) -> None:
    """A body over the route's limit is refused before it is read."""
    with pytest.raises(BodyRefused) as caught:
        shop.match("shop", "POST", "/orders").route.check_body("application/json", b" " * 2001)
    assert caught.value.code == "too_large"


def test_body_where_none_is_declared_is_refused(packaged: Catalogue) -> None:
    """A GET with a body is refused; without one it passes."""
    route = packaged.match("zalo", "GET", "/v2.0/oa/getoa").route
    assert route.check_body(None, b"") == b""
    with pytest.raises(BodyRefused):
        route.check_body("application/json", b"{}")


@pytest.mark.parametrize(
    "lines,passes",
    [
        ([{"sku": "a", "amount": 9}], True),
        ([{"sku": "a"}, {"sku": "b"}], True),
        ([{"sku": "a"}] * 3, False),
        ([{"amount": 1}], False),
        ([{"sku": "a", "amount": 10}], False),
        ([{"sku": "a", "amount": 0}], False),
        ({"sku": "a"}, False),
    ],
)
def test_lists_and_bounds(shop: Catalogue, lines: object, *, passes: bool) -> None:
    """Lists are held to their length, integers to their bounds, items to their shape."""
    route = shop.match("shop", "POST", "/orders").route
    raw = json.dumps({"buyer": "1", "lines": lines}).encode()
    if passes:
        assert json.loads(route.check_body("application/json", raw)) == json.loads(raw)
    else:
        with pytest.raises(BodyRefused):
            route.check_body("application/json", raw)


@pytest.mark.parametrize(
    "note,passes",
    [
        ({"words": {"a": "x", "b.c-d_9": "y"}}, True),
        ({"words": {}}, True),
        ({"text": "x"}, True),
        ({"words": {"a": "x", "b": "y", "c": "z"}}, False),
        ({"words": {"a": "longer"}}, False),
        ({"words": {"a": ["x"]}}, False),
        ({"words": {"": "x"}}, False),
        ({"words": {"a\n": "x"}}, False),
        ({"words": {"a" * 101: "x"}}, False),
        ({"words": ["x"]}, False),
        ({"words": {"a": "x"}, "text": "x"}, False),
        ({}, False),
    ],
)
def test_free_names_and_forms(shop: Catalogue, note: object, *, passes: bool) -> None:
    """An object with free names is held to their form and number, its values to their rule; a place to one form."""
    route = shop.match("shop", "POST", "/cards").route
    raw = json.dumps({"note": note}).encode()
    if passes:
        assert json.loads(route.check_body("application/json", raw, {"shop.card.write"})) == json.loads(raw)
    else:
        with pytest.raises(BodyRefused, match=r"^bad_body: note"):
            route.check_body("application/json", raw, {"shop.card.write"})


def test_a_part_of_a_body_needs_its_own_scope(shop: Catalogue) -> None:
    """The scope of a shape holds for everything in it, wherever the shape is used; without it nothing passes."""
    route = shop.match("shop", "POST", "/cards").route
    free = json.dumps({"note": {"words": {"a": "x"}}}).encode()
    with pytest.raises(BodyRefused) as caught:
        route.check_body("application/json", free, {"shop.name.read"})
    assert (caught.value.code, caught.value.scope) == ("insufficient_scope", "shop.card.write")
    empty = json.dumps({"note": {"words": {}}}).encode()
    with pytest.raises(BodyRefused) as caught:
        route.check_body("application/json", empty, {"shop.name.read"})
    assert (caught.value.code, caught.value.scope) == ("insufficient_scope", "shop.card.write")
    other = json.dumps({"note": {"text": "x"}}).encode()
    assert route.check_body("application/json", other, {"shop.name.read"})


@pytest.mark.parametrize("part", [{"stickers": []}, {"stickers": ["a"]}, {"box": {}}, {"box": {"ribbon": None}}])
def test_an_empty_part_needs_its_scope_too(shop: Catalogue, part: dict[str, Any]) -> None:
    """An empty list or object takes away what was there, so it is no way around the scope."""
    route = shop.match("shop", "POST", "/cards").route
    raw = json.dumps(part).encode()
    with pytest.raises(BodyRefused) as caught:
        route.check_body("application/json", raw, {"shop.name.read"})
    assert (caught.value.code, caught.value.scope) == ("insufficient_scope", "shop.card.write")
    assert json.loads(route.check_body("application/json", raw, {"shop.card.write"})) == part


@pytest.mark.parametrize("written", [b"1", b"-0.50", b"1.10e2", b"12345678901234567890.1234567890"])
def test_a_number_stays_as_it_was_written(shop: Catalogue, written: bytes) -> None:
    """Whole or with a fraction, digit for digit."""
    route = shop.match("shop", "POST", "/cards").route
    raw = b'{"weight":' + written + b"}"
    assert route.check_body("application/json", raw) == raw


@pytest.mark.parametrize("value", ["1", True, None, [1], {}])
def test_what_is_no_number_is_refused(shop: Catalogue, value: object) -> None:
    """Neither a number in a text, nor true, nor nothing where null is not listed."""
    raw = json.dumps({"weight": value}).encode()
    with pytest.raises(BodyRefused, match=r"^bad_body: weight must be number"):
        shop.match("shop", "POST", "/cards").route.check_body("application/json", raw)


def test_a_call_names_its_people(packaged: Catalogue, shop: Catalogue) -> None:
    """Path, query and body: each person once, in order."""
    match = shop.match("shop", "POST", "/orders")
    body = match.route.check_body("application/json", b'{"buyer":"12"}')
    assert match.subjects_named(match.route.check_query(""), body) == ["12"]
    person = shop.match("shop", "GET", "/people/7")
    assert person.subjects_named(person.route.check_query(""), b"") == ["7"]
    detail = packaged.match("zalo", "GET", "/v3.0/oa/user/detail")
    asked = detail.route.check_query("data=%7B%22user_id%22%3A4620160001000000001%7D")
    assert detail.subjects_named(asked, b"") == ["4620160001000000001"]


def test_optional_body_may_be_empty(packaged: Catalogue) -> None:
    """A Matrix receipt comes with `{}` or with nothing."""
    route = packaged.platforms["matrix"].routes["mark_read"]
    assert route.check_body(None, b"") == b""
    assert route.check_body("application/json", b"{}") == b"{}"


def test_upload_is_held_to_type_and_size(packaged: Catalogue) -> None:
    """An upload passes byte for byte, of a listed type and up to 10 MiB; what a browser would run is not listed."""
    route = packaged.platforms["matrix"].routes["upload_media"]
    assert route.check_body("image/png", b"\x89PNG\xff") == b"\x89PNG\xff"
    for content_type in ("text/html", "image/svg+xml", "application/javascript", None):
        with pytest.raises(BodyRefused):
            route.check_body(content_type, b"x")
    with pytest.raises(BodyRefused) as caught:
        route.check_body("image/png", bytes((10 << 20) + 1))
    assert caught.value.code == "too_large"


def test_edit_of_a_matrix_message_passes(packaged: Catalogue) -> None:
    """A reply, a mention and an edit are listed; a key of our own invention is not."""
    route = packaged.platforms["matrix"].routes["send_message"]
    content: dict[str, Any] = {
        "msgtype": "m.text",
        "body": "xin chào",
        "m.mentions": {"user_ids": ["@b:localhost"]},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$abc"},
        "m.new_content": {"msgtype": "m.text", "body": "chào", "m.mentions": {}},
    }
    raw = json.dumps(content).encode()
    assert json.loads(route.check_body("application/json", raw)) == content
    for place in (content, content["m.new_content"], content["m.relates_to"]):
        place["com.example.extra"] = "x"
        with pytest.raises(BodyRefused):
            route.check_body("application/json", json.dumps(content).encode())
        del place["com.example.extra"]
