"""Renew: a connection's credential, once for all calls that found it dead; or note that the connection is lost.

Also what the gateway asks a platform for itself through a connection: whose it is, who one of a shop's people is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import structlog

from gateway.acts import House
from gateway.acts.recording import is_journalled
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.entries import Entry, SealedCredential
from gateway.platforms import ENDED_ACCESS, Connector, Credential, Profile, Trouble
from gateway.platforms.zalo.followers import ZaloFollower, ZaloFollowers
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import connection_facts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.terms.ids import GATEWAYS_OWN, AccountId, ConnectionId
from gateway.terms.refusal import Refusal, Unavailable

CHECK_SECONDS: Final = 5.0
"""How long a check waits for the platform: a stop of the server waits for it."""

_log = structlog.get_logger()
_Told = TypeVar("_Told")


@shielded
async def renew(house: House, connector: Connector, seen: Connection) -> Connection:
    """Exchange the credential that a call saw refused, unless another call did so meanwhile; stored before it is used.

    Args:
        house: the parts.
        connector: the platform that the connection leads to, spoken to as the connection's upstream app.
        seen: the connection as the call read it.

    Returns:
        The connection with a credential newer than `seen`.

    Raises:
        Refusal: `connection_lost`: the platform refuses to renew; the connection is marked so and people are shown it.
        Unavailable: the platform gave no answer, and the old credential stays; or the new one is not on disk twice.
    """
    async with house.storage.exclusive(f"connection {seen.id}"):
        async with house.storage.read() as connection:
            current = await accounts.find_connection(connection, seen.account_id, brought_id=seen.brought_id)
        if current is None or current.state is ConnectionState.LOST:
            raise Refusal("connection_lost")
        if current.generation != seen.generation:
            return current
        try:
            fresh = await connector.renew(_open(house, current))
        except Refusal as refusal:
            return await _recover(house, current, refusal)
        return await _store(house, current, fresh)


@shielded
async def lose(house: House, seen: Connection, trouble: Trouble) -> None:
    """Note, once, that the platform took its permission back from the gateway's app; people are shown it."""
    await _lose(house, seen, trouble)


@shielded
async def check_connection(house: House, connector: Connector, link: Connection) -> None:
    """Ask the platform whose credential this is: renew what it refuses, and note as lost what it ended.

    Platforms tell nobody that an account took its permission back. No answer, and a no for any other reason, change
    nothing: the next check asks again.
    """
    trouble = await _ask_whose(house, connector, link)
    if trouble is Trouble.CREDENTIAL_REFUSED:
        try:
            await renew(house, connector, link)
        except Refusal as refusal:  # it is noted as lost
            _log.info("a check ended a connection", connection=link.id, why=refusal.log_detail)
        except Unavailable as unavailable:
            _log.info("a connection could not be renewed", connection=link.id, what=unavailable.what)
    elif trouble in ENDED_ACCESS:
        await _lose(house, link, trouble)


@shielded
async def recover_credentials(house: House, entries: Sequence[Entry]) -> int:
    """At start: put back what the journal knows of connections and the database does not.

    The database was restored, or a kill came between the two.

    Returns:
        How many connections have a newer credential.
    """
    newest = _newest_of(entries)
    return sum([await _put_back(house, entry) for entry in newest.values()])


async def find_follower(
    house: House, connector: Connector, followers: ZaloFollowers, shop_id: AccountId, *, named: str
) -> ZaloFollower | None:
    """Find a follower as the platform tells of them at this moment; None where the shop knows no such one.

    Raises:
        Refusal: `connection_lost`, `platform_refused`: the platform refuses the shop.
        Unavailable: the platform, or the database, gave no answer.
    """
    link = await accounts.look_up_connection(house.storage, shop_id, GATEWAYS_OWN)
    if link is None or link.state is ConnectionState.LOST or link.upstream_app != followers.upstream_app:
        raise Refusal("connection_lost", log_detail="no connection whose ids are those of the sign-in")
    return await _ask(house, connector, link, lambda credential: followers.find_follower(credential, named))


async def describe_account(house: House, connector: Connector, account_id: AccountId) -> Profile:
    """Return what the platform tells of an account at this moment.

    Raises:
        Refusal: `connection_lost`, `platform_refused`: the platform refuses the connection.
        Unavailable: the platform, or the database, gave no answer.
    """
    link = await accounts.look_up_connection(house.storage, account_id, GATEWAYS_OWN)
    if link is None or link.state is ConnectionState.LOST:
        raise Refusal("connection_lost")
    return await _ask(house, connector, link, connector.describe)


async def _ask(
    house: House, connector: Connector, link: Connection, question: Callable[[Credential], Awaitable[_Told]]
) -> _Told:
    """Ask with a connection's credential, and once more with a new one where that is refused."""
    try:
        return await question(_open(house, link))
    except Refusal as refusal:
        if refusal.facts.get("trouble") is not Trouble.CREDENTIAL_REFUSED:
            raise
        fresh = await renew(house, connector, link)
        return await question(_open(house, fresh))


async def _ask_whose(house: House, connector: Connector, link: Connection) -> Trouble | None:
    credential = _open(house, link)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await connector.describe(credential)
    except Refusal as refusal:
        trouble = refusal.facts.get("trouble")
        return trouble if isinstance(trouble, Trouble) else None
    except (Unavailable, TimeoutError):
        return None
    return None


def _open(house: House, link: Connection) -> Credential:
    return Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))


def _newest_of(entries: Sequence[Entry]) -> dict[ConnectionId, SealedCredential]:
    newest: dict[ConnectionId, SealedCredential] = {}
    for entry in entries:
        if isinstance(entry, SealedCredential):
            connection_id = ConnectionId(entry.connection_id)
            known = newest.get(connection_id, entry)
            newest[connection_id] = entry if entry.version >= known.version else known
    return newest


async def _put_back(house: House, entry: SealedCredential) -> bool:
    connection_id, now = ConnectionId(entry.connection_id), house.clock.now()
    async with house.storage.unit() as unit:
        is_newer = await accounts.put_back_credential(
            unit.connection, connection_id, entry.sealed, generation=entry.version, now=now
        )
        await unit.commit()
    return is_newer


async def _recover(house: House, current: Connection, refusal: Refusal) -> Connection:
    """The platform refuses: perhaps because the newer credential reached the journal and not the database."""
    reading = await asyncio.to_thread(house.journal.read)
    entry = _newest_of(reading.entries).get(current.id)
    if entry is not None and await _put_back(house, entry):
        return await _get(house, current)
    await _lose(house, current, Trouble.CREDENTIAL_REFUSED)
    raise Refusal("connection_lost", log_detail=refusal.log_detail) from refusal


async def _store(house: House, current: Connection, fresh: Credential) -> Connection:
    """Journal first, then the database; should the journal fail, the database keeps what exists nowhere else."""
    renewed = replace(
        current,
        sealed_credential=house.vault.seal(fresh.to_bytes(), credential_place(current.id)),
        generation=current.generation + 1,
        credential_expires_at=fresh.expires_at,
        changed_at=house.clock.now(),
    )
    is_kept = await is_journalled(house, renewed)
    async with house.storage.unit() as unit:
        is_stored = await accounts.renew_connection(unit.connection, renewed)
        await unit.commit()
    if not is_stored:  # the account was linked anew meanwhile: that credential holds, in the journal too
        renewed = await _get(house, current)
        is_kept = await is_journalled(house, renewed)
    if not is_kept:
        raise Unavailable("journal", reason="not_settled")
    return renewed


async def _get(house: House, seen: Connection) -> Connection:
    async with house.storage.read() as connection:
        current = await accounts.find_connection(connection, seen.account_id, brought_id=seen.brought_id)
    if current is not None:
        return current
    raise Refusal("connection_lost")  # unlinked, or its upstream app was taken back, meanwhile


async def _lose(house: House, seen: Connection, trouble: Trouble) -> None:
    async with house.storage.unit() as unit:
        now = house.clock.now()
        is_lost = await accounts.mark_lost(
            unit.connection, seen.id, generation=seen.generation, reason=trouble.value, now=now
        )
        if not is_lost:
            return
        lost = replace(seen, state=ConnectionState.LOST, lost_reason=trouble.value)
        facts = {"connection": seen.id, "reason": trouble.value, "connections": [connection_facts(lost)]}
        draft = Draft(Kind.CONNECTION_LOST, now, Actor.system(), facts, account_id=seen.account_id)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
