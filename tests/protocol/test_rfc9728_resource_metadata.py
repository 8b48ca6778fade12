"""RFC 9728: each platform's API says who protects it."""

from gateway.doors.oauth.endpoints import api_endpoints
from tests.protocol.wire import PLATFORMS, Wire

PATH = "/.well-known/oauth-protected-resource/"


async def test_req_129_one_for_each_platform(wire: Wire) -> None:
    """Each platform that is set up has a document, with the path of its API inserted; no other address has one."""
    for platform in PLATFORMS:
        assert (await wire.send("GET", PATH + platform)).status == 200
    for other in ("kiotviet", "", "zalo/x", "ZALO"):
        assert (await wire.send("GET", PATH + other)).status == 404
    assert {each.path for each in api_endpoints(wire.door)} == {PATH + platform for platform in PLATFORMS}


async def test_req_130_resource_is_where_calls_go(wire: Wire) -> None:
    """The API's own address, path and port included."""
    assert (await wire.send("GET", PATH + "zalo")).json["resource"] == f"{wire.door.api_url}/zalo"


async def test_req_133_what_it_says(wire: Wire) -> None:
    """Who issues tokens, which scopes there are, and that a token goes into the header."""
    document = (await wire.send("GET", PATH + "zalo")).json
    assert document["authorization_servers"] == [wire.door.issuer]
    assert document["scopes_supported"] == sorted(PLATFORMS["zalo"])
    assert document["bearer_methods_supported"] == ["header"]


async def test_browser_clients_may_read_it(wire: Wire) -> None:
    """Like the other document it is open to every origin."""
    reply = await wire.send("GET", PATH + "zalo", headers={"Origin": "https://app.example"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_the_two_documents_name_each_other(wire: Wire) -> None:
    """What a client finds at one end is what the other end says."""
    server = (await wire.send("GET", "/.well-known/oauth-authorization-server")).json
    for resource in server["protected_resources"]:
        document = (await wire.send("GET", PATH + resource.rpartition("/")[2])).json
        assert document["resource"] == resource
        assert document["authorization_servers"] == [server["issuer"]]
        assert set(document["scopes_supported"]) <= set(server["scopes_supported"])


async def test_req_217_218_219_what_an_agent_stops_without(wire: Wire) -> None:
    """An agent's client goes on only where a server is named, PKCE is announced, and answers name their issuer."""
    resource = (await wire.send("GET", PATH + "zalo")).json
    server = (await wire.send("GET", "/.well-known/oauth-authorization-server")).json
    assert resource["authorization_servers"] == [server["issuer"]]
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True


async def test_req_131_it_is_json_and_nothing_else_is_there(wire: Wire) -> None:
    """200 as application/json; for what is no resource 404."""
    assert (await wire.send("GET", PATH + "zalo")).headers["Content-Type"].partition(";")[0] == "application/json"
    assert (await wire.send("GET", PATH + "nothing")).status == 404


async def test_req_047_109_bound_tokens_are_offered(wire: Wire) -> None:
    """Both documents name the kinds of proof, and none of them is symmetric."""
    for path in (PATH + "zalo", PATH + "v1", "/.well-known/oauth-authorization-server"):
        named = (await wire.send("GET", path)).json["dpop_signing_alg_values_supported"]
        assert set(named) == {"ES256", "Ed25519"}


async def test_req_223_no_offline_access(wire: Wire) -> None:
    """A refresh token is no scope here: no document and no challenge says `offline_access`."""
    for path in (PATH + "zalo", PATH + "v1", "/.well-known/oauth-authorization-server"):
        assert b"offline_access" not in (await wire.send("GET", path)).body
    assert "offline_access" not in (await wire.send("GET", "/v1/asks")).headers["WWW-Authenticate"]
