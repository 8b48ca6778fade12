"""One assertion, and one proof of a key, presented many times at once: each counts once (RFC 7523, RFC 9449)."""

import asyncio

from tests.house import VERIFIER, agree
from tests.protocol.keys import add_key_app, proof_of
from tests.protocol.proofs import ask_token, prove
from tests.protocol.races.counting import AT_ONCE
from tests.protocol.wire import Wire

UNUSED = {"grant_type": "refresh_token", "refresh_token": "x"}


async def test_eight_uses_of_one_assertion(wire: Wire, rounds: int) -> None:
    """One proves the app (and then hears of its token); the others prove nothing."""
    app = await add_key_app(wire)
    for number in range(rounds):
        wire.scene.clock.advance(1800)
        fields = {**UNUSED, **proof_of(wire, app, {"jti": f"one-{number}"})}
        replies = await asyncio.gather(*(wire.post("/oauth/token", fields) for _ in range(AT_ONCE)))
        errors = sorted(reply.error for reply in replies)
        assert errors == [(400, "invalid_grant"), *[(401, "invalid_client")] * (AT_ONCE - 1)]


async def test_eight_uses_of_one_proof(wire: Wire, rounds: int) -> None:
    """One redeems the code; the others are replays of the proof and never reach it, so its tokens live."""
    for _ in range(rounds):
        wire.scene.clock.advance(60)
        raw_code, proof = (await agree(wire.scene)).raw_code or "", await prove(wire)
        fields = {"grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER}
        replies = await asyncio.gather(*(ask_token(wire, fields, proof) for _ in range(AT_ONCE)))
        won = [reply for reply in replies if reply.status == 200]
        assert len(won) == 1
        assert {reply.error for reply in replies if reply.status != 200} == {(400, "invalid_dpop_proof")}
        assert await wire.is_active(won[0].json["access_token"])
