"""RFC 7636: proof key for code exchange, S256 and nothing else."""

import pytest

from tests.house import CHALLENGE, VERIFIER, agree
from tests.protocol.wire import Wire


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": "plain", "code_challenge": VERIFIER},
        {"code_challenge_method": "S512"},
        {"code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge": CHALLENGE + "A"},
        {"code_challenge": CHALLENGE[:-1] + "="},
        {"code_challenge": CHALLENGE[:-1] + "é"},
        {"code_challenge": CHALLENGE + "\n"},
    ],
)
async def test_req_020_pkce_required(wire: Wire, changes: dict[str, str | None]) -> None:
    """Without an S256 challenge there is no consent screen, for a confidential and for a public app."""
    for app in (wire.scene.app, wire.scene.public_app):
        assert (await wire.authorize({**changes, "client_id": app.id})).query["error"] == "invalid_request"


async def test_req_073_an_absent_method_means_plain(wire: Wire) -> None:
    """A challenge alone asks for plain, which there is not."""
    reply = await wire.authorize({"code_challenge_method": None})
    assert reply.query["error"] == "invalid_request"
    assert "S256" in reply.query["error_description"]


async def test_req_071_the_verifier_has_43_to_128_unreserved_characters(wire: Wire) -> None:
    """A verifier that could belong to no challenge is refused and is no try at the code."""
    raw_code = (await agree(wire.scene)).raw_code or ""
    for wrong in (VERIFIER[:42], "a" * 129, VERIFIER[:42] + " ", VERIFIER + "+", VERIFIER + "é", VERIFIER + "\n", ""):
        for _ in range(5):
            assert (await wire.redeem(raw_code, code_verifier=wrong)).error == (400, "invalid_request")
    assert (await wire.redeem(raw_code)).status == 200


async def test_req_072_a_wrong_verifier_never_spends_the_code(wire: Wire) -> None:
    """Whoever stole the code alone cannot use it up; the fifth try kills it."""
    raw_code = (await agree(wire.scene)).raw_code or ""
    for _ in range(4):
        assert (await wire.redeem(raw_code, code_verifier="x" * 43)).error == (400, "invalid_grant")
    assert (await wire.redeem(raw_code)).status == 200
    raw_code = (await agree(wire.scene)).raw_code or ""
    for _ in range(5):
        assert (await wire.redeem(raw_code, code_verifier="x" * 43)).error == (400, "invalid_grant")
    assert (await wire.redeem(raw_code)).error == (400, "invalid_grant")


async def test_req_072_an_unsupported_method_is_an_invalid_request(wire: Wire) -> None:
    """Section 4.4.1 has one word for it."""
    assert (await wire.authorize({"code_challenge_method": "S384"})).query["error"] == "invalid_request"


async def test_req_045_no_downgrade(wire: Wire) -> None:
    """A code without its verifier is worth nothing; there are no codes without a challenge."""
    raw_code = (await agree(wire.scene)).raw_code or ""
    assert (await wire.redeem(raw_code, code_verifier=None)).error == (400, "invalid_request")
    assert (await wire.redeem(raw_code)).status == 200
