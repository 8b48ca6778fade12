"""RFC 7009: an app gives a token back."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.house import agree
from tests.protocol.wire import Reply, Wire

PATH = "/oauth/revoke"


async def tokens_of(wire: Wire) -> dict[str, Any]:
    """Return the confidential app's tokens."""
    return (await wire.redeem((await agree(wire.scene)).raw_code or "")).json


async def revoke(wire: Wire, raw_token: str, **fields: str) -> Reply:
    """Revoke as the confidential app."""
    return await wire.post(PATH, {"token": raw_token, **fields}, headers=wire.basic)


async def test_req_074_a_foreign_token_lives_on(wire: Wire) -> None:
    """Another client is told nothing and changes nothing: a silent 200, as for a token that never was."""
    tokens = await tokens_of(wire)
    for name in ("access_token", "refresh_token"):
        reply = await wire.post(PATH, {"token": tokens[name], "client_id": wire.scene.public_app.id})
        assert (reply.status, reply.body) == (200, b"")
        assert await wire.is_active(tokens[name])


async def test_req_074_the_client_is_authenticated(wire: Wire) -> None:
    """Without its secret a confidential app cannot end its own token, nor can anyone in its name."""
    tokens = await tokens_of(wire)
    assert (await wire.post(PATH, {"token": tokens["access_token"]})).error == (401, "invalid_client")
    named = {"token": tokens["access_token"], "client_id": wire.scene.app.id}
    assert (await wire.post(PATH, named)).error == (401, "invalid_client")
    assert await wire.is_active(tokens["access_token"])


async def test_req_075_unknown_and_dead_tokens(wire: Wire) -> None:
    """What is dead already is what the client wanted."""
    tokens = await tokens_of(wire)
    for raw_token in ("rubbish", "qat_" + "0" * 49, "é\u202e", tokens["refresh_token"], tokens["refresh_token"]):
        assert (await revoke(wire, raw_token)).status == 200
    assert not await wire.is_active(tokens["refresh_token"])


@pytest.mark.parametrize("hint", ["foo", "access_token", "refresh_token", "", "é"])
async def test_req_076_the_hint_does_not_matter(wire: Wire, hint: str) -> None:
    """An unknown or wrong hint changes nothing: the token is found and dead."""
    for name in ("access_token", "refresh_token"):
        tokens = await tokens_of(wire)
        assert (await revoke(wire, tokens[name], token_type_hint=hint)).status == 200
        assert not await wire.is_active(tokens[name])


async def test_req_077_a_refresh_token_takes_its_access_tokens_along(wire: Wire) -> None:
    """The whole family is dead at once, also the access tokens of earlier refreshes; other families are not."""
    other, first = await tokens_of(wire), await tokens_of(wire)
    second = (await wire.refresh(first["refresh_token"])).json
    assert (await revoke(wire, second["refresh_token"])).status == 200
    for raw_token in (first["access_token"], second["access_token"], second["refresh_token"]):
        assert not await wire.is_active(raw_token)
    assert await wire.is_active(other["access_token"])


async def test_req_077_an_access_token_goes_alone(wire: Wire) -> None:
    """The refresh token beside it still works, and what it gives is alive."""
    tokens = await tokens_of(wire)
    assert (await revoke(wire, tokens["access_token"])).status == 200
    assert not await wire.is_active(tokens["access_token"])
    fresh = (await wire.refresh(tokens["refresh_token"])).json
    assert await wire.is_active(fresh["access_token"])


async def test_req_078_a_public_client_revokes_its_own(wire: Wire) -> None:
    """Its name and the token are enough."""
    app = wire.scene.public_app
    tokens = (await wire.redeem((await agree(wire.scene, app=app)).raw_code or "", app=app)).json
    assert (await wire.post(PATH, {"token": tokens["refresh_token"], "client_id": app.id})).status == 200
    assert (await wire.refresh(tokens["refresh_token"], app=app)).error == (400, "invalid_grant")


async def test_req_079_an_unavailable_database_is_a_503(wire: Wire, tmp_path: Path) -> None:
    """The client is told to try again, the token lives, and the second try ends it."""
    tokens = await tokens_of(wire)
    outside = sqlite3.connect(tmp_path / "quyen.db", isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    reply = await revoke(wire, tokens["access_token"])
    outside.execute("ROLLBACK")
    outside.close()
    assert reply.error == (503, "temporarily_unavailable")
    assert int(reply.headers["Retry-After"]) >= 1
    assert await wire.is_active(tokens["access_token"])
    assert (await revoke(wire, tokens["access_token"])).status == 200
    assert not await wire.is_active(tokens["access_token"])


async def test_req_080_post_alone(wire: Wire) -> None:
    """A link cannot revoke."""
    tokens = await tokens_of(wire)
    for method in ("GET", "DELETE", "OPTIONS"):
        reply = await wire.send(method, PATH, headers=wire.basic)
        assert reply.error == (405, "invalid_request")
        assert reply.headers["Allow"] == "POST"
    assert await wire.is_active(tokens["access_token"])


async def test_req_011_a_token_stands_once(wire: Wire) -> None:
    """Missing or doubled it is an invalid request, and neither of two is ended."""
    tokens = await tokens_of(wire)
    assert (await wire.post(PATH, {}, headers=wire.basic)).error == (400, "invalid_request")
    assert (await wire.post(PATH, {"token": ""}, headers=wire.basic)).error == (400, "invalid_request")
    twice = [("token", tokens["access_token"]), ("token", tokens["refresh_token"])]
    assert (await wire.post(PATH, twice, headers=wire.basic)).error == (400, "invalid_request")
    assert await wire.is_active(tokens["access_token"])
    assert await wire.is_active(tokens["refresh_token"])
