"""Codes and refresh tokens in many hands at once, on both databases: single use holds, and nothing crashes."""

import asyncio

from gateway.acts.withdraw import withdraw
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import GrantId
from tests.house import agree
from tests.protocol.races.counting import AT_ONCE, check_one_winner, count_rows
from tests.protocol.wire import Reply, Wire


async def test_eight_redemptions_of_one_code(wire: Wire, rounds: int) -> None:
    """One gets tokens; the seven replays are refused and, as I3 says, end what it got."""
    for number in range(1, rounds + 1):
        raw_code = (await agree(wire.scene)).raw_code or ""
        replies = await asyncio.gather(*(wire.redeem(raw_code) for _ in range(AT_ONCE)))
        tokens = check_one_winner(replies)
        assert not await wire.is_active(tokens["access_token"])
        assert await count_rows(wire) == {"access": number, "refresh": number, "families": 0}


async def test_eight_refreshes_of_a_public_app(wire: Wire, rounds: int) -> None:
    """One gets a successor; the reuse of the others ends the family, and the token has never two living successors."""
    app = wire.scene.public_app
    for number in range(1, rounds + 1):
        first = (await wire.redeem((await agree(wire.scene, app=app)).raw_code or "", app=app)).json
        replies = await asyncio.gather(*(wire.refresh(first["refresh_token"], app=app) for _ in range(AT_ONCE)))
        tokens = check_one_winner(replies)
        assert (await wire.refresh(tokens["refresh_token"], app=app)).error == (400, "invalid_grant")
        assert await count_rows(wire) == {"access": 2 * number, "refresh": 2 * number, "families": 0}


async def test_eight_refreshes_of_a_confidential_app(wire: Wire, rounds: int) -> None:
    """All eight get the same successor, byte for byte: there is one, and it lives."""
    for number in range(1, rounds + 1):
        first = (await wire.redeem((await agree(wire.scene)).raw_code or "")).json
        replies = await asyncio.gather(*(wire.refresh(first["refresh_token"]) for _ in range(AT_ONCE)))
        assert {reply.status for reply in replies} == {200}
        assert len({reply.body for reply in replies}) == 1
        assert await wire.is_active(replies[0].json["access_token"])
        assert await count_rows(wire) == {"access": 2 * number, "refresh": 2 * number, "families": number}


async def test_wrong_verifiers_beside_the_right_one(wire: Wire, rounds: int) -> None:
    """Four who guess at once take nothing from the one who knows."""
    for _ in range(rounds):
        raw_code = (await agree(wire.scene)).raw_code or ""
        guesses = [wire.redeem(raw_code, code_verifier="x" * 43) for _ in range(4)]
        *wrong, right = await asyncio.gather(*guesses, wire.redeem(raw_code))
        assert {reply.error for reply in wrong} == {(400, "invalid_grant")}
        assert right.status == 200
        assert await wire.is_active(right.json["access_token"])


async def test_refresh_races_revocation(wire: Wire, rounds: int) -> None:
    """Whichever comes first, afterwards the family is dead and nothing crashed."""
    for _ in range(rounds):
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


async def test_refreshes_race_a_withdrawal(wire: Wire, rounds: int) -> None:
    """Seven refreshes and the owner's withdrawal: whichever comes first, no token lives afterwards."""
    owner = Actor(ActorKind.PERSON, wire.scene.owner.id)
    for number in range(rounds):
        decided = await agree(wire.scene)
        first = (await wire.redeem(decided.raw_code or "")).json
        tries = [wire.refresh(first["refresh_token"]) for _ in range(AT_ONCE - 1)]
        ending = withdraw(wire.house, GrantId(str(decided.grant_id)), owner)
        place = number % AT_ONCE
        replies = await asyncio.gather(*tries[:place], asyncio.ensure_future(ending), *tries[place:])
        answers = [reply for reply in replies if isinstance(reply, Reply)]
        assert {reply.status for reply in answers} <= {200, 400}
        assert {reply.error for reply in answers if reply.status == 400} <= {(400, "invalid_grant")}
        for token in [first, *(reply.json for reply in answers if reply.status == 200)]:
            assert not await wire.is_active(token["access_token"])
        assert (await count_rows(wire))["families"] == 0
