"""Many at once, on both databases: single use holds, nothing crashes, nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.acts.confirm_device import confirm_device
from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import AskedByDevice, DeviceCodes, open_for_device
from gateway.acts.show_request import show_request
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App, GrantType
from gateway.records.families.tables import access_tokens, families, refresh_tokens
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.terms.ids import AskId, RequestId
from gateway.terms.refusal import Refusal
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


async def open_device(wire: Wire, app: App) -> tuple[DeviceCodes, RequestId]:
    """Open a device's request that the owner has confirmed and looked at."""
    codes = await open_for_device(wire.house, AskedByDevice(app.id, (AskId("oa_profile"),), "192.0.2.1"))
    async with wire.house.storage.read() as connection:
        request_id = await devices.find_request_id(connection, hashed(codes.raw_code))
    assert request_id is not None
    await confirm_device(wire.house, request_id, wire.scene.owner.id)
    await show_request(wire.house, request_id, wire.scene.owner.id)
    return codes, request_id


async def agree_for_device(wire: Wire, request_id: RequestId) -> None:
    """Let the owner agree."""
    agreed = frozenset({AskId("oa_profile")})
    answer = Answer(wire.scene.owner.id, wire.scene.account.id, agreed, DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    await decide(wire.house, request_id, answer)


async def poll(wire: Wire, app: App, codes: DeviceCodes) -> Reply:
    """Ask as the device."""
    return await wire.ask_token({"grant_type": GrantType.DEVICE.value, "device_code": codes.raw_code}, app=app)


async def test_eight_polls_for_what_a_device_was_given(wire: Wire) -> None:
    """One gets tokens; the seven replays are refused and, as I3 says, end what it got."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE, GrantType.REFRESH))
    for number in range(1, ROUNDS + 1):
        codes, request_id = await open_device(wire, app)
        await agree_for_device(wire, request_id)
        replies = await asyncio.gather(*(poll(wire, app, codes) for _ in range(AT_ONCE)))
        tokens = check_one_winner(replies)
        assert (await wire.refresh(tokens["refresh_token"], app=app)).error == (400, "invalid_grant")
        assert await count_rows(wire) == {"access": number, "refresh": number, "families": 0}


async def test_req_145_eight_polls_while_nobody_decided(wire: Wire) -> None:
    """One of them is in time, the others are told to slow down."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    for _ in range(ROUNDS):
        codes, _ = await open_device(wire, app)
        replies = await asyncio.gather(*(poll(wire, app, codes) for _ in range(AT_ONCE)))
        heard = sorted(reply.json["error"] for reply in replies)
        assert heard == ["authorization_pending"] + ["slow_down"] * (AT_ONCE - 1)


async def test_polls_beside_the_decision(wire: Wire) -> None:
    """A device that asks while its user agrees hears that it must wait, or gets its tokens; never a no."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    for _ in range(ROUNDS):
        codes, request_id = await open_device(wire, app)
        polls = [poll(wire, app, codes) for _ in range(AT_ONCE)]
        replies, _ = await asyncio.gather(asyncio.gather(*polls), agree_for_device(wire, request_id))
        heard = {reply.json.get("error", "tokens") for reply in replies}
        assert heard <= {"authorization_pending", "slow_down", "tokens", "invalid_grant"}
        assert "invalid_grant" not in heard or "tokens" in heard
        if "tokens" not in heard:
            assert (await poll(wire, app, codes)).status == 200


@pytest.mark.parametrize("wire", ["postgresql"], indirect=True)  # SQLite lets nobody write between two reads of an act
async def test_a_decision_between_the_reads_of_a_poll(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll that reads half before and half after its user's yes hears the yes, not a no."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    codes, request_id = await open_device(wire, app)
    reads = 0

    def watched(find: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def read(*args: Any) -> Any:
            nonlocal reads
            reads += 1
            if reads == 2:
                await agree_for_device(wire, request_id)
            return await find(*args)

        return read

    monkeypatch.setattr(requests, "find", watched(requests.find))
    monkeypatch.setattr(devices, "find", watched(devices.find))
    assert (await poll(wire, app, codes)).status == 200
    assert reads > 2


async def test_eight_people_confirm_one_device(wire: Wire) -> None:
    """It belongs to one of two, whoever of their eight browsers is first."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    people = (wire.scene.owner, wire.scene.other_owner)
    for _ in range(ROUNDS):
        codes = await open_for_device(wire.house, AskedByDevice(app.id, (AskId("oa_profile"),), "192.0.2.1"))
        async with wire.house.storage.read() as connection:
            request_id = await devices.find_request_id(connection, hashed(codes.raw_code))
        assert request_id is not None
        tries = [confirm_device(wire.house, request_id, people[number % 2].id) for number in range(AT_ONCE)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        refused = [number % 2 for number, end in enumerate(ends) if isinstance(end, Refusal)]
        assert refused in ([0] * 4, [1] * 4)
