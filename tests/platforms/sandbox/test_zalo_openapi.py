"""The stand-in's open API against the platform facts A0, A3 to A6."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.people import OfficialAccount
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID, FLORIST
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import APP_SECRET, ZaloCaller, zalo_config

GET_OA, TAGS = "/v2.0/oa/getoa", "/v2.0/oa/tag/gettagsofoa"
LIST, DETAIL = "/v3.0/oa/user/getlist", "/v3.0/oa/user/detail"
RECENT, CONVERSATION = "/v2.0/oa/listrecentchat", "/v2.0/oa/conversation"
SEND = "/v3.0/oa/message/cs"
FIRST, LONG_GONE = BAKERY.followers[0].user_id, BAKERY.followers[11].user_id
STRANGER = FLORIST.followers[0].user_id


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/v3.0/oa/info"),
        ("GET", "/v3.0/oa/listrecentchat"),
        ("POST", GET_OA),
        ("DELETE", SEND),
        ("GET", GET_OA + "/"),
        ("GET", "/v2.0/oa/%67etoa"),
        ("GET", ""),
    ],
)
async def test_unknown_path(zalo: ZaloCaller, method: str, path: str) -> None:
    """A path or method that the platform does not have is HTTP 200 with 404 in the body, before any token is judged."""
    assert await zalo.json(method, path) == {"error": 404, "message": "You are accessing an empty or invalid API"}


@pytest.mark.parametrize(
    "headers",
    [{}, {"access_token": "x"}, {"access_token": ""}, {"Access-Token": "LIVE"}, {"Authorization": "Bearer LIVE"}],
)
async def test_token_stands_in_its_own_header(zalo: ZaloCaller, token: str, headers: dict[str, str]) -> None:
    """Only the header spelled `access_token` counts; a Bearer is nobody."""
    sent = {name: value.replace("LIVE", token) for name, value in headers.items()}
    assert await zalo.json("GET", GET_OA, headers=sent) == {"error": -216, "message": "Access token is invalid"}


async def test_get_oa(zalo: ZaloCaller, token: str) -> None:
    """The OA's own card, in the envelope, with the measured name of its id."""
    answer = await zalo.get(GET_OA, token)
    assert (answer["error"], answer["message"], set(answer)) == (0, "Success", {"data", "error", "message"})
    data = answer["data"]
    assert (data["oa_id"], data["name"], data["num_follower"]) == (BAKERY_ID, "Tiệm Bánh Hoa Sữa (mẫu)", 12)
    assert (type(data["is_verified"]), type(data["oa_type"])) == (bool, int)


async def test_list_is_pages_of_ids(zalo: ZaloCaller, token: str) -> None:
    """`getlist` gives ids only, page by page, and nothing past the end."""
    first = (await zalo.get(LIST, token, offset=0, count=5))["data"]
    rest = (await zalo.get(LIST, token, offset=5, count=50))["data"]
    beyond = (await zalo.get(LIST, token, offset=12, count=50))["data"]
    assert (first["total"], first["count"], rest["count"], beyond["users"]) == (12, 5, 7, [])
    assert [user["user_id"] for user in first["users"] + rest["users"]] == [one.user_id for one in BAKERY.followers]
    assert all(set(user) == {"user_id"} and isinstance(user["user_id"], str) for user in first["users"])


async def test_list_takes_numbers_as_texts(zalo: ZaloCaller, token: str) -> None:
    """Numbers that come as texts are numbers."""
    assert (await zalo.get(LIST, token, offset="0", count="3"))["data"]["count"] == 3


@pytest.mark.parametrize(
    "filters, expected",
    [
        ({"tag_name": "Khách quen"}, 2),
        ({"tag_name": "không có"}, 0),
        ({"is_follower": "true"}, 12),
        ({"is_follower": "false"}, 0),
        ({"last_interaction_period": "TODAY"}, 2),
        ({"last_interaction_period": "L7D"}, 11),
        ({"last_interaction_period": "L30D"}, 12),
        ({"last_interaction_period": "2026_11_01:2026_11_10"}, 1),
    ],
)
async def test_list_filters(zalo: ZaloCaller, token: str, filters: dict[str, str], expected: int) -> None:
    """Each filter of `getlist` narrows the total."""
    assert (await zalo.get(LIST, token, offset=0, count=50, **filters))["data"]["total"] == expected


@pytest.mark.parametrize(
    "path, params, error, message",
    [
        (LIST, {}, -201, "offset is invalid!"),
        (LIST, {"offset": 0}, -201, "count is invalid!"),
        (LIST, {"offset": -1, "count": 5}, -201, "offset is invalid!"),
        (LIST, {"offset": True, "count": 5}, -201, "offset is invalid!"),
        (LIST, {"offset": 0, "count": 51}, -210, "maximum count is 50"),
        (LIST, {"offset": 9952, "count": 5}, -210, "maximum offset is 9951"),
        (LIST, {"offset": 0, "count": 5, "is_follower": True}, -201, "is_follower is invalid!"),
        (
            LIST,
            {"offset": 0, "count": 5, "last_interaction_period": "L9D"},
            -201,
            "last_interaction_period is invalid!",
        ),
        (
            LIST,
            {"offset": 0, "count": 5, "last_interaction_period": "2026_13_01:2026_13_02"},
            -201,
            "last_interaction_period is invalid!",
        ),
        (DETAIL, {}, -201, "user_id is invalid!"),
        (DETAIL, {"user_id": "abc"}, -201, "user_id is invalid!"),
        (DETAIL, {"user_id": STRANGER}, -213, "User has not followed OA"),
        (RECENT, {"offset": 0, "count": 11}, -210, "maximum count is 10"),
        (RECENT, {"count": 5}, -201, "offset is invalid!"),
        (CONVERSATION, {"offset": 0, "count": 5}, -201, "user_id is invalid!"),
        (CONVERSATION, {"user_id": STRANGER, "offset": 0, "count": 5}, -213, "User has not followed OA"),
        ("/v2.0/oa/getprofile", {}, -240, "UserInfo API has been shut down"),
        ("/v2.0/oa/getfollowers", {}, -240, "UserInfo API has been shut down"),
    ],
)
async def test_get_refuses(
    zalo: ZaloCaller, token: str, path: str, params: dict[str, object], error: int, message: str
) -> None:
    """A wrong parameter is refused in the platform's words; an over-large page is refused, not clamped."""
    assert await zalo.get(path, token, **params) == {"error": error, "message": message}


@pytest.mark.parametrize("data", ["{", "[]", "7", "null", "[" * 9000])
async def test_data_must_be_a_json_object(zalo: ZaloCaller, token: str, data: str) -> None:
    """The one query parameter holds a JSON object."""
    answer = await zalo.json("GET", f"{LIST}?data={quote(data)[:7000]}", headers={"access_token": token})
    assert answer == {"error": -201, "message": "Data is not json format"}


async def test_plain_query_parameters_are_not_read(zalo: ZaloCaller, token: str) -> None:
    """Parameters outside `data` do not exist."""
    answer = await zalo.json("GET", f"{DETAIL}?user_id={FIRST}", headers={"access_token": token})
    assert answer["message"] == "user_id is invalid!"


async def test_detail_has_the_captured_members(zalo: ZaloCaller, token: str) -> None:
    """`user/detail` has the members and types that were captured on the live platform."""
    data = (await zalo.get(DETAIL, token, user_id=FIRST))["data"]
    assert set(data) == {
        *("user_id", "user_id_by_app", "user_external_id", "display_name", "user_alias", "is_sensitive"),
        *("user_last_interaction_date", "user_is_follower", "avatar", "avatars", "dynamic_param"),
        *("tags_and_notes_info", "shared_info"),
    }
    assert set(data["shared_info"]) == {"address", "city", "district", "phone", "name", "user_dob"}
    assert data["user_last_interaction_date"] == "21/11/2026"
    assert int(data["user_id"]) > 2**53
    assert data["user_id_by_app"] != data["user_id"]
    assert data["avatars"].keys() == {"120", "240"}


@pytest.mark.parametrize("oa", [BAKERY, FLORIST], ids=lambda oa: oa.oa_id)
async def test_seeded_followers(zalo: ZaloCaller, oa: OfficialAccount) -> None:
    """Each OA has the twelve followers of the contract, as the wire shows them."""
    token = (await zalo.link(oa.oa_id))["access_token"]
    users = (await zalo.get(LIST, token, offset=0, count=50))["data"]["users"]
    people = [(await zalo.get(DETAIL, token, user_id=user["user_id"]))["data"] for user in users]
    shared = [person["shared_info"] for person in people if "shared_info" in person]
    phones = [info["phone"] for info in shared if "phone" in info]
    assert (len(people), len(shared)) == (12, 11)
    assert sum(phone > 0 for phone in phones) == 6
    assert phones.count(0) == 1
    assert all(type(phone) is int and (phone == 0 or 84000000000 < phone < 84000001000) for phone in phones)
    assert sum(bool(info["address"]) for info in shared) == 4
    assert [person["is_sensitive"] for person in people].count(True) == 1
    assert all(person["display_name"].endswith("(mẫu)") for person in people)


@pytest.mark.parametrize(
    "form, first, absent", [("string", "84000000101", ""), ("number", 84000000101, 0), ("absent", None, None)]
)
async def test_phone_quirks(zalo: ZaloCaller, token: str, form: str, first: object, absent: object) -> None:
    """The phone can be made a text, always a number, or missing."""
    await zalo.switch(phone=form)
    with_phone = (await zalo.get(DETAIL, token, user_id=FIRST))["data"]["shared_info"]
    without = (await zalo.get(DETAIL, token, user_id=LONG_GONE))["data"]["shared_info"]
    assert (with_phone.get("phone"), without.get("phone")) == (first, absent)


async def test_oa_id_quirk(zalo: ZaloCaller, token: str) -> None:
    """The documented name of the OA's id can be switched on."""
    await zalo.switch(oa_id_field="oaid")
    data = (await zalo.get(GET_OA, token))["data"]
    assert (data["oaid"], "oa_id" in data) == (BAKERY_ID, False)


async def test_tags_are_a_flat_array(zalo: ZaloCaller, token: str) -> None:
    """The tags are texts in an array, without objects round them."""
    assert (await zalo.get(TAGS, token))["data"] == list(BAKERY.tags)


async def test_rate_limit_headers_and_refusal(zalo: ZaloCaller, token: str, clock: StillClock) -> None:
    """Each answer counts down; the call over the limit is -32, and the next minute starts anew."""
    _, headers, _ = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remain"]) == ("4000", "3999")
    await zalo.switch(rate_limit_per_minute=3)
    assert [(await zalo.get(GET_OA, token))["error"] for _ in range(4)] == [0, 0, -32, -32]
    _, headers, _ = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert headers["X-RateLimit-Remain"] == "0"
    clock.advance(timedelta(minutes=1))
    assert (await zalo.get(GET_OA, token))["error"] == 0


async def test_rate_limit_is_4000_a_minute(zalo: ZaloCaller, token: str) -> None:
    """The limit in force without any switch is the documented one."""
    switches = await zalo.json("GET", "/_sandbox/switches")
    assert switches["rate_limit_per_minute"] == 4000


@pytest.mark.parametrize("path", [GET_OA, LIST])
@pytest.mark.parametrize("switch, error", [("tokens_dead", -216), ("app_removed", -219), ("permission_lost", -223)])
async def test_upstream_trouble(zalo: ZaloCaller, token: str, switch: str, error: int, path: str) -> None:
    """Each trouble that an OA's admin can cause has its code on every path."""
    await zalo.switch(**{switch: True})
    assert (await zalo.get(path, token, offset=0, count=1))["error"] == error


async def test_removed_app_cannot_refresh(zalo: ZaloCaller) -> None:
    """After the app was removed its token calls are refused too, and the refresh token is not spent."""
    pair = await zalo.link()
    await zalo.switch(app_removed=True)
    assert (await zalo.refresh(pair["refresh_token"]))["error"] == -14002
    await zalo.switch()
    assert "access_token" in await zalo.refresh(pair["refresh_token"])


async def test_any_code_of_the_table(zalo: ZaloCaller, token: str) -> None:
    """Every other code can be had by name; one that the platform does not have is refused."""
    await zalo.switch(refuse=-221)
    assert await zalo.get(GET_OA, token) == {"error": -221, "message": "OA needs to be verified"}
    status, _, _ = await zalo.raw("POST", "/_sandbox/switches", json={"refuse": -5})
    assert status == 422


@pytest.fixture
async def strict(
    clock: StillClock, entropy: CountedEntropy, http: aiohttp.ClientSession, tmp_path: Path
) -> AsyncIterator[ZaloCaller]:
    """Yield a caller of a stand-in whose app demands the secret proof."""
    config = zalo_config(None).model_copy(update={"requires_secret_proof": True})
    async with TestServer(build_zalo_sandbox(config, clock, entropy)) as server:
        yield ZaloCaller(http, str(server.make_url("/zalo")))


def test_secret_proof_vector() -> None:
    """The proof is the HMAC that the facts measured."""
    proof = hmac.new(b"APP_SECRET_EXAMPLE", b"ACCESS_TOKEN_EXAMPLE", hashlib.sha256).hexdigest()
    assert proof == "49c1202df03dc20d6cdc1b60e23386f8ea71888d41ed6b90776d180638ae8d0b"


async def test_secret_proof(strict: ZaloCaller) -> None:
    """Where the console demands it, a call without the right proof is -242."""
    token = (await strict.link())["access_token"]
    right = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    cases = {"": -242, "00": -242, right: 0}
    for proof, error in cases.items():
        headers = {"access_token": token, "appsecret_proof": proof} if proof else {"access_token": token}
        assert (await strict.json("GET", GET_OA, headers=headers))["error"] == error


async def test_wrong_proof_is_refused_even_if_optional(zalo: ZaloCaller, token: str) -> None:
    """A proof that is sent must be right."""
    headers = {"access_token": token, "appsecret_proof": "00"}
    assert (await zalo.json("GET", GET_OA, headers=headers))["error"] == -242
