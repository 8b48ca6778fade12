"""Paths and queries: refused rather than normalised, rebuilt rather than passed on."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import Catalogue, Match, TargetRefused, load_catalogue

DETAIL = "/v3.0/oa/user/detail"


def refused(call: object, *args: str) -> TargetRefused:
    """Return the refusal of a call that must be refused."""
    assert callable(call)
    with pytest.raises(TargetRefused) as caught:
        call(*args)
    return caught.value


@pytest.mark.parametrize(
    "raw_path",
    [
        "/v3.0/oa/user/../user/detail",
        "/v3.0/oa/user/./detail",
        "/v3.0/oa/user/%2e%2e/detail",
        "/v3.0/oa/user/%2E./detail",
        "/v3.0/oa/user/.%2e/detail",
        "/v3.0/oa/user/..;/detail",
        "/v3.0/oa/user/%2e%2e%3bx/detail",
        "/v3.0/oa/user/%252e%252e/detail",
        "/v3.0/oa/user/..",
        "//v3.0/oa/user/detail",
        "/v3.0//oa/user/detail",
        "/v3.0/oa/user%2fdetail",
        "/v3.0/oa/user%2Fdetail",
        "/v3.0/oa/user%5cdetail",
        "/v3.0/oa/user\\detail",
        "/v3.0/oa/user/detail%00",
        "/v3.0/oa/user/detail%0d%0aX: y",
        "/v3.0/oa/user/detail%0d%0a",
        "/v3.0/oa/user/detail%7f",
        "/v3.0/oa/user/detail%c2%85",
        "/v3.0/oa/user/detail%",
        "/v3.0/oa/user/detail%4",
        "/v3.0/oa/user/detail%zz",
        "/v3.0/oa/user/detail%ff",
        "/v3.0/oa/user/detail%c0%ae",
        "/v3.0/oa/user/détail",
        "/v3.0/oa/user/detail?x=1",
        "/v3.0/oa/user/detail#x",
        "/v3.0/oa/user/de tail",
        "v3.0/oa/user/detail",
        "http://elsewhere.example/v3.0/oa/user/detail",
        "*",
        "",
        "/" + "a" * 9000,
    ],
)
def test_malformed_path_is_bad_target(packaged: Catalogue, raw_path: str) -> None:
    """What some server might fold into another path is refused before anything is looked up."""
    assert refused(packaged.match, "zalo", "GET", raw_path).code == "bad_target"
    assert refused(packaged.match, "nowhere", "GET", raw_path).code == "bad_target"


@pytest.mark.parametrize(
    "platform,method,raw_path",
    [
        ("zalo", "POST", DETAIL),
        ("zalo", "get", DETAIL),
        ("zalo", "GET", DETAIL + "/"),
        ("zalo", "GET", "/V3.0/oa/user/detail"),
        ("zalo", "GET", "/v3.0/oa/user/detail;v=1"),
        ("zalo", "GET", "/v3.0/oa/user/update"),
        ("zalo", "GET", "/"),
        ("kiotviet", "GET", DETAIL),
        ("matrix", "GET", "/_matrix/client/v3/sync"),
        ("matrix", "POST", "/_matrix/client/v3/search"),
        ("matrix", "GET", "/_synapse/admin/v2/users"),
    ],
)
def test_unlisted_route_does_not_exist(packaged: Catalogue, platform: str, method: str, raw_path: str) -> None:
    """A path, a spelling or a method that no file lists is an unknown route."""
    assert refused(packaged.match, platform, method, raw_path).code == "unknown_route"


def test_encoded_spelling_of_a_literal_is_the_literal(packaged: Catalogue) -> None:
    """An encoded letter means the letter, and what goes upstream is the template's own spelling."""
    match = packaged.match("zalo", "GET", "/v3.0/oa/user/d%65tail")
    assert match.upstream_target(
        match.route.check_query(
            'data={"user_id":"4620160001000000007"}'.replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
        )
    ).startswith(DETAIL + "?data=")


@pytest.mark.parametrize("room", ["!abc:localhost", "%21abc%3Alocalhost", "%21abc:localhost", "!a%62c%3alocalhost"])
def test_encoded_and_raw_parameter_are_one(packaged: Catalogue, room: str) -> None:
    """Matrix clients send `!room:host` both ways; both are the same value and leave in the same spelling."""
    match = packaged.match("matrix", "GET", f"/_matrix/client/v3/rooms/{room}/messages")
    assert match.params == {"room_id": "!abc:localhost"}
    assert match.upstream_target(match.route.check_query("dir=b")) == (
        "/_matrix/client/v3/rooms/%21abc%3Alocalhost/messages?dir=b"
    )


@pytest.mark.parametrize("room", ["abc", "!abc:host?x", "!a%3Fb:h/..", "!a%20b:h", "@abc:h", "!%C3%A9:h"])
def test_parameter_out_of_form_is_refused(packaged: Catalogue, room: str) -> None:
    """A parameter that is not the id it should be goes nowhere."""
    assert refused(packaged.match, "matrix", "GET", f"/_matrix/client/v3/rooms/{room}/messages").code == "bad_target"


def test_literal_stands_before_parameter(shop: Catalogue) -> None:
    """Where a literal and a parameter could both match, the literal does."""
    assert shop.match("shop", "GET", "/people/me").route.id == "view_me"
    assert shop.match("shop", "GET", "/people/12").route.id == "view_person"


def test_second_path_of_a_route_leaves_as_itself(packaged: Catalogue) -> None:
    """A further path of a route matches, and goes upstream by its own template."""
    raw_path = "/_matrix/client/v3/rooms/%21a%3Ah/state/m.room.name/"
    match = packaged.match("matrix", "GET", raw_path)
    assert match.route.id == "view_room_name"
    assert match.upstream_target(match.route.check_query("")) == raw_path


@given(st.text(alphabet="/.%;:!@$2eEfF5cC?#ab0\\", max_size=24))
def test_no_target_leaves_the_template(tail: str) -> None:
    """Whatever stands in a parameter, the upstream path has the template's segments and nothing to fold."""
    packaged = load_catalogue()
    try:
        match: Match = packaged.match("matrix", "GET", f"/_matrix/client/v1/media/download/h.example/id/{tail}")
    except TargetRefused:
        return
    target = match.upstream_target(match.route.check_query(""))
    segments = target.split("/")[1:]
    assert len(segments) == len(match.template.segments)
    assert not {".", "..", ""} & {unquote(one) for one in segments}
    assert not any(mark in unquote(target.rpartition("/")[2]) for mark in "/\\")


def quoted(text: str) -> str:
    """Percent-encode what a query may not hold raw."""
    return "".join(
        f"%{byte:02X}" if chr(byte) in '"{}[] \\<>^`|' or byte > 126 else chr(byte) for byte in text.encode()
    )


def test_zalo_query_is_rebuilt(packaged: Catalogue) -> None:
    """The one parameter `data` is read, checked and written anew."""
    match = packaged.match("zalo", "GET", DETAIL)
    query = match.route.check_query(quoted('data={ "user_id" : "4620160001000000003" }'))
    assert match.upstream_target(query) == DETAIL + "?data=%7B%22user_id%22%3A%224620160001000000003%22%7D"


def test_integer_id_keeps_every_digit(packaged: Catalogue) -> None:
    """Zalo takes ids as numbers too, and every digit stays."""
    match = packaged.match("zalo", "GET", DETAIL)
    query = match.route.check_query(quoted('data={"user_id":1234567890123456789012}'))
    assert query.values == {"user_id": 1234567890123456789012}
    assert "1234567890123456789012" in match.upstream_target(query)


@pytest.mark.parametrize(
    "raw_query",
    [
        "",
        "data=",
        'data={"user_id":"4620160001000000001","debug":true}',
        'data={"user_id":"4620160001000000001","user_id":"4620160001000000002"}',
        'data={"user_id":"4620160001000000001","\\u0075ser_id":"4620160001000000002"}',
        'data={"user_id":["4620160001000000001"]}',
        'data={"user_id":{"$ne":"4620160001000000001"}}',
        'data={"user_id":null}',
        'data={"user_id":true}',
        'data={"user_id":4620160001000000001.0}',
        'data={"user_id":4620160001e10}',
        'data={"user_id":-4620160001000000001}',
        'data={"user_id":"04620160001000000001"}',
        'data={"user_id":" 4620160001000000001"}',
        'data={"user_id":"4620160001000000001\\n"}',
        'data={"user_id":"462016000100000000１"}',
        'data={"user_id":""}',
        "data={}",
        'data=["user_id"]',
        'data={"user_id":"4620160001000000001"}&data={"user_id":"4620160001000000002"}',
        'data={"user_id":"4620160001000000001"}&d%61ta={"user_id":"4620160001000000002"}',
        'data={"user_id":"4620160001000000001"}&access_token=x',
        'data={"user_id":"4620160001000000001"}&user_id=2',
        "user_id=1",
        "data",
        "&",
        "=1",
        "data=%",
        "data=%ff",
        "data=%00",
        'data={"user_id":"4620160001000000001"}{"user_id":"4620160001000000002"}',
        "data=\ufeff" + '{"user_id":"4620160001000000001"}',
    ],
)
def test_bad_zalo_query_is_refused(packaged: Catalogue, raw_query: str) -> None:
    """Unlisted, repeated, malformed or ambiguous: nothing of it goes upstream."""
    route = packaged.match("zalo", "GET", DETAIL).route
    assert refused(route.check_query, quoted(raw_query)).code == "bad_target"


@pytest.mark.parametrize(
    "key,scope", [("tag_name", "zalo.tag.read"), ("last_interaction_period", "zalo.follower.activity.read")]
)
def test_narrowing_needs_the_scope_of_what_it_tells(packaged: Catalogue, key: str, scope: str) -> None:
    """A list narrowed by a tag tells who wears it, so the key needs the scope that reads tags (I10)."""
    route = packaged.match("zalo", "GET", "/v3.0/oa/user/getlist").route
    raw_query = quoted(f'data={{"{key}":"TODAY"}}')
    with pytest.raises(TargetRefused) as caught:
        route.check_query(raw_query, {"zalo.follower.name.read"})
    assert (caught.value.code, caught.value.scope) == ("insufficient_scope", scope)
    assert route.check_query(raw_query, {scope}).values == {key: "TODAY"}


@pytest.mark.parametrize(
    "raw_query, scopes",
    [
        ("page=1", set()),
        ("name=a", {"shop.name.read"}),
        ("sortBy=note", {"shop.phone.read"}),
        ("sortBy=id", set()),
        ("near=a&page=2", {"shop.name.read", "shop.phone.read"}),
    ],
)
def test_what_picks_people_out_says_by_what(shop: Catalogue, raw_query: str, scopes: set[str]) -> None:
    """A key that selects people names the scopes about people that it does so by; an id tells nothing."""
    match = shop.match("shop", "GET", "/people")
    assert match.picks_by(match.check_query(raw_query, {"shop.name.read", "shop.phone.read"})) == scopes


def test_a_value_that_tells_nothing_needs_no_scope(shop: Catalogue) -> None:
    """One key, two values: by the id anybody sorts, by the note who may read notes."""
    match = shop.match("shop", "GET", "/people")
    assert match.check_query("sortBy=id", ()).values == {"sortBy": "id"}
    assert match.scopes_read("sortBy=id") == frozenset()
    with pytest.raises(TargetRefused):
        match.check_query("sortBy=note", {"shop.name.read"})


@pytest.mark.parametrize(
    "raw_query,wanted",
    [
        ("", ""),
        ("page=3", "page=3"),
        ("shop=12&page=1", "shop=12&page=1"),
        ("p%61ge=2", "page=2"),
        ("sort=name&page=2&toDate=", "page=2"),
        ("s%6Frt=page%3D3%26x%3D1", ""),
    ],
)
def test_plain_query_is_rebuilt(shop: Catalogue, raw_query: str, wanted: str) -> None:
    """Plain keys are decoded, checked and written anew; of what is dropped nothing is left."""
    assert shop.match("shop", "GET", "/people").route.check_query(raw_query).encoded == wanted


@pytest.mark.parametrize(
    "raw_query",
    [
        "page=0",
        "page=51",
        "page=+1",
        "page=1.0",
        "page=",
        "page",
        "page=1&page=1",
        "x=1",
        "PAGE=1",
        "Sort=x",
        "sort=1&sort=1",
    ],
)
def test_bad_plain_query_is_refused(shop: Catalogue, raw_query: str) -> None:
    """A plain key out of its rule is refused."""
    assert refused(shop.match("shop", "GET", "/people").route.check_query, raw_query).code == "bad_target"


def test_what_names_the_account_is_told(shop: Catalogue, packaged: Catalogue) -> None:
    """Values that name the account are handed out from path, query and body, so that the door can hold them (I11)."""
    people = shop.match("shop", "GET", "/people")
    assert people.account_names(people.route.check_query("shop=12"), b"") == ["12"]
    order = shop.match("shop", "POST", "/orders")
    body = order.route.check_body("application/json", b'{"buyer":"5","shop":"12"}')
    assert order.account_names(order.route.check_query(""), body) == ["12"]
    profile = packaged.match("matrix", "GET", "/_matrix/client/v3/profile/%40a%3Ah")
    assert profile.account_names(profile.route.check_query(""), b"") == ["@a:h"]
