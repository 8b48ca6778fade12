"""RFC 8414: the authorization server's metadata says what there is, all of it and nothing else."""

from dataclasses import replace
from urllib.parse import urlsplit

import orjson
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from pydantic import ValidationError

from gateway.doors.oauth.endpoints import endpoints
from gateway.doors.oauth.metadata import NAMES, describe_server
from gateway.records.apps.own_tokens import OwnScope
from gateway.records.apps.types import GrantType
from gateway.settings import SettingsRefused, read_settings
from tests.house import MASTER_KEY, agree
from tests.protocol.keys import add_key_app, proof_of
from tests.protocol.test_oauth21_clients import FAILED, PASSED, PROBE
from tests.protocol.wire import Wire

PATH = "/.well-known/oauth-authorization-server"
SETTINGS = {
    "QUYEN_PUBLIC_URL": "https://quyen.example",
    "QUYEN_TRUSTED_PROXIES": "none",
    "QUYEN_API_URL": "https://api.quyen.example",
    "QUYEN_MASTER_KEY": MASTER_KEY,
    "QUYEN_RECORD_RETENTION_DAYS": "730",
}


@pytest.mark.parametrize(
    "issuer",
    [
        "http://quyen.example",
        "ftp://quyen.example",
        "https://quyen.example?x=1",
        "https://quyen.example#x",
        "https://quyen.example/path",
        "https://u@quyen.example",
        "quyen.example",
    ],
)
def test_req_001_an_issuer_that_may_not_be(issuer: str) -> None:
    """Plain http off loopback, or anything but an origin, and the program does not start; loopback may be plain."""
    with pytest.raises((SettingsRefused, ValidationError)):
        read_settings({**SETTINGS, "QUYEN_PUBLIC_URL": issuer})
    assert read_settings({**SETTINGS, "QUYEN_PUBLIC_URL": "http://127.0.0.1:8400"}).public_url


def test_req_090_the_issuer_has_no_slash_at_its_end() -> None:
    """Written with or without it, the issuer is one string."""
    assert (
        read_settings({**SETTINGS, "QUYEN_PUBLIC_URL": "https://quyen.example/"}).public_url == "https://quyen.example"
    )


async def test_req_088_where_it_stands(wire: Wire) -> None:
    """The issuer is an origin, so the document stands right below the well-known folder, and only there."""
    assert urlsplit(wire.door.issuer).path == ""
    assert (await wire.send("GET", PATH)).status == 200
    for other in (PATH + "/", PATH + "/x", "/.well-known/openid-configuration"):
        assert (await wire.send("GET", other)).status == 404


async def test_req_089_json_without_empty_lists(wire: Wire) -> None:
    """It is JSON, and what there is none of is not mentioned."""
    document = (await wire.send("GET", PATH)).json
    assert [name for name, value in document.items() if value in ([], "", None, {})] == []
    bare = replace(wire.door, platforms={})
    document = describe_server(bare, endpoints(bare))
    assert document["protected_resources"] == [bare.own_resource]
    assert document["scopes_supported"] == sorted(OwnScope)


async def test_req_090_the_issuer_is_the_configured_string(wire: Wire) -> None:
    """Clients compare it byte by byte."""
    assert (await wire.send("GET", PATH)).json["issuer"] == wire.door.issuer


async def test_req_091_every_endpoint_named_is_served(wire: Wire) -> None:
    """Each address answers, and by its own rules: an empty request is a client's error, not an unknown page."""
    document = (await wire.send("GET", PATH)).json
    for name in NAMES.values() & document.keys():
        path = urlsplit(document[name]).path
        reply = await wire.send("GET" if name == "authorization_endpoint" else "POST", path)
        assert 400 <= reply.status < 500
        assert reply.status not in {404, 405}


async def test_req_091_every_endpoint_served_is_named(wire: Wire) -> None:
    """The route table and the document name the same addresses."""
    document = (await wire.send("GET", PATH)).json
    served = {each.path for each in endpoints(wire.door) if each.path.startswith("/oauth/")}
    named = {urlsplit(value).path for name, value in document.items() if name.endswith("_endpoint")}
    assert served == named
    assert set(NAMES) == served | {"/oauth/register"}  # test_rfc7591_registration.py


async def test_req_091_an_endpoint_that_is_not_served_is_not_named(wire: Wire) -> None:
    """The document follows from the route table: without the row neither the address nor its methods are there."""
    rows = [each for each in endpoints(wire.door) if each.path != "/oauth/introspect"]
    assert not [name for name in describe_server(wire.door, rows) if name.startswith("introspection")]


async def test_req_046_what_must_not_be_named(wire: Wire) -> None:
    """No implicit or password grant, no plain challenge, no key set while nothing signs for apps."""
    document = (await wire.send("GET", PATH)).json
    assert document["response_types_supported"] == ["code"]
    offered = ["authorization_code", "refresh_token", "client_credentials", GrantType.DEVICE]
    assert document["grant_types_supported"] == offered
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert not {"jwks_uri", "registration_endpoint"} & document.keys()


async def test_req_091_every_grant_type_named_works_and_no_other(wire: Wire) -> None:
    """What is named gives tokens (a device's code: its own file), what is not is refused."""
    named = (await wire.send("GET", PATH)).json["grant_types_supported"]
    tokens = (await wire.redeem((await agree(wire.scene)).raw_code or "")).json
    assert (await wire.refresh(tokens["refresh_token"])).status == 200
    assert (await wire.ask_token({"grant_type": "client_credentials"})).error == (400, "unauthorized_client")
    for grant_type in ("password", "implicit"):
        assert grant_type not in named
        assert (await wire.ask_token({"grant_type": grant_type})).error == (400, "unsupported_grant_type")


async def test_req_092_the_methods_named_are_those_that_work(wire: Wire) -> None:
    """Each way to authenticate is tried at each endpoint, and works exactly where the document says so."""
    document = (await wire.send("GET", PATH)).json
    key_app = await add_key_app(wire)
    by_body = {"client_id": wire.scene.app.id, "client_secret": wire.scene.raw_secret}
    ways: dict[str, tuple[dict[str, str] | None, dict[str, str]]] = {
        "client_secret_basic": (wire.basic, {}),
        "client_secret_post": (None, by_body),
        "none": (None, {"client_id": wire.scene.public_app.id}),
    }
    for endpoint in ("token", "revocation", "introspection"):
        path = urlsplit(document[f"{endpoint}_endpoint"]).path
        ways["private_key_jwt"] = (None, proof_of(wire, key_app))
        for method, (headers, fields) in ways.items():
            reply = await wire.post(path, {**PROBE, "token": "x", **fields}, headers=headers)
            is_in = reply.status == 200 or reply.error == PASSED
            assert is_in or reply.error == FAILED
            assert is_in == (method in document[f"{endpoint}_endpoint_auth_methods_supported"]), (endpoint, method)


async def test_req_093_browser_clients_may_read_it(wire: Wire) -> None:
    """Any origin may read the document, also with a header of its own; it may be kept for a while."""
    origin = {"Origin": "https://app.example"}
    reply = await wire.send("GET", PATH, headers=origin)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Cache-Control"] == "public, max-age=300"
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "mcp-protocol-version"}
    preflight = await wire.send("OPTIONS", PATH, headers={**origin, **asked})
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Headers"] == "*"
    assert (await wire.send("HEAD", PATH)).status == 200
    assert (await wire.send("POST", PATH)).error == (405, "invalid_request")


async def test_an_independent_library_finds_it_valid(wire: Wire) -> None:
    """Authlib's reading of RFC 8414 has nothing to say against it, once the addresses are https as in production."""
    door = replace(wire.door, issuer="https://quyen.example", api_url="https://api.quyen.example")
    document = orjson.loads(orjson.dumps(describe_server(door, endpoints(door))))
    AuthorizationServerMetadata(document).validate()
    with pytest.raises(ValueError, match="response_types_supported"):
        AuthorizationServerMetadata({**document, "response_types_supported": None}).validate()
    assert door.is_https


async def test_what_may_be_kept_does_not_say_the_contrary(wire: Wire) -> None:
    """Metadata may be kept for five minutes; nothing beside that forbids it."""
    for path in (PATH, "/.well-known/oauth-protected-resource/zalo"):
        headers = (await wire.send("GET", path)).headers
        assert (headers["Cache-Control"], "Pragma" in headers) == ("public, max-age=300", False)
