"""RFC 9207: every answer of the authorize endpoint says who gives it."""

from html import unescape
from re import search
from urllib.parse import parse_qs, urlsplit

from tests.protocol.wire import Wire


async def test_req_094_iss_in_errors_before_consent(wire: Wire) -> None:
    """Whatever rule was broken, the redirect carries the issuer, once."""
    for changes in ({"scope": "x"}, {"response_type": "token"}, {"code_challenge": None}, {"request": "e.y.J"}):
        reply = await wire.authorize(dict(changes))
        assert parse_qs(urlsplit(reply.location).query)["iss"] == [wire.door.issuer]


async def test_req_094_iss_behind_the_link_of_an_unreviewed_app(wire: Wire) -> None:
    """The way back that a person may choose says so too."""
    app = await wire.add_app("fresh", reviewed_at=None)
    body = (await wire.authorize({"client_id": app.id, "scope": "x"})).body.decode()
    found = search(r'href="([^"]+)"', body)
    assert found is not None
    members = parse_qs(urlsplit(unescape(found[1])).query)
    assert members["iss"] == [wire.door.issuer]
    assert members["error"] == ["invalid_scope"]
    assert members["state"] == ["s-1"]


async def test_req_095_it_is_announced(wire: Wire) -> None:
    """Clients that mix servers up can rely on it."""
    document = (await wire.send("GET", "/.well-known/oauth-authorization-server")).json
    assert document["authorization_response_iss_parameter_supported"] is True


async def test_the_query_of_a_redirect_uri_stays_as_it_is(wire: Wire) -> None:
    """What the app registered is not written anew, and the answer is added to it."""
    registered = "https://odd.example/cb?a=%7e+b&a=&c"
    app = await wire.add_app("odd", redirect_uris=(registered,))
    reply = await wire.authorize({"client_id": app.id, "redirect_uri": registered, "scope": "x"})
    assert reply.location.startswith(registered + "&error=invalid_scope&")
