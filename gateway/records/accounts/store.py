"""Questions and changes on accounts, connections and standings."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.rows import list_readable
from gateway.ground.storage.storage import Storage
from gateway.records.accounts.tables import accounts, connections, link_attempts, standings
from gateway.records.accounts.types import Account, Connection, ConnectionState, LinkAttempt, Standing
from gateway.terms.ids import GATEWAYS_OWN, AccountId, ConnectionId, PersonId, StandingId, UpstreamAppId

_BY_ID = Prepared(select(accounts).where(accounts.c.id == bindparam("account_id")))
_LINK = Prepared(
    select(*[connections.c[name] for name in Connection.__slots__]).where(
        connections.c.account_id == bindparam("account_id"), connections.c.brought_id == bindparam("brought_id")
    )
)

_LINKED = Prepared(
    select(accounts.c.id)
    .join(connections, connections.c.account_id == accounts.c.id)
    .where(accounts.c.platform == bindparam("on_platform"), accounts.c.external_id == bindparam("external"))
    .where(connections.c.upstream_app == bindparam("through_app"), connections.c.brought_id == bindparam("through"))
)


def _connection(row: Mapping[str, Any]) -> Connection:
    fields: dict[str, Any] = {**row, "state": ConnectionState(row["state"])}
    return Connection(**fields)


async def find(connection: AsyncConnection, account_id: AccountId, *, lock: bool = False) -> Account | None:
    """Find an account by id; `lock` holds its row, and keeps out whatever would first name it, until the unit ends."""
    if lock:
        await connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())
    row = await _BY_ID.first(connection, account_id=account_id)
    return Account(**row) if row else None


async def find_external(connection: AsyncConnection, platform: str, external_id: str) -> Account | None:
    """Find an account by the platform's own id."""
    query = select(accounts).where(accounts.c.platform == platform, accounts.c.external_id == external_id)
    row = (await connection.execute(query)).mappings().first()
    return Account(**row) if row else None


async def list_external(
    connection: AsyncConnection, platform: str, external_ids: Collection[str]
) -> dict[str, Account]:
    """Find several accounts at once, by the platform's own ids."""
    known = accounts.c.platform == platform, accounts.c.external_id.in_(external_ids)
    rows = (await connection.execute(select(accounts).where(*known))).mappings()
    return {row["external_id"]: Account(**row) for row in rows}


async def list_named(connection: AsyncConnection, account_ids: Collection[AccountId]) -> dict[AccountId, Account]:
    """Find several accounts at once, by id."""
    rows = (await connection.execute(select(accounts).where(accounts.c.id.in_(account_ids)))).mappings()
    return {AccountId(row["id"]): Account(**row) for row in rows}


async def list_linked(connection: AsyncConnection, platforms: Collection[str]) -> list[Account]:
    """List the accounts of some platforms that people linked; profiles of followers are none."""
    query = select(accounts).where(accounts.c.platform.in_(platforms), accounts.c.parent_id.is_(None))
    return [Account(**row) for row in (await connection.execute(query)).mappings()]


async def list_held(connection: AsyncConnection, person_id: PersonId, now: datetime) -> list[tuple[Account, Standing]]:
    """List the accounts that the person may decide for now and that can be read, with the standing that says so."""
    query = (
        select(accounts, standings.c.id.label("standing_id"), *[c for c in standings.c if c.name != "id"])
        .join(standings, standings.c.account_id == accounts.c.id)
        .where(standings.c.person_id == person_id, standings.c.lapses_at > now)
        .order_by(accounts.c.linked_at, accounts.c.id)
    )
    try:
        return [_held(row) for row in (await connection.execute(query)).mappings()]
    except Unreadable:
        ids = await list_held_ids(connection, person_id, now)
        return await list_readable(ids, lambda each: _find_held(connection, each), kind="standing")


def _held(row: RowMapping) -> tuple[Account, Standing]:
    account = Account(**{name: row[name] for name in Account.__slots__})
    names = ("account_id", "person_id", "role", "proven_how", "proven_at", "lapses_at")
    return account, Standing(id=row["standing_id"], **{name: row[name] for name in names})


async def list_held_ids(connection: AsyncConnection, person_id: PersonId, now: datetime) -> list[StandingId]:
    """List the same standings by id, those that are damaged too."""
    known = standings.c.person_id == person_id, standings.c.lapses_at > now
    return [StandingId(row.id) for row in await connection.execute(select(standings.c.id).where(*known))]


async def _find_held(connection: AsyncConnection, standing_id: StandingId) -> tuple[Account, Standing] | None:
    query = select(standings).where(standings.c.id == standing_id)
    row = (await connection.execute(query)).mappings().one()
    account = await find(connection, row["account_id"])
    return None if account is None else (account, Standing(**row))


async def find_standing(
    connection: AsyncConnection, account_id: AccountId, person_id: PersonId, now: datetime
) -> Standing | None:
    """Find the person's standing on the account, if it holds now."""
    query = select(standings).where(
        standings.c.account_id == account_id, standings.c.person_id == person_id, standings.c.lapses_at > now
    )
    row = (await connection.execute(query)).mappings().first()
    return Standing(**row) if row else None


async def has_standing(connection: AsyncConnection, account_id: AccountId, now: datetime) -> bool:
    """Say whether anybody may decide for the account now."""
    query = select(standings.c.id).where(standings.c.account_id == account_id, standings.c.lapses_at > now)
    return (await connection.execute(query.limit(1))).first() is not None


async def count_standings(connection: AsyncConnection, account_id: AccountId, now: datetime) -> int:
    """Count the people who may decide for the account now."""
    query = select(func.count()).where(standings.c.account_id == account_id, standings.c.lapses_at > now)
    return int((await connection.execute(query)).scalar_one())


async def add(connection: AsyncConnection, account: Account) -> None:
    """Add an account; linked twice at once raises IntegrityError."""
    await connection.execute(insert(accounts).values(**_fields(account)))


async def add_all(connection: AsyncConnection, fresh: Sequence[Account]) -> None:
    """Add several accounts; if one of them is there already, IntegrityError is raised."""
    await connection.execute(insert(accounts), [_fields(each) for each in fresh])


async def rename(connection: AsyncConnection, account_id: AccountId, name: str) -> None:
    """Take over the name that the platform gives the account today."""
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(name=name))


async def save_standing(connection: AsyncConnection, standing: Standing) -> Standing:
    """Prove a standing anew, or for the first time; return it as it is kept: one that is proven anew keeps its id."""
    proven = {
        "role": standing.role,
        "proven_how": standing.proven_how,
        "proven_at": standing.proven_at,
        "lapses_at": standing.lapses_at,
    }
    known = standings.c.account_id == standing.account_id, standings.c.person_id == standing.person_id
    again = update(standings).where(*known).values(**proven).returning(standings)
    row = (await connection.execute(again)).mappings().first()
    if row is not None:
        return Standing(**row)
    await connection.execute(insert(standings).values(**_fields(standing)))
    return standing


async def end_standing(
    connection: AsyncConnection, account_id: AccountId, person_id: PersonId, now: datetime
) -> Standing | None:
    """Let the person's standing lapse now; return it as it is then, None if there was none."""
    known = standings.c.account_id == account_id, standings.c.person_id == person_id
    ended = await _end_standings(connection, *known, now=now)
    return ended[0] if ended else None


async def end_standings(connection: AsyncConnection, account_id: AccountId, now: datetime) -> list[Standing]:
    """Let every standing on an account lapse now; return them as they are then."""
    return await _end_standings(connection, standings.c.account_id == account_id, now=now)


async def _end_standings(connection: AsyncConnection, *known: ColumnElement[bool], now: datetime) -> list[Standing]:
    ended = update(standings).where(*known, standings.c.lapses_at > now).values(lapses_at=now).returning(standings)
    return [Standing(**row) for row in (await connection.execute(ended)).mappings()]


def lapsed(now: datetime) -> Select[Any]:
    """Ask for the accounts that have no standing left: a question for other questions, since there may be very many.

    A person's own profile is none of them: what was decided for it is theirs, whether or not they ever signed in.
    """
    held = select(standings.c.id).where(standings.c.account_id == accounts.c.id, standings.c.lapses_at > now)
    return select(accounts.c.id).where(~held.exists(), accounts.c.parent_id.is_(None))


def counted_for_apps() -> Select[Any]:
    """Ask for the accounts that lists and counts for apps are about: a person's own profile is none of them (I10)."""
    return select(accounts.c.id).where(accounts.c.parent_id.is_(None))


def profiles_of(account_id: AccountId) -> Select[Any]:
    """Ask for the profiles of the people whom an account sees."""
    return select(accounts.c.id).where(accounts.c.parent_id == account_id)


async def find_connection(
    connection: AsyncConnection,
    account_id: AccountId,
    *,
    brought_id: UpstreamAppId = GATEWAYS_OWN,
    lock: bool = False,
) -> Connection | None:
    """Find the connection to the account through an upstream app; `lock` holds the row until the unit ends."""
    query = select(connections).where(connections.c.account_id == account_id, connections.c.brought_id == brought_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().first()
    return _connection(dict(row)) if row else None


async def find_live_after(connection: AsyncConnection, last: ConnectionId) -> tuple[Account, Connection] | None:
    """Find the connection that comes after `last` among those that are not lost, and its account."""
    query = select(connections).where(connections.c.id > last, connections.c.state != ConnectionState.LOST)
    row = (await connection.execute(query.order_by(connections.c.id).limit(1))).mappings().first()
    if row is None:
        return None
    link = _connection(dict(row))
    account = await find(connection, link.account_id)
    if account is None:
        raise AssertionError("a connection is an account's")
    return account, link


async def list_live_on(connection: AsyncConnection, platforms: Collection[str]) -> list[tuple[str, Connection]]:
    """List the connections to some platforms that are not lost, each with its platform."""
    query = (
        select(accounts.c.platform, connections)
        .join(accounts, accounts.c.id == connections.c.account_id)
        .where(accounts.c.platform.in_(platforms), connections.c.state != ConnectionState.LOST)
        .order_by(connections.c.id)
    )
    rows = (await connection.execute(query)).mappings()
    return [(row["platform"], _connection({name: row[name] for name in Connection.__slots__})) for row in rows]


async def list_connections(connection: AsyncConnection, account_ids: Collection[AccountId]) -> list[Connection]:
    """List the connections to some accounts that can be read, through any upstream apps; the gateway's own first."""
    query = select(connections).where(connections.c.account_id.in_(sorted(account_ids)))
    query = query.order_by(connections.c.brought_id, connections.c.id)
    try:
        return [_connection(dict(row)) for row in (await connection.execute(query)).mappings()]
    except Unreadable:
        ids = list(await list_connection_ids(connection, account_ids))
        return await list_readable(ids, lambda each: _get_connection(connection, each), kind="connection")


async def list_connection_ids(
    connection: AsyncConnection, account_ids: Collection[AccountId]
) -> dict[ConnectionId, AccountId]:
    """List the same connections by id, each with its account, those that are damaged too."""
    query = select(connections.c.id, connections.c.account_id).where(connections.c.account_id.in_(sorted(account_ids)))
    rows = await connection.execute(query.order_by(connections.c.brought_id, connections.c.id))
    return {ConnectionId(row.id): AccountId(row.account_id) for row in rows}


async def _get_connection(connection: AsyncConnection, connection_id: ConnectionId) -> Connection:
    query = select(connections).where(connections.c.id == connection_id)
    return _connection(dict((await connection.execute(query)).mappings().one()))


async def list_reached(connection: AsyncConnection, connection_ids: Collection[str]) -> list[AccountId]:
    """List the accounts to which some connections lead, of those that are there."""
    query = select(connections.c.account_id).where(connections.c.id.in_(connection_ids)).distinct()
    return list((await connection.execute(query.order_by(connections.c.account_id))).scalars())


async def remove_connections(connection: AsyncConnection, brought_id: UpstreamAppId) -> None:
    """Remove every connection through an upstream app that its app takes back, with the credentials."""
    await connection.execute(delete(connections).where(connections.c.brought_id == brought_id))


async def remove_connections_of(connection: AsyncConnection, account_id: AccountId) -> list[ConnectionId]:
    """Remove every connection to an account, with the credentials; name them."""
    removed = delete(connections).where(connections.c.account_id == account_id).returning(connections.c.id)
    return list((await connection.execute(removed)).scalars())


async def look_up_connection(storage: Storage, account_id: AccountId, brought_id: UpstreamAppId) -> Connection | None:
    """Find the connection to the account through an upstream app by one compiled look-up, as each call does."""
    rows = await storage.point(_LINK, account_id=account_id, brought_id=brought_id)
    return _connection(dict(zip(Connection.__slots__, rows[0], strict=True))) if rows else None


async def look_up_linked(
    storage: Storage, platform: str, external_id: str, *, upstream_app: str, brought_id: UpstreamAppId = GATEWAYS_OWN
) -> AccountId | None:
    """Find the account of a platform's own id that is linked through an upstream app, by one compiled look-up."""
    through = {"through_app": upstream_app, "through": brought_id}
    rows = await storage.point(_LINKED, on_platform=platform, external=external_id, **through)
    return AccountId(rows[0][0]) if rows else None


async def add_connection(connection: AsyncConnection, link: Connection) -> None:
    """Add a connection."""
    await connection.execute(insert(connections).values(**_fields(link)))


async def renew_connection(connection: AsyncConnection, link: Connection) -> bool:
    """Store a renewed credential; False if someone renewed it before (the generation moved)."""
    known = connections.c.id == link.id, connections.c.generation == link.generation - 1
    return (await connection.execute(update(connections).where(*known).values(**_fields(link)))).rowcount == 1


async def put_back_credential(
    connection: AsyncConnection,
    connection_id: ConnectionId,
    sealed_credential: bytes,
    *,
    generation: int,
    now: datetime,
) -> bool:
    """Store a credential that the journal kept, if it is newer than the row's; False if it is not.

    When it runs out is not known any more: a call finds that out.
    """
    known = connections.c.id == connection_id, connections.c.generation < generation
    newer = {
        "state": ConnectionState.LIVE,
        "lost_reason": None,
        "sealed_credential": sealed_credential,
        "generation": generation,
        "credential_expires_at": None,
        "changed_at": now,
    }
    return (await connection.execute(update(connections).where(*known).values(**newer))).rowcount == 1


async def mark_lost(
    connection: AsyncConnection, connection_id: ConnectionId, *, generation: int, reason: str, now: datetime
) -> bool:
    """Note that the platform refuses the credential of this generation; False if it was renewed or lost meanwhile."""
    known = (
        connections.c.id == connection_id,
        connections.c.generation == generation,
        connections.c.state != ConnectionState.LOST,
    )
    lost = {"state": ConnectionState.LOST, "lost_reason": reason, "changed_at": now}
    return (await connection.execute(update(connections).where(*known).values(**lost))).rowcount == 1


async def add_attempt(connection: AsyncConnection, attempt: LinkAttempt) -> None:
    """Remember a journey to a platform."""
    await connection.execute(insert(link_attempts).values(**_fields(attempt)))


async def redeem_attempt(
    connection: AsyncConnection, hashed_state: bytes, person_id: PersonId, now: datetime
) -> LinkAttempt | None:
    """Take a journey's return, once: None if it is unknown, another's, used or too late."""
    known = (
        link_attempts.c.hashed_state == hashed_state,
        link_attempts.c.person_id == person_id,
        link_attempts.c.used_at.is_(None),
        link_attempts.c.expires_at > now,
    )
    if (await connection.execute(update(link_attempts).where(*known).values(used_at=now))).rowcount != 1:
        return None
    query = select(link_attempts).where(link_attempts.c.hashed_state == hashed_state)
    row = (await connection.execute(query)).mappings().one()
    return LinkAttempt(**{name: value for name, value in row.items() if name != "used_at"})


def _fields(record: Account | Connection | Standing | LinkAttempt) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}
