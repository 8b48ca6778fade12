"""OAuth 2.1, section 2.4, and RFC 6749, section 2.3: how an app proves itself, and how guessing is stopped."""

from base64 import b64encode
from datetime import timedelta
from urllib.parse import quote_plus, urlencode

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from gateway.acts.register import rotate_secret
from gateway.doors.oauth.assertions import ASSERTION_TYPE
from gateway.doors.oauth.clients import WRONG_SECRETS
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.tables import app_secrets
from gateway.records.ledger.types import Actor
from tests.house import VERIFIER, agree
from tests.protocol.wire import Reply, Wire, basic

PROBE = {"grant_type": "authorization_code", "code": "qac_unknown", "code_verifier": VERIFIER}
PASSED = (400, "invalid_grant")
FAILED = (401, "invalid_client")


async def probe(wire: Wire, credentials: dict[str, str] | None = None, /, **fields: str) -> Reply:
    """Ask with an unknown code: who is let in hears `invalid_grant`."""
    return await wire.post("/oauth/token", {**PROBE, **fields}, headers=credentials)


def raw_basic(content: bytes) -> dict[str, str]:
    """Return a Basic header with exactly these bytes in base64."""
    return {"Authorization": "Basic " + b64encode(content).decode()}


async def test_req_008_a_secret_by_header_or_body(wire: Wire) -> None:
    """Both methods work, at each endpoint that takes them."""
    by_body = {"client_id": wire.scene.app.id, "client_secret": wire.scene.raw_secret}
    assert (await probe(wire, wire.basic)).error == PASSED
    assert (await probe(wire, **by_body)).error == PASSED
    for path in ("/oauth/revoke", "/oauth/introspect"):
        assert (await wire.post(path, {"token": "x"}, headers=wire.basic)).status == 200
        assert (await wire.post(path, {"token": "x", **by_body})).status == 200


async def test_req_008_secrets_in_the_address_are_refused(wire: Wire) -> None:
    """A secret that every log on the way would keep is refused even when it is right."""
    for name, value in (("client_secret", wire.scene.raw_secret), ("code", "x"), ("refresh_token", ""), ("token", "x")):
        query = urlencode({"client_id": wire.scene.app.id, name: value})
        for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect"):
            reply = await wire.post(f"{path}?{query}", {**PROBE, "token": "x"}, headers=wire.basic)
            assert reply.error == (400, "invalid_request")
    assert (await wire.post("/oauth/token?foo=bar", PROBE, headers=wire.basic)).error == PASSED


async def test_req_009_wrong_secrets_are_limited(wire: Wire) -> None:
    """Ten wrong secrets close the door to this client from this address, to the right secret too, and for a time."""
    for _ in range(WRONG_SECRETS.times):
        assert (await probe(wire, basic(wire.scene.app.id, "qcs_wrong"))).error == FAILED
    with capture_logs() as logs:
        closed = await probe(wire, wire.basic)
    assert closed.error == (429, "temporarily_unavailable")
    assert [line["event"] for line in logs] == ["client_secrets_limited"]
    wire.scene.clock.advance(int(closed.headers["Retry-After"]))
    assert (await probe(wire, wire.basic)).error == PASSED


async def test_req_009_other_clients_and_addresses_are_unaffected(wire: Wire) -> None:
    """Who guesses another app's secret locks nobody else out: not other apps, not that app from its own address."""
    other = await wire.add_app("other", is_confidential=True)
    raw_other = await rotate_secret(wire.house, other.id, Actor.system())
    for _ in range(50):
        await probe(wire, basic(wire.scene.app.id, "qcs_wrong"))
    assert (await probe(wire, basic(other.id, raw_other))).error == PASSED
    assert (await probe(wire, client_id=wire.scene.public_app.id)).error == PASSED
    key = f"client-secret 203.0.113.7 {wire.scene.app.id}"
    assert await wire.door.limits.wait_seconds(key, WRONG_SECRETS) == 0
    assert await wire.door.limits.wait_seconds(key.replace("203.0.113.7", "127.0.0.1"), WRONG_SECRETS) > 0


async def test_req_009_a_guess_beside_ten_wrong_ones_does_not_get_through(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right secret that was being compared while the tenth wrong one was counted is not told to be right."""
    limits, asked = wire.door.limits, []
    ask = limits.wait_seconds

    async def meanwhile(key: str, limit: object) -> int:
        """Let ten wrong guesses finish between the first question and the second."""
        asked.append(key)
        wait = await ask(key, WRONG_SECRETS)
        for _ in range(WRONG_SECRETS.times if len(asked) == 1 else 0):
            await limits.count(key, WRONG_SECRETS)
        return wait

    monkeypatch.setattr(limits, "wait_seconds", meanwhile)
    assert (await probe(wire, wire.basic)).error == (429, "temporarily_unavailable")
    assert len(asked) == 2


async def test_req_009_right_secrets_are_never_limited(wire: Wire) -> None:
    """An app that makes no mistakes may come as often as it likes."""
    for _ in range(WRONG_SECRETS.times + 5):
        assert (await probe(wire, wire.basic)).error == PASSED


async def test_req_015_a_confidential_client_must_authenticate(wire: Wire) -> None:
    """Its name alone is not enough, at any endpoint, and no secret at all is no guess."""
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect"):
        for _ in range(WRONG_SECRETS.times + 1):
            fields = {**PROBE, "token": "x", "client_id": wire.scene.app.id}
            assert (await wire.post(path, fields)).error == FAILED
    assert (await probe(wire, basic(wire.scene.app.id, ""))).error == FAILED
    assert (await probe(wire, wire.basic)).error == PASSED


async def test_req_017_a_failure_by_header_is_challenged(wire: Wire) -> None:
    """By header or with nothing at all: 401 with a Basic challenge; by body: 401 without one."""
    for reply in (await probe(wire, basic(wire.scene.app.id, "qcs_wrong")), await probe(wire)):
        assert reply.error == FAILED
        assert reply.headers["WWW-Authenticate"] == 'Basic realm="quyen", charset="UTF-8"'
    by_body = await probe(wire, client_id=wire.scene.app.id, client_secret="qcs_wrong")
    assert by_body.error == FAILED
    assert "WWW-Authenticate" not in by_body.headers


async def test_req_017_an_unread_document_by_header_is_challenged(wire: Wire) -> None:
    """An address of which no document comes is a failed authentication like any other; by body without a challenge."""
    by_header = await probe(wire, basic("https://app.example/id", "x"))
    assert by_header.error == FAILED
    assert by_header.headers["WWW-Authenticate"] == 'Basic realm="quyen", charset="UTF-8"'
    by_body = await probe(wire, client_id="https://app.example/id", client_secret="x")
    assert by_body.error == FAILED
    assert "WWW-Authenticate" not in by_body.headers


async def test_req_044_a_public_clients_secret_proves_nothing(wire: Wire) -> None:
    """An app without a secret that sends one is refused, by header and by body; an empty one is none."""
    public_id = wire.scene.public_app.id
    assert (await probe(wire, basic(public_id, "qcs_x"))).error == FAILED
    assert (await probe(wire, client_id=public_id, client_secret="qcs_x")).error == FAILED
    assert (await probe(wire, basic(public_id, ""))).error == PASSED
    assert (await probe(wire, client_id=public_id, client_secret="")).error == PASSED


async def test_req_055_one_method_for_each_request(wire: Wire) -> None:
    """Header and body together are refused, though both are right; the same name twice is not two methods."""
    both = {"client_id": wire.scene.app.id, "client_secret": wire.scene.raw_secret}
    assert (await probe(wire, wire.basic, **both)).error == (400, "invalid_request")
    assert (await probe(wire, wire.basic, client_secret=wire.scene.raw_secret)).error == (400, "invalid_request")
    assert (await probe(wire, wire.basic, client_id=wire.scene.app.id)).error == PASSED
    assert (await probe(wire, wire.basic, client_id=wire.scene.public_app.id)).error == (400, "invalid_request")


async def test_req_055_two_headers_are_refused(wire: Wire) -> None:
    """Of two Authorization headers neither is believed."""
    url = f"{wire.door.issuer}/oauth/token"
    headers = [("Authorization", wire.basic["Authorization"])] * 2
    async with wire.session.post(url, data=PROBE, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_request"


async def test_req_056_basic_is_form_decoded(wire: Wire) -> None:
    """An id and a secret with every awkward sign work when they are encoded as the RFC says, and only then."""
    app = await wire.add_app("a:b +%20", is_confidential=True)
    raw_secret = "s: +%é&="
    async with wire.house.storage.unit() as unit:
        changed = update(app_secrets).where(app_secrets.c.app_id == app.id).values(hashed_secret=hashed(raw_secret))
        await unit.connection.execute(changed)
        await unit.commit()
    assert (await probe(wire, basic(app.id, raw_secret))).error == PASSED
    assert (await probe(wire, client_id=app.id, client_secret=raw_secret)).error == PASSED
    assert (await probe(wire, raw_basic(f"{quote_plus(app.id)}:{raw_secret}".encode()))).error == FAILED


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YQ",
        "Basic " + b64encode(b"no-colon").decode(),
        "Basic " + b64encode(b"\xff\xfe:x").decode(),
        "Basic " + b64encode(b"%ff:x").decode(),
        "Basic " + b64encode(b":secret").decode(),
        "Basic " + b64encode(b"%00:x").decode(),
        "Bearer qat_x",
        "Digest username=x",
        "é",
    ],
)
async def test_req_057_malformed_basic(wire: Wire, header: str) -> None:
    """What is no Basic header is a failed authentication with a challenge, never a crash."""
    reply = await probe(wire, {"Authorization": header})
    assert reply.error == FAILED
    assert "WWW-Authenticate" in reply.headers


async def test_req_063_unknown_client_and_wrong_secret_look_alike(wire: Wire) -> None:
    """The same answer, byte for byte, up to and past the limit: nobody learns which ids exist."""
    for number in range(WRONG_SECRETS.times + 2):
        known = await probe(wire, basic(wire.scene.app.id, "qcs_wrong"))
        unknown = await probe(wire, basic("nobody", "qcs_wrong"))
        assert (known.status, known.body) == (unknown.status, unknown.body), number
        assert known.headers.get("WWW-Authenticate") == unknown.headers.get("WWW-Authenticate")


async def test_req_055_an_assertion_beside_a_secret_is_two_methods(wire: Wire) -> None:
    """By header or by body, also where the secret is right."""
    assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "e.y.J"}
    by_body = {"client_id": wire.scene.app.id, "client_secret": wire.scene.raw_secret}
    assert (await probe(wire, wire.basic, **assertion)).error == (400, "invalid_request")
    assert (await probe(wire, **by_body, **assertion)).error == (400, "invalid_request")
    assert (await probe(wire, client_id=wire.scene.public_app.id, **assertion)).error == FAILED


async def test_two_secrets_live_while_one_replaces_the_other(wire: Wire) -> None:
    """After a rotation the old secret works beside the new; after the next one it is dead."""
    second = await rotate_secret(wire.house, wire.scene.app.id, Actor.system())
    for raw_secret in (wire.scene.raw_secret, second):
        assert (await probe(wire, basic(wire.scene.app.id, raw_secret))).error == PASSED
    wire.scene.clock.advance(timedelta(seconds=1))
    third = await rotate_secret(wire.house, wire.scene.app.id, Actor.system())
    assert (await probe(wire, basic(wire.scene.app.id, wire.scene.raw_secret))).error == FAILED
    for raw_secret in (second, third):
        assert (await probe(wire, basic(wire.scene.app.id, raw_secret))).error == PASSED


async def test_a_client_id_that_no_client_can_have(wire: Wire) -> None:
    """Control and foreign signs in the id are a failed authentication, not a question to the database."""
    for unverified_id in ("é", "\t", "so-ban-hang\n"):
        assert (await probe(wire, client_id=unverified_id)).error == FAILED


async def test_the_right_app_redeems_by_each_method(wire: Wire) -> None:
    """The positive control of the whole file: tokens come for a header, a body, and a public app's name."""
    by_body = {"client_id": wire.scene.app.id, "client_secret": wire.scene.raw_secret}
    for headers, fields in ((wire.basic, {}), (None, by_body)):
        raw_code = (await agree(wire.scene)).raw_code or ""
        assert (await probe(wire, headers, **fields, code=raw_code)).status == 200
    raw_code = (await agree(wire.scene, app=wire.scene.public_app)).raw_code or ""
    assert (await probe(wire, client_id=wire.scene.public_app.id, code=raw_code)).status == 200
