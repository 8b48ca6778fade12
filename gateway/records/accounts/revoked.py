"""What somebody took back at a platform by the id of their sign-in: kept until accounts say as whom they know them.

Both ids are keyed hashes, as in `pairs.py`: of everybody who takes something back nothing lies open (I6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.listed import each_of, listed
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.sealing import Vault
from gateway.records.accounts.tables import revocations
from gateway.terms.ids import AccountId

LASTS: Final = timedelta(days=366)
"""Longer than anything that was agreed to before it: then nothing is left that it could end."""
_PURPOSE = "who took something back"
_HASHES = each_of("login_subjects")
_KEPT = Prepared(
    select(revocations)
    .join(_HASHES, _HASHES.c.value == revocations.c.login_subject)
    .where(revocations.c.platform == bindparam("on_platform"), revocations.c.upstream_app == bindparam("told_through"))
    .order_by(revocations.c.told_at, revocations.c.hashed_name)
)


@dataclass(frozen=True, slots=True)
class Revocation:
    """That somebody took back, at a platform, what they had agreed to.

    Args:
        hashed_name: of what names this telling.
        platform: which told it.
        upstream_app: through which app they sign in there.
        login_subject: by which id.
        subject_id: as whom an account would know them, where it was told; "": as whomever.
        event: what the platform calls it.
        told_at: when it came.
    """

    hashed_name: bytes
    platform: str
    upstream_app: str
    login_subject: str = field(repr=False)
    subject_id: str = field(repr=False)
    event: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """One that was kept."""

    hashed_name: bytes
    event: str
    told_at: datetime
    forget_at: datetime


def name_at(hashed_name: bytes, account_id: AccountId) -> bytes:
    """Name what a telling does at one account, so that it is done there once."""
    return sha256(b"%s\n%s" % (hashed_name, account_id.encode())).digest()


async def add(connection: AsyncConnection, vault: Vault, told: Revocation) -> None:
    """Keep one; a telling that is kept already raises IntegrityError."""
    await connection.execute(
        insert(revocations).values(
            hashed_name=told.hashed_name,
            platform=told.platform,
            upstream_app=told.upstream_app,
            login_subject=vault.hmac_code(told.login_subject, _PURPOSE).hex(),
            subject_id=vault.hmac_code(told.subject_id, _PURPOSE).hex() if told.subject_id else "",
            event=told.event,
            told_at=told.told_at,
            forget_at=told.told_at + LASTS,
        )
    )


async def look_up_kept(
    storage: Storage, vault: Vault, pair: tuple[str, str], *, platform: str, upstream_app: str
) -> list[Kept]:
    """List what the person of a pair (how they sign in, how an account knows them) took back, by one compiled look-up.

    Raises:
        Unavailable: no answer; what was told of them is not to be passed on.
    """
    known_as = {"", *_hashes(vault, pair[1])}
    wanted = {"on_platform": platform, "told_through": upstream_app}
    rows = await storage.point(_KEPT, login_subjects=listed(_hashes(vault, pair[0])), **wanted)
    named = [dict(zip(_KEPT.names, row, strict=True)) for row in rows]
    return [_kept(row) for row in named if row["subject_id"] in known_as]


async def forget(connection: AsyncConnection, now: datetime, *, limit: int) -> int:
    """Forget some of those whose time is over; return how many."""
    old = select(revocations.c.hashed_name).where(revocations.c.forget_at <= now).limit(limit)
    query = delete(revocations).where(revocations.c.hashed_name.in_(old.scalar_subquery()))
    return (await connection.execute(query)).rowcount


def _hashes(vault: Vault, one_id: str) -> Iterable[str]:
    return [each.hex() for each in vault.list_hmac_codes(one_id, _PURPOSE)]


def _kept(row: Mapping[str, Any]) -> Kept:
    return Kept(**{name: row[name] for name in Kept.__slots__})
