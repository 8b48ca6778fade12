"""A device that polls many times at once, and people who confirm it at once, on both databases (RFC 8628)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.acts.confirm_device import confirm_device
from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import AskedByDevice, DeviceCodes, open_for_device
from gateway.acts.show_request import show_request
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App, GrantType
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.terms.ids import AskId, RequestId
from gateway.terms.refusal import Refusal
from tests.protocol.races.counting import AT_ONCE, check_one_winner, count_rows
from tests.protocol.wire import Reply, Wire


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


async def test_eight_polls_for_what_a_device_was_given(wire: Wire, rounds: int) -> None:
    """One gets tokens; the seven replays are refused and, as I3 says, end what it got."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE, GrantType.REFRESH))
    for number in range(1, rounds + 1):
        codes, request_id = await open_device(wire, app)
        await agree_for_device(wire, request_id)
        replies = await asyncio.gather(*(poll(wire, app, codes) for _ in range(AT_ONCE)))
        tokens = check_one_winner(replies)
        assert (await wire.refresh(tokens["refresh_token"], app=app)).error == (400, "invalid_grant")
        assert await count_rows(wire) == {"access": number, "refresh": number, "families": 0}


async def test_req_145_eight_polls_while_nobody_decided(wire: Wire, rounds: int) -> None:
    """One of them is in time, the others are told to slow down."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    for _ in range(rounds):
        codes, _ = await open_device(wire, app)
        replies = await asyncio.gather(*(poll(wire, app, codes) for _ in range(AT_ONCE)))
        heard = sorted(reply.json["error"] for reply in replies)
        assert heard == ["authorization_pending"] + ["slow_down"] * (AT_ONCE - 1)


async def test_polls_beside_the_decision(wire: Wire, rounds: int) -> None:
    """A device that asks while its user agrees hears that it must wait, or gets its tokens; never a no."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    for _ in range(rounds):
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


async def test_eight_people_confirm_one_device(wire: Wire, rounds: int) -> None:
    """It belongs to one of two, whoever of their eight browsers is first."""
    app = await wire.add_app("tivi", grant_types=(GrantType.DEVICE,))
    people = (wire.scene.owner, wire.scene.other_owner)
    for _ in range(rounds):
        codes = await open_for_device(wire.house, AskedByDevice(app.id, (AskId("oa_profile"),), "192.0.2.1"))
        async with wire.house.storage.read() as connection:
            request_id = await devices.find_request_id(connection, hashed(codes.raw_code))
        assert request_id is not None
        tries = [confirm_device(wire.house, request_id, people[number % 2].id) for number in range(AT_ONCE)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        refused = [number % 2 for number, end in enumerate(ends) if isinstance(end, Refusal)]
        assert refused in ([0] * 4, [1] * 4)
