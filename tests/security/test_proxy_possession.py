"""Bound tokens at the proxy (RFC 9449 section 7): no call without a fresh proof of the key, and no other way round."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.authority.freshness import LocalProofMemory
from tests.house import API_URL
from tests.platforms.zalo.stage import PROFILE, Stage, mint_token, zalo_stage
from tests.protocol.proofs import KEY, OTHER, claims_of, hash_of, signed
from tests.stand_ins.entropy import SeededEntropy

ALGS = 'algs="ES256 Ed25519"'


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage whose app holds a token that is bound to a key."""
    async with zalo_stage(tmp_path, jkt=KEY.thumbprint()) as set_stage:
        yield set_stage


async def headers_of(stage: Stage, changes: Mapping[str, Any] | None = None, *, key: Any = KEY) -> dict[str, str]:
    """Return the headers of a right call of the profile, with some claims of the proof changed."""
    nonce = (await stage.door.proofs.claim(None, b"")).nonce
    right = {"nonce": nonce, "ath": hash_of(stage.app.token), **(changes or {})}
    claims = claims_of(stage.scene.clock.now().timestamp(), API_URL + PROFILE, **{"method": "GET", **right})
    return {"Authorization": f"DPoP {stage.app.token}", "DPoP": signed(claims, key)}


async def test_req_112_a_fresh_proof_opens_the_call(stage: Stage) -> None:
    """With the nonce of the door: the first try says which, the second passes, and the platform sees neither."""
    first = await stage.app.call(PROFILE, headers=await headers_of(stage, {"nonce": None}))
    assert (first.status, first.code) == (401, "use_dpop_nonce")
    given = first.headers["DPoP-Nonce"]
    second = await stage.app.call(PROFILE, headers=await headers_of(stage, {"nonce": given}))
    assert second.status == 200
    (arrived,) = await stage.arrived()
    assert not {"dpop", "authorization"} & {name.lower() for name in arrived["headers"]}


async def test_req_113_a_bound_token_is_no_bearer_token(stage: Stage) -> None:
    """Neither in `Authorization: Bearer` nor in the platform's own header, with or without a proof beside it."""
    proof = (await headers_of(stage))["DPoP"]
    for headers in (
        {"Authorization": f"Bearer {stage.app.token}"},
        {"Authorization": f"Bearer {stage.app.token}", "DPoP": proof},
        {"access_token": stage.app.token, "DPoP": proof},
    ):
        reply = await stage.app.call(PROFILE, headers=headers)
        assert reply.code == "invalid_token" or reply.json["error"] == -216
    assert await stage.arrived() == []


async def test_a_bearer_token_is_not_taken_as_bound(stage: Stage) -> None:
    """A proof beside a token that is bound to nothing proves nothing."""
    token, _ = await mint_token(stage.scene)
    claims = {"ath": hash_of(token)}
    headers = {**await headers_of(stage, claims), "Authorization": f"DPoP {token}"}
    assert (await stage.app.call(PROFILE, headers=headers)).code == "invalid_token"


@pytest.mark.parametrize(
    "changes",
    [
        {"ath": None},
        {"ath": "x"},
        {"ath": 7},
        {"htm": "POST"},
        {"htu": f"{API_URL}/zalo/v3.0/oa/user/detail"},
        {"htu": API_URL.replace("8401", "8400") + PROFILE},
        {"iat": 0},
        {"jti": None},
    ],
    ids=str,
)
async def test_req_106_112_proofs_that_are_not_for_this_call(stage: Stage, changes: dict[str, Any]) -> None:
    """Another token, method, target or time: 401 in the DPoP scheme, and nothing reaches the platform."""
    reply = await stage.app.call(PROFILE, headers=await headers_of(stage, changes))
    assert (reply.status, reply.code) == (401, "invalid_dpop_proof")
    challenge = reply.headers["WWW-Authenticate"]
    assert challenge.startswith('DPoP error="invalid_dpop_proof"')
    assert ALGS in challenge
    assert await stage.arrived() == []


async def test_another_key_or_no_proof(stage: Stage) -> None:
    """Who stole the token without its key calls nothing; the way to consent is challenged in DPoP too."""
    stolen = await headers_of(stage, key=OTHER)
    missing = {"Authorization": f"DPoP {stage.app.token}"}
    for headers in (stolen, missing):
        assert (await stage.app.call(PROFILE, headers=headers)).code == "invalid_dpop_proof"
    assert await stage.arrived() == []


async def test_req_117_a_proof_opens_one_call(stage: Stage) -> None:
    """Of eight at once one passes; the platform is called once."""
    headers = await headers_of(stage)
    replies = await asyncio.gather(*(stage.app.call(PROFILE, headers=headers) for _ in range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [401] * 7
    assert len(await stage.arrived()) == 1


async def test_a_proof_of_before_a_restart_is_stale(stage: Stage) -> None:
    """A door that forgot what it saw refuses what was made before it forgot."""
    headers = await headers_of(stage)
    assert (await stage.app.call(PROFILE, headers=headers)).status == 200
    object.__setattr__(stage.door, "proofs", LocalProofMemory(stage.scene.clock, SeededEntropy("another start")))
    assert (await stage.app.call(PROFILE, headers=headers)).code == "use_dpop_nonce"


async def test_a_refused_proof_does_not_count_as_first_use(stage: Stage) -> None:
    """I3: a thief without the key cannot destroy the answer that is kept for the app's own retry."""
    reply = await stage.app.call(PROFILE, headers=await headers_of(stage, key=OTHER))
    assert reply.code == "invalid_dpop_proof"
    (line,) = await stage.list_lines()
    assert line.ending is not None
    assert line.ending.reason == "invalid_dpop_proof"


async def test_req_068_both_schemes_are_challenges_of_their_own(stage: Stage) -> None:
    """Without a token the caller learns both ways, each in a header of its own."""
    raw = await stage.app.raw(f"GET {PROFILE} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    lines = [line for line in raw.decode().split("\r\n") if line.lower().startswith("www-authenticate:")]
    assert [line.split()[1] for line in lines] == ["Bearer", "DPoP"]
    assert ALGS in lines[1]
    assert "error=" not in "".join(lines)
