"""Many at once, on both databases: single use holds, nothing crashes, nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.records.families.tables import access_tokens, families, refresh_tokens
from tests.house import agree
from tests.protocol.wire import Reply, Wire, served
from tests.ready import add_database, scene_in
from tests.services.postgres_server import PostgresServer
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

AT_ONCE = 8
ROUNDS = 5


@asynccontextmanager
async def database_on(request: pytest.FixtureRequest) -> AsyncIterator[str | None]:
    """Yield the URL of a fresh PostgreSQL database where the test wants one, else None: SQLite."""
    if request.param == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres_server")
    assert isinstance(server, PostgresServer)
    name = await add_database(server)
    yield server.url(name)
    await server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def wire(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Wire]:
    """Yield the door served on each database in turn."""
    async with (
        database_on(request) as url,
        scene_in(tmp_path, clock, database_url=url, entropy=SeededEntropy()) as scene,
        served(scene) as wire,
    ):
        yield wire


async def count_rows(wire: Wire) -> dict[str, int]:
    """Count access tokens, refresh tokens and living families."""
    async with wire.house.storage.read() as connection:
        tables = {"access": select(func.count()).select_from(access_tokens)}
        tables["refresh"] = select(func.count()).select_from(refresh_tokens)
        tables["families"] = select(func.count()).select_from(families).where(families.c.ended_at.is_(None))
        return {name: int((await connection.execute(query)).scalar_one()) for name, query in tables.items()}


def check_one_winner(replies: list[Reply]) -> dict[str, str]:
    """Return the one answer with tokens; every other reply must be `invalid_grant`."""
    won = [reply for reply in replies if reply.status == 200]
    assert len(won) == 1
    assert {reply.error for reply in replies if reply is not won[0]} == {(400, "invalid_grant")}
    return won[0].json


async def test_eight_redemptions_of_one_code(wire: Wire) -> None:
    """One gets tokens; the seven replays are refused and, as I3 says, end what it got."""
    for number in range(1, ROUNDS + 1):
        raw_code = (await agree(wire.scene)).raw_code or ""
        replies = await asyncio.gather(*(wire.redeem(raw_code) for _ in range(AT_ONCE)))
        tokens = check_one_winner(replies)
        assert not await wire.is_active(tokens["access_token"])
        assert await count_rows(wire) == {"access": number, "refresh": number, "families": 0}


async def test_eight_refreshes_of_a_public_app(wire: Wire) -> None:
    """One gets a successor; the reuse of the others ends the family, and the token has never two living successors."""
    app = wire.scene.public_app
    for number in range(1, ROUNDS + 1):
        first = (await wire.redeem((await agree(wire.scene, app=app)).raw_code or "", app=app)).json
        replies = await asyncio.gather(*(wire.refresh(first["refresh_token"], app=app) for _ in range(AT_ONCE)))
        tokens = check_one_winner(replies)
        assert (await wire.refresh(tokens["refresh_token"], app=app)).error == (400, "invalid_grant")
        assert await count_rows(wire) == {"access": 2 * number, "refresh": 2 * number, "families": 0}


async def test_eight_refreshes_of_a_confidential_app(wire: Wire) -> None:
    """All eight get the same successor, byte for byte: there is one, and it lives."""
    for number in range(1, ROUNDS + 1):
        first = (await wire.redeem((await agree(wire.scene)).raw_code or "")).json
        replies = await asyncio.gather(*(wire.refresh(first["refresh_token"]) for _ in range(AT_ONCE)))
        assert {reply.status for reply in replies} == {200}
        assert len({reply.body for reply in replies}) == 1
        assert await wire.is_active(replies[0].json["access_token"])
        assert await count_rows(wire) == {"access": 2 * number, "refresh": 2 * number, "families": number}


async def test_wrong_verifiers_beside_the_right_one(wire: Wire) -> None:
    """Four who guess at once take nothing from the one who knows."""
    for _ in range(ROUNDS):
        raw_code = (await agree(wire.scene)).raw_code or ""
        guesses = [wire.redeem(raw_code, code_verifier="x" * 43) for _ in range(4)]
        *wrong, right = await asyncio.gather(*guesses, wire.redeem(raw_code))
        assert {reply.error for reply in wrong} == {(400, "invalid_grant")}
        assert right.status == 200
        assert await wire.is_active(right.json["access_token"])


async def test_refresh_races_revocation(wire: Wire) -> None:
    """Whichever comes first, afterwards the family is dead and nothing crashed."""
    for _ in range(ROUNDS):
        first = (await wire.redeem((await agree(wire.scene)).raw_code or "")).json
        given_back = {"token": first["refresh_token"]}
        refreshed, revoked = await asyncio.gather(
            wire.refresh(first["refresh_token"]), wire.post("/oauth/revoke", given_back, headers=wire.basic)
        )
        assert revoked.status == 200
        assert refreshed.status == 200 or refreshed.error == (400, "invalid_grant")
        assert not await wire.is_active(first["access_token"])
        if refreshed.status == 200:
            assert not await wire.is_active(refreshed.json["access_token"])
