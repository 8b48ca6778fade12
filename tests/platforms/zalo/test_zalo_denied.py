"""What stays shut on purpose: told with its reason, in the caller's dialect, and never forwarded."""

import pytest

from scopes import TargetRefused, load_catalogue
from tests.platforms.zalo.stage import AppCaller, Stage

DENIED = [
    ("GET", "/v2.0/oa/getfollowers"),
    ("GET", "/v2.0/oa/getprofile"),
    ("POST", "/v2.0/oa/updatefollowerinfo"),
    ("POST", "/v3.0/oa/message/transaction"),
    ("POST", "/v3.0/oa/message/promotion"),
    ("POST", "/v3.0/oa/purchase/create_order"),
    ("POST", "/v3.0/oa/purchase/confirm_order"),
    ("POST", "/v3.0/oa/group/creategroupwithoa"),
    ("GET", "/v3.0/oa/group/getgroupsofoa"),
    ("GET", "/v3.0/oa/group/conversation"),
    ("POST", "/v3.0/oa/group/message"),
    ("DELETE", "/v3.0/oa/group/delete_group"),
    ("POST", "/v3.0/oa/quota/group"),
    ("GET", "/v3.0/oa/userfield/get"),
    ("POST", "/v3.0/oa/userfield/create"),
    ("POST", "/v3.0/oa/userfield/update"),
    ("POST", "/v3.0/oa/userfield/delete"),
    ("POST", "/message/template"),
    ("POST", "/message/template/hashphone"),
    ("POST", "/rsa/message/template"),
    ("GET", "/message/status"),
    ("GET", "/message/quota"),
    ("GET", "/template/all"),
    ("GET", "/template/info/v2"),
]


def reason_of(method: str, path: str) -> str:
    """Return the catalogue's reason."""
    with pytest.raises(TargetRefused) as caught:
        load_catalogue().match("zalo", method, path)
    assert caught.value.code == "denied_route"
    return caught.value.detail


@pytest.mark.parametrize("method, path", DENIED)
async def test_denied_with_the_reason_in_both_dialects(
    shared: Stage, everything: AppCaller, method: str, path: str
) -> None:
    """An app with every scope is refused, in Zalo's JSON or as a problem, and reads why; Zalo hears nothing."""
    before, reason = len(await shared.arrived()), reason_of(method, path)
    told = await everything.call(f"/zalo{path}", method, headers={"access_token": everything.token})
    assert (told.status, told.code) == (200, "denied_route")
    assert told.json == {"error": -209, "message": f"Not supported this api: {reason}"}
    problem = await everything.call(f"/zalo{path}", method)
    assert (problem.status, problem.code, problem.json["note"]) == (403, "denied_route", reason)
    stranger = await everything.call(f"/zalo{path}", method, headers={})
    assert (stranger.status, stranger.code) == (403, "denied_route")
    assert len(await shared.arrived()) == before


@pytest.mark.parametrize(
    "path",
    [
        "/v3.0/oa/group",
        "/v3.0/oa/group/a/b",
        "/v2.0/oa/group/message",
        "/v2.0/oa/getfollowers/",
        "/v3.0/oa/quota/groups",
    ],
)
def test_what_only_resembles_a_denied_path_does_not_exist(path: str) -> None:
    """A denied path is exact but for the segment that its template leaves free."""
    with pytest.raises(TargetRefused) as caught:
        load_catalogue().match("zalo", "GET", path)
    assert caught.value.code == "unknown_route"


def test_every_denied_path_of_the_catalogue_is_tried_here() -> None:
    """A path that is added to the list is added to these tests."""
    listed = load_catalogue().platforms["zalo"].denied
    tried = [path[1:].split("/") for _, path in DENIED]
    assert [one for one in listed if not any(one.is_at(segments) for segments in tried)] == []
