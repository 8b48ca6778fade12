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
