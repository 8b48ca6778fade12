"""One pushed request in many browsers, on both databases (RFC 9126): one person decides, once."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

from gateway.acts.decide import Decided
from gateway.terms.refusal import Refusal
from tests.protocol.races.counting import AT_ONCE
from tests.protocol.wire import Reply, Wire


async def push(wire: Wire) -> str:
    """Push a right request; return the address that opens it."""
    fields = {name: value for name, value in wire.right_request().items() if value is not None}
    pushed = (await wire.post("/oauth/par", fields, headers=wire.basic)).json["request_uri"]
    return f"/oauth/authorize?{urlencode({'client_id': wire.scene.app.id, 'request_uri': pushed})}"


async def decide_all(wire: Wire, opened: Sequence[Reply]) -> list[Decided | BaseException]:
    """Let the owner agree in each browser at once."""
    return await asyncio.gather(*(wire.agree_on(reply) for reply in opened), return_exceptions=True)


async def test_eight_loads_and_decisions_of_one_pushed_request(wire: Wire, rounds: int) -> None:
    """All eight browsers reach the one screen; of eight decisions one counts, and its code works."""
    for _ in range(rounds):
        wire.scene.clock.advance(60)
        address = await push(wire)
        opened = await asyncio.gather(*(wire.send("GET", address) for _ in range(AT_ONCE)))
        assert len({reply.location for reply in opened}) == 1
        outcomes = await decide_all(wire, opened)
        won = [each for each in outcomes if isinstance(each, Decided)]
        assert len(won) == 1
        assert {each.reason for each in outcomes if isinstance(each, Refusal)} <= {"decided", "not_found"}
        assert len([each for each in outcomes if isinstance(each, Refusal)]) == AT_ONCE - 1
        assert (await wire.redeem(won[0].raw_code or "")).status == 200
