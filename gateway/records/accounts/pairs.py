"""By which ids a platform knows one person: as they sign in through its app, and as an account sees them.

What signed events tell of everybody who writes to an account must not lie open (I6): the id of the sign-in is kept as a
keyed hash, the other sealed under it. Only who comes with the first finds the second.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress

from sqlalchemy import bindparam, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.listed import each_of, listed
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.sealing import Place, Vault
from gateway.records.accounts.tables import accounts, connections, profile_pairs
from gateway.records.accounts.types import ProfilePair
from gateway.terms.ids import AccountId

_PURPOSE = "sign-in of a follower"
_HASHES = each_of("hashes")
_KNOWN = Prepared(
    select(profile_pairs.c.login_subject, profile_pairs.c.subject_id)
    .select_from(_HASHES)
    .join(profile_pairs, profile_pairs.c.login_subject == _HASHES.c.value)
    .where(profile_pairs.c.account_id == bindparam("at_account"))
)


async def note_pairs(connection: AsyncConnection, vault: Vault, pairs: Iterable[ProfilePair]) -> None:
    """Note pairs that the platform vouches for; what was noted before of the same sign-in is replaced."""
    named = {(pair.account_id, _hashed(vault, pair.login_subject)): pair for pair in pairs}
    if not named:
        return
    known = await _list(connection, named)
    for key in sorted(named):  # in one order, so that two who note the same never wait for each other
        pair = named[key]
        if key in known and _open(vault, *key, known[key]) == pair.subject_id:
            continue
        said = {"subject_id": _seal(vault, *key, pair.subject_id), "noted_at": pair.noted_at}
        if key in known:
            here = profile_pairs.c.account_id == key[0], profile_pairs.c.login_subject == key[1]
            await connection.execute(update(profile_pairs).where(*here).values(**said))
        else:
            await _add(connection, {"account_id": key[0], "login_subject": key[1], **said})


async def _add(connection: AsyncConnection, row: Mapping[str, object]) -> None:
    with suppress(IntegrityError):  # another noted it at the same moment: one of the two stays
        async with connection.begin_nested():
            await connection.execute(insert(profile_pairs).values(**row))


async def find_subject(
    connection: AsyncConnection, vault: Vault, account_id: AccountId, *, login_subject: str
) -> str | None:
    """Find by which id an account knows the person who signs in by another."""
    hashes = [each.hex() for each in vault.list_hmac_codes(login_subject, _PURPOSE)]
    known = await _list(connection, {(account_id, each): None for each in hashes})
    return next((_open(vault, *key, sealed) for key, sealed in known.items()), None)


async def look_up_known_otherwise(
    storage: Storage, vault: Vault, account_id: AccountId, login_subjects: Iterable[str]
) -> frozenset[str]:
    """Find which of some ids are of sign-ins whose people an account knows by another, by one compiled look-up."""
    named = {each.hex(): one for one in login_subjects for each in vault.list_hmac_codes(one, _PURPOSE)}
    rows = await storage.point(_KNOWN, hashes=listed(named), at_account=account_id)
    known = ((named[hashed], _open(vault, account_id, hashed, sealed)) for hashed, sealed in rows)
    return frozenset(one for one, subject_id in known if subject_id != one)


async def list_subjects(
    connection: AsyncConnection, vault: Vault, login_subject: str, *, platform: str, upstream_app: str
) -> list[tuple[AccountId, str]]:
    """List by which ids those of a platform's accounts that are linked through an app know who signs in by another."""
    hashes = [each.hex() for each in vault.list_hmac_codes(login_subject, _PURPOSE)]
    linked = select(connections.c.account_id).where(connections.c.upstream_app == upstream_app)
    query = (
        select(profile_pairs)
        .join(accounts, accounts.c.id == profile_pairs.c.account_id)
        .where(profile_pairs.c.login_subject.in_(hashes), accounts.c.platform == platform, accounts.c.id.in_(linked))
        .order_by(profile_pairs.c.account_id, profile_pairs.c.noted_at)
    )
    found = [(AccountId(row.account_id), row) for row in await connection.execute(query)]
    return [(account_id, _open(vault, account_id, row.login_subject, row.subject_id)) for account_id, row in found]


async def _list(
    connection: AsyncConnection, wanted: Mapping[tuple[AccountId, str], object]
) -> dict[tuple[AccountId, str], str]:
    key = tuple_(profile_pairs.c.account_id, profile_pairs.c.login_subject)
    rows = await connection.execute(select(profile_pairs).where(key.in_(list(wanted))))
    return {(AccountId(row.account_id), row.login_subject): row.subject_id for row in rows}


def _hashed(vault: Vault, login_subject: str) -> str:
    return vault.hmac_code(login_subject, _PURPOSE).hex()


def _place(account_id: AccountId, hashed: str) -> Place:
    return Place("profile_pairs", f"{account_id}/{hashed}", "subject_id")


def _seal(vault: Vault, account_id: AccountId, hashed: str, subject_id: str) -> str:
    return b64encode(vault.seal(subject_id.encode(), _place(account_id, hashed))).decode()


def _open(vault: Vault, account_id: AccountId, hashed: str, sealed: str) -> str:
    return vault.open(b64decode(sealed), _place(account_id, hashed)).decode()
