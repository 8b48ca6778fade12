"""Renew: a connection's credential, once for all calls that found it dead; or note that the connection is lost."""

import asyncio
from dataclasses import replace

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.journal import SealedCredential
from gateway.platforms import Connector, Credential, Trouble
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.terms.refusal import Refusal, Unavailable


@shielded
async def renew(house: House, connector: Connector, seen: Connection) -> Connection:
    """Exchange the credential that a call saw refused, unless another call did so meanwhile; stored before it is used.

    Args:
        house: the parts that acts work with.
        connector: speaks to the platform.
        seen: the connection as the call read it.

    Returns:
        The connection with a credential newer than `seen`.

    Raises:
        Refusal: `connection_lost`: the platform refuses to renew; the connection is marked so and people are shown it.
        Unavailable: the platform gave no answer; the old credential stays.
    """
    async with house.storage.exclusive(f"connection {seen.id}"):
        async with house.storage.read() as connection:
            current = await accounts.find_connection(connection, seen.account_id)
        if current is None or current.state is ConnectionState.LOST:
            raise Refusal("connection_lost")
        if current.generation != seen.generation:
            return current
        sealed = house.vault.open(current.sealed_credential, credential_place(current.id))
        try:
            fresh = await connector.renew(Credential.from_bytes(sealed))
        except Refusal as refusal:
            await _lose(house, current, Trouble.CREDENTIAL_REFUSED)
            raise Refusal("connection_lost", log_detail=refusal.log_detail) from refusal
        return await _store(house, current, fresh)


@shielded
async def lose(house: House, seen: Connection, trouble: Trouble) -> None:
    """Note that the platform took its permission back from the gateway's app; people are shown it."""
    await _lose(house, seen, trouble)


async def _store(house: House, current: Connection, fresh: Credential) -> Connection:
    now = house.clock.now()
    renewed = replace(
        current,
        sealed_credential=house.vault.seal(fresh.to_bytes(), credential_place(current.id)),
        generation=current.generation + 1,
        credential_expires_at=fresh.expires_at,
        changed_at=now,
    )
    entry = SealedCredential(renewed.id, renewed.generation, renewed.sealed_credential, now)
    try:
        await asyncio.to_thread(house.journal.append, [entry])
    except OSError as error:
        raise Unavailable("journal") from error
    async with house.storage.unit() as unit:
        await accounts.renew_connection(unit.connection, renewed)
        await unit.commit()
    return renewed


async def _lose(house: House, seen: Connection, trouble: Trouble) -> None:
    async with house.storage.unit() as unit:
        now = house.clock.now()
        is_lost = await accounts.mark_lost(
            unit.connection, seen.id, generation=seen.generation, reason=trouble.value, now=now
        )
        if not is_lost:
            return
        facts = {"connection": seen.id, "reason": trouble.value}
        draft = Draft(Kind.CONNECTION_LOST, now, Actor.system(), facts, account_id=seen.account_id)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
