"""Questions and changes on families and tokens. Single use is one conditional update whose rowcount is tested."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    and_,
    bindparam,
    exists,
    func,
    insert,
    not_,
    null,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.schema import as_stored
from gateway.records.families.tables import access_tokens, codes, families, family_permissions, refresh_tokens
from gateway.records.families.types import VERIFIER_TRIES, AccessToken, Code, Family, RefreshToken
from gateway.terms.ids import FamilyId, GrantId, PermissionId

_FAMILY = Prepared(select(families).where(families.c.id == bindparam("family_id")))
_GRANT_ID = Prepared(select(families.c.grant_id).where(families.c.id == bindparam("family_id")))
_REACHED = Prepared(
    select(family_permissions.c.permission_id).where(family_permissions.c.family_id == bindparam("family_id"))
)
_REFRESH = Prepared(select(refresh_tokens).where(refresh_tokens.c.hashed_token == bindparam("hashed_token")))
_USE_REFRESH = Prepared(
    update(refresh_tokens)
    .where(
        refresh_tokens.c.hashed_token == bindparam("token"),
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"), sealed_answer=bindparam("answer"))
)
_DESTROY_ANSWER = Prepared(
    update(refresh_tokens).where(refresh_tokens.c.hashed_token == bindparam("token")).values(sealed_answer=null())
)
_ADD_ACCESS, _ADD_REFRESH = Prepared(insert(access_tokens)), Prepared(insert(refresh_tokens))
_LIVE = families.c.ended_at.is_(None)
_MOST_ASKED = 500
_KEPT = update(refresh_tokens).where(refresh_tokens.c.sealed_answer.is_not(None))


async def add(connection: AsyncConnection, family: Family) -> None:
    """Add a family with the permissions that it reaches."""
    fields = {name: getattr(family, name) for name in Family.__slots__ if name != "permission_ids"}
    await connection.execute(insert(families).values(**fields))
    reached = [{"family_id": family.id, "permission_id": each} for each in sorted(family.permission_ids)]
    if reached:
        await connection.execute(insert(family_permissions), reached)


async def find(connection: AsyncConnection, family_id: FamilyId) -> Family | None:
    """Find a family."""
    row = await _FAMILY.first(connection, family_id=family_id)
    if row is None:
        return None
    reached = await _REACHED.rows(connection, family_id=family_id)
    return Family(**row, permission_ids=frozenset(PermissionId(each["permission_id"]) for each in reached))


async def find_grant_id(connection: AsyncConnection, family_id: FamilyId) -> GrantId | None:
    """Find which grant a family is of, which never changes: it is locked before the family is read."""
    row = await _GRANT_ID.first(connection, family_id=family_id)
    return GrantId(row["grant_id"]) if row else None


async def end(connection: AsyncConnection, family_id: FamilyId, now: datetime) -> bool:
    """End one family with all its codes and tokens; False if it was over."""
    return bool(await _end_some(connection, families.c.id == family_id, now))


async def list_ends(connection: AsyncConnection, family_ids: Iterable[str]) -> dict[str, Any]:
    """List when those of some families ended that are there, as it is stored: verification compares it with the log.

    What stands where an id belongs and is none cannot be asked for.
    """
    asked, found = sorted(each for each in family_ids if each.isprintable()), dict[str, Any]()
    for start in range(0, len(asked), _MOST_ASKED):
        query = as_stored(families, "id", "ended_at").where(families.c.id.in_(asked[start : start + _MOST_ASKED]))
        found |= {row.id: row.ended_at for row in await connection.execute(query)}
    return found


async def list_living_from(connection: AsyncConnection, moment_us: int) -> list[Any]:
    """List the families that live and began before a moment, or at no time that can be read; ids as they are stored."""
    is_later = type_coerce(families.c.created_at, BigInteger) >= moment_us
    if connection.dialect.name == "sqlite":  # which holds anything in any column
        is_later = and_(func.typeof(families.c.created_at) == "integer", is_later)
    return [row.id for row in await connection.execute(as_stored(families, "id").where(_LIVE, not_(is_later)))]


async def end_every(connection: AsyncConnection, now: datetime) -> int:
    """End every family there is: after a restore nobody knows which tokens were given back; return how many."""
    await connection.execute(_KEPT.values(sealed_answer=None))
    return (await connection.execute(update(families).where(_LIVE).values(ended_at=now))).rowcount


async def end_unreachable(
    connection: AsyncConnection, grant_id: GrantId, standing: Collection[PermissionId], now: datetime
) -> list[FamilyId]:
    """End the families of the grant that reach none of the permissions that still stand."""
    reaches = exists().where(
        and_(family_permissions.c.family_id == families.c.id, family_permissions.c.permission_id.in_(sorted(standing)))
    )
    return await _end_some(connection, and_(families.c.grant_id == grant_id, ~reaches), now)


async def _end_some(connection: AsyncConnection, chosen: ColumnElement[bool], now: datetime) -> list[FamilyId]:
    over = refresh_tokens.c.family_id.in_(select(families.c.id).where(chosen))
    await connection.execute(_KEPT.where(over).values(sealed_answer=None))
    ending = update(families).where(chosen, _LIVE).values(ended_at=now).returning(families.c.id)
    return [FamilyId(row.id) for row in await connection.execute(ending)]


async def add_code(connection: AsyncConnection, code: Code) -> None:
    """Add an authorization code."""
    await connection.execute(insert(codes).values(**{name: getattr(code, name) for name in Code.__slots__}))


async def find_code(connection: AsyncConnection, hashed_code: bytes) -> Code | None:
    """Find a code, redeemed or not."""
    row = (await connection.execute(select(codes).where(codes.c.hashed_code == hashed_code))).mappings().first()
    return Code(**row) if row else None


async def redeem_code(connection: AsyncConnection, hashed_code: bytes, now: datetime) -> bool:
    """Spend a code: True for exactly one caller, ever."""
    usable = (
        codes.c.hashed_code == hashed_code,
        codes.c.redeemed_at.is_(None),
        codes.c.expires_at > now,
        codes.c.wrong_verifiers < VERIFIER_TRIES,
    )
    return (await connection.execute(update(codes).where(*usable).values(redeemed_at=now))).rowcount == 1


async def count_wrong_verifier(connection: AsyncConnection, hashed_code: bytes) -> None:
    """Count a wrong verifier; the fifth kills the code. One that is spent counts no more: a replay must show (I3)."""
    unspent = codes.c.hashed_code == hashed_code, codes.c.redeemed_at.is_(None)
    await connection.execute(update(codes).where(*unspent).values(wrong_verifiers=codes.c.wrong_verifiers + 1))


async def add_tokens(connection: AsyncConnection, access: AccessToken, refresh: RefreshToken | None) -> None:
    """Add a pair of tokens, or an access token alone."""
    fields: dict[str, Any] = {name: getattr(access, name) for name in AccessToken.__slots__}
    if access.permission_ids is not None:
        fields["permission_ids"] = tuple(sorted(access.permission_ids))
    await _ADD_ACCESS.run(connection, **fields)
    if refresh is not None:
        await _ADD_REFRESH.run(connection, **{name: getattr(refresh, name) for name in RefreshToken.__slots__})


def _access(row: RowMapping) -> AccessToken:
    subset = row["permission_ids"]
    fields: dict[str, Any] = {**row, "permission_ids": None if subset is None else frozenset(subset)}
    return AccessToken(**fields)


async def find_access(connection: AsyncConnection, hashed_token: bytes) -> AccessToken | None:
    """Find an access token, alive or not."""
    query = select(access_tokens).where(access_tokens.c.hashed_token == hashed_token)
    row = (await connection.execute(query)).mappings().first()
    return _access(row) if row else None


async def find_refresh(connection: AsyncConnection, hashed_token: bytes) -> RefreshToken | None:
    """Find a refresh token, used or not."""
    row = await _REFRESH.first(connection, hashed_token=hashed_token)
    return RefreshToken(**row) if row else None


async def use_refresh(
    connection: AsyncConnection, hashed_token: bytes, sealed_answer: bytes | None, now: datetime
) -> bool:
    """Spend a refresh token: True for exactly one caller, ever."""
    return await _USE_REFRESH.run(connection, token=hashed_token, now=now, answer=sealed_answer) == 1


async def destroy_answer(connection: AsyncConnection, parent_hash: bytes) -> None:
    """Destroy the kept answer: one of its tokens was used, so it arrived."""
    await _DESTROY_ANSWER.run(connection, token=parent_hash)


async def end_access(connection: AsyncConnection, hashed_token: bytes, now: datetime) -> None:
    """End one access token."""
    known = access_tokens.c.hashed_token == hashed_token, access_tokens.c.ended_at.is_(None)
    await connection.execute(update(access_tokens).where(*known).values(ended_at=now))
