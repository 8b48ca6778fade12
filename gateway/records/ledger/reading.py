"""Reading the grant log: single records, searches newest first, and the sealed parts of those that may be opened."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.ground.vault.personkeys import Erased, PersonKeys
from gateway.ground.vault.sealing import Unsealable
from gateway.records.ledger.canonical import Json, NotCanonical, parse_canonical_json, split_salt
from gateway.records.ledger.choice import is_or_may_be, names_ask, was_moved_from
from gateway.records.ledger.entries import Entry, read_entries, read_entry
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.log import part_place
from gateway.records.ledger.parts import find_faults, list_parts
from gateway.records.ledger.tables import ledger_checkpoints, ledger_head, ledger_parts, ledger_records
from gateway.records.ledger.types import ActorKind, Record
from gateway.terms.ids import AppId, AskId, GrantId, PermissionId, PersonId, is_id

_BATCH = 500
_MOST_TOUCHING = 50


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A word that someone searched for, as what it may mean.

    One of these apps, kinds, ids (of record or request), grants, accounts, or asks, each with the apps that have it.
    """

    app_ids: Collection[AppId] = ()
    kinds: Collection[Kind] = ()
    ids: Collection[str] = ()
    grant_ids: Collection[str] = ()
    account_ids: Collection[str] = ()
    asks: Mapping[AskId, Collection[AppId]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None leaves a field open, and each of `matching` must hold.

    `own_grant_ids` are grants that are about the person alone: their records are found with `person_id`, whoever acted.
    `before_seq` is a cursor: the last record seen.
    """

    grant_ids: Sequence[GrantId] | None = None
    person_id: PersonId | None = None
    own_grant_ids: Collection[GrantId] = ()
    app_id: AppId | None = None
    kinds: Sequence[Kind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    request_id: str | None = None
    before_seq: int | None = None
    matching: Sequence[AnyOf] = ()


async def find_entry(connection: AsyncConnection, record_id: str) -> Entry | None:
    """Find one record; what can be no record's id is not looked for, so that any text may be asked about."""
    if not is_id(record_id, "lr"):
        return None
    query = as_stored(ledger_records).where(ledger_records.c.record_id == record_id)
    rows = (await connection.execute(query)).mappings().all()
    return next(iter(await read_entries(connection, rows)), None)


async def list_entries(connection: AsyncConnection, wanted: Search, limit: int) -> list[Entry]:
    """List records, newest first; one that was changed stands in its place."""
    query = narrowed(as_stored(ledger_records), wanted).order_by(ledger_records.c.seq.desc())
    return await read_entries(connection, (await connection.execute(query.limit(limit))).mappings().all())


async def list_of_grant(connection: AsyncConnection, grant_id: GrantId, person_id: PersonId, limit: int) -> list[Entry]:
    """List the records of a grant, newest first, with those that its column was taken from.

    Their bytes still name the grant; they are looked for among the records of the person and of whoever else acted.
    """
    entries = await list_entries(connection, Search(grant_ids=[grant_id]), limit)
    actors = [entry.actor for entry in entries if isinstance(entry, Record)]
    people = {person_id, *(actor.id for actor in actors if actor.kind is ActorKind.PERSON)}
    table = ledger_records.c
    about = select(ledger_parts.c.record_id).where(ledger_parts.c.person_id.in_(people))
    theirs = or_(table.actor_id.in_(people), table.record_id.in_(about))
    moved = as_stored(ledger_records).where(theirs, was_moved_from(grant_id)).order_by(table.seq.desc()).limit(limit)
    entries += [read_entry(row) for row in (await connection.execute(moved)).mappings()]
    return sorted(entries, key=lambda entry: entry.seq, reverse=True)[:limit]


async def list_of_app(
    connection: AsyncConnection, app_id: AppId, kinds: Sequence[Kind], *, since: datetime, limit: int
) -> list[Record]:
    """List records of some kinds that are about an app as a whole, newest first; one that was changed is left out."""
    alone = narrowed(as_stored(ledger_records), Search(app_id=app_id, kinds=kinds, since=since))
    query = alone.where(ledger_records.c.grant_id.is_(None)).order_by(ledger_records.c.seq.desc()).limit(limit)
    entries = await read_entries(connection, (await connection.execute(query)).mappings().all())
    return [entry for entry in entries if isinstance(entry, Record)]


async def find(connection: AsyncConnection, record_id: str) -> Record | None:
    """Find one record that is as it was written."""
    entry = await find_entry(connection, record_id)
    return entry if isinstance(entry, Record) else None


async def list_records(connection: AsyncConnection, wanted: Search, limit: int) -> list[Record]:
    """List records, newest first; those that were changed among them are left out."""
    return [each for each in await list_entries(connection, wanted, limit) if isinstance(each, Record)]


async def list_history(connection: AsyncConnection, *grant_ids: GrantId) -> list[Record] | None:
    """List every record of some grants, oldest first; None where one was changed, for then nobody knows the rest."""
    query = as_stored(ledger_records).where(ledger_records.c.grant_id.in_(grant_ids)).order_by(ledger_records.c.seq)
    entries = [read_entry(row) for row in (await connection.execute(query)).mappings()]
    records = [entry for entry in entries if isinstance(entry, Record)]
    return records if len(records) == len(entries) else None


async def find_touching(
    connection: AsyncConnection, kind: Kind, permission_ids: Collection[PermissionId], *, grant_id: GrantId | None
) -> Record | None:
    """Find the newest record of a kind that touches one of these permissions of a grant; None where there are none."""
    if grant_id is None or not permission_ids:
        return None
    records = await list_records(connection, Search(grant_ids=[grant_id], kinds=[kind]), _MOST_TOUCHING)
    return next((r for r in records if {fact["id"] for fact in r.facts["permissions"]} & {*permission_ids}), None)


def narrowed(query: Select[Any], wanted: Search) -> Select[Any]:
    """Narrow a question on the records to what is wanted."""
    table = ledger_records.c
    if wanted.grant_ids is not None:
        query = query.where(table.grant_id.in_(wanted.grant_ids))
    if wanted.person_id is not None:
        about = select(ledger_parts.c.record_id).where(ledger_parts.c.person_id == wanted.person_id)
        theirs = table.grant_id.in_(wanted.own_grant_ids)
        query = query.where(or_(table.actor_id == wanted.person_id, table.record_id.in_(about), theirs))
    if wanted.kinds is not None:
        query = query.where(is_or_may_be(wanted.kinds))
    if wanted.since is not None:
        query = query.where(table.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.at < wanted.until)
    if wanted.before_seq is not None:
        query = query.where(table.seq < wanted.before_seq)
    for column, value in ((table.app_id, wanted.app_id), (table.request_id, wanted.request_id)):
        query = query if value is None else query.where(column == value)
    for each in wanted.matching:
        kinds = [kind.value for kind in each.kinds]
        is_id = or_(table.record_id.in_(each.ids), table.request_id.in_(each.ids))
        is_about = or_(table.grant_id.in_(each.grant_ids), table.account_id.in_(each.account_ids))
        asked = [and_(table.app_id.in_(app_ids), names_ask(ask_id)) for ask_id, app_ids in each.asks.items()]
        query = query.where(or_(table.app_id.in_(each.app_ids), table.kind.in_(kinds), is_id, is_about, *asked))
    return query


async def iterate(connection: AsyncConnection) -> AsyncIterator[RowMapping]:
    """Go through every row of the log from the first, in batches; values as they are stored, trusted in nothing."""
    query = as_stored(ledger_records).order_by(ledger_records.c.seq).limit(_BATCH)
    last: Any = None
    while True:
        further = query if last is None else query.where(ledger_records.c.seq > last)
        rows = (await connection.execute(further)).mappings().all()
        for row in rows:
            yield row
        if len(rows) < _BATCH:
            return
        last = rows[-1]["seq"]


async def open_parts(connection: AsyncConnection, record: Record, person_keys: PersonKeys) -> dict[str, Json]:
    """Open what a record's parts hold, by name of the part; erased ones are left out.

    Raises:
        Unsealable: a part is not what the record says, or does not open under its person's key.
    """
    opened: dict[str, Json] = {}
    parts = (await list_parts(connection, [record.record_id]))[record.record_id]
    if find_faults(record.part_digests, parts):
        raise Unsealable("parts that are not as their record says")
    for row in parts:
        try:
            opened[row["name"]] = await asyncio.to_thread(open_part, row, person_keys)
        except Erased:
            continue
    return opened


def open_part(row: RowMapping, person_keys: PersonKeys) -> Json:
    """Open one sealed part.

    Raises:
        Erased: its key was destroyed.
        Unsealable: it was changed, or its key file was.
    """
    place = part_place(row["record_id"], row["name"], row["person_id"])
    try:
        plain = person_keys.open(row["person_id"], row["name"], sealed=row["sealed"], place=place)
        return parse_canonical_json(split_salt(plain)[1])
    except (NotCanonical, ValueError) as wrong:  # a name that no part has, a person that is none
        raise Unsealable("a part opens to something that was never sealed") from wrong


async def count(connection: AsyncConnection) -> int:
    """Return how many records the head says there are."""
    return int((await connection.execute(select(ledger_head.c.size))).scalar_one())


async def newest_at(connection: AsyncConnection) -> datetime | None:
    """Return the latest time that a record of the log names; None while there is none."""
    found: datetime | None = (await connection.execute(select(func.max(ledger_records.c.at)))).scalar_one()
    return found


async def newest_checkpoint(connection: AsyncConnection) -> tuple[int, str] | None:
    """Find the newest signed checkpoint: (size, note)."""
    query = select(ledger_checkpoints.c.size, ledger_checkpoints.c.note)
    row = (await connection.execute(query.order_by(ledger_checkpoints.c.size.desc()).limit(1))).first()
    return (row.size, row.note) if row else None


async def newest_signed(connection: AsyncConnection) -> tuple[int, bytes, str] | None:
    """Return the size, root and note of the newest checkpoint."""
    columns = ledger_checkpoints.c.size, ledger_checkpoints.c.root, ledger_checkpoints.c.note
    row = (await connection.execute(select(*columns).order_by(ledger_checkpoints.c.size.desc()).limit(1))).first()
    return (row.size, row.root, row.note) if row else None


async def list_checkpoints(connection: AsyncConnection) -> list[str]:
    """List every signed checkpoint, smallest first."""
    query = select(ledger_checkpoints.c.note).order_by(ledger_checkpoints.c.size)
    return [row.note for row in await connection.execute(query)]


async def count_unlinked_refusals(connection: AsyncConnection, app_id: AppId) -> dict[AskId, int]:
    """Count, by ask, what people refused an app before they had linked an account: no grant holds that."""
    known = (
        ledger_records.c.app_id == app_id,
        ledger_records.c.kind == Kind.REFUSED.value,
        ledger_records.c.grant_id.is_(None),
    )
    counted: Counter[AskId] = Counter()
    rows = await connection.stream(as_stored(ledger_records).where(*known))
    async for row in rows.mappings():
        entry = read_entry(row)
        if isinstance(entry, Record):  # one that was changed says nothing; verification names it
            counted.update(AskId(str(ask)) for ask in entry.facts.get("refused_asks", ()))
    return dict(counted)
