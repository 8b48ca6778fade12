"""Resource indicators (RFC 8707): tokens are for one API, and a request may say which."""

import pytest

from tests.house import agree
from tests.protocol.wire import Reply, Wire

API = "http://127.0.0.1:8401"
ZALO, MATRIX = f"{API}/zalo", f"{API}/matrix"
BAD_TARGET = (400, "invalid_target")
ON_BOTH = (("oa_profile", "zalo.profile.read", "crm", False), ("rooms", "matrix.room.read", "chat", False))


async def authorize(wire: Wire, *resources: str, **changes: str | None) -> Reply:
    """Send an authorization request that names these resources."""
    return await wire.authorize(changes, extra="".join(f"&resource={each}" for each in resources))


@pytest.mark.parametrize(
    "resource",
    [
        "zalo",
        "/zalo",
        "//127.0.0.1:8401/zalo",
        f"{ZALO}#part",
        f"{ZALO}/",
        f"{ZALO}?x=1",
        f"{API}/ZALO",
        f"{API}/viber",
        API,
        "https://evil.example/zalo",
        "http://[::1/zalo",
    ],
)
async def test_req_118_121_what_is_not_ours_is_refused(wire: Wire, resource: str) -> None:
    """Relative, with a fragment, unknown, or almost ours: `invalid_target`, at each endpoint, and nothing is spent."""
    quoted = resource.replace("#", "%23").replace("?", "%3F")
    assert (await authorize(wire, quoted)).query["error"] == "invalid_target"
    pushed = {name: value for name, value in wire.right_request().items() if value is not None}
    assert (await wire.post("/oauth/par", {**pushed, "resource": resource}, headers=wire.basic)).error == BAD_TARGET
    raw_code = (await agree(wire.scene)).raw_code or ""
    assert (await wire.redeem(raw_code, resource=resource)).error == BAD_TARGET
    tokens = (await wire.redeem(raw_code)).json
    assert (await wire.refresh(tokens["refresh_token"], resource=resource)).error == BAD_TARGET
    assert (await wire.refresh(tokens["refresh_token"])).status == 200


async def test_req_119_repeatable_for_one_api(wire: Wire) -> None:
    """Twice the same is once; two APIs in one request are refused, as two platforms are."""
    assert (await authorize(wire, ZALO, ZALO)).location.startswith("/consent/")
    assert (await authorize(wire, ZALO, MATRIX)).query["error"] == "invalid_target"


async def test_req_120_the_audience_is_the_resource(wire: Wire) -> None:
    """Introspection says so; another API's name at the token endpoint is refused and spends nothing."""
    raw_code = (await agree(wire.scene)).raw_code or ""
    assert (await wire.redeem(raw_code, resource=MATRIX)).error == BAD_TARGET
    tokens = (await wire.redeem(raw_code, resource=ZALO)).json
    assert (await wire.introspect(tokens["access_token"]))["aud"] == ZALO
    assert (await wire.refresh(tokens["refresh_token"], resource=MATRIX)).error == BAD_TARGET
    assert (await wire.refresh(tokens["refresh_token"], resource=ZALO)).status == 200


async def test_req_226_scheme_and_host_in_other_case(wire: Wire) -> None:
    """They are the same resource; what we write ourselves has no slash at its end."""
    assert (await authorize(wire, ZALO.replace("http", "HTTP"))).location.startswith("/consent/")
    document = (await wire.send("GET", "/.well-known/oauth-protected-resource/zalo")).json
    assert document["resource"] == ZALO


async def test_a_resource_chooses_among_an_app_s_platforms(wire: Wire) -> None:
    """Without scope, what the app asks on that platform; a scope of another platform beside it is refused."""
    app = await wire.add_app("both", ON_BOTH)
    for resource, ask in ((ZALO, "oa_profile"), (MATRIX, "rooms")):
        reply = await authorize(wire, resource, client_id=app.id, scope=None)
        assert (await wire.find_request(reply)).ask_ids == (ask,)
    mixed = await authorize(wire, MATRIX, client_id=app.id, scope="zalo.profile.read")
    assert mixed.query["error"] == "invalid_target"
    assert (await authorize(wire, client_id=app.id, scope=None)).query["error"] == "invalid_scope"


async def test_an_empty_resource_counts_as_none(wire: Wire) -> None:
    """As every empty parameter does (12)."""
    assert (await authorize(wire, "")).location.startswith("/consent/")
