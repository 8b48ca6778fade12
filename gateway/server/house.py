"""Opening the house: the database, the vault, the journal and the grant log, in the order that keeps I4."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from gateway.acts import House
from gateway.acts.bury import bury
from gateway.acts.found_log import get_signer
from gateway.acts.recall_noes import recall_noes
from gateway.acts.renew import recover_credentials
from gateway.acts.unlink import unlink_again
from gateway.acts.verify_log import verify_log
from gateway.authority.in_flight import CallsInFlight
from gateway.doors.person.receipt_keys import list_receipt_keys
from gateway.ground.storage.migrate import migrate
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.entries import DestroyedKey
from gateway.ground.vault.journal import Journal, Reading
from gateway.ground.vault.personkeys import PersonKeys
from gateway.ground.vault.sealing import Vault
from gateway.records.ledger import keys, reading
from gateway.records.ledger.log import CHECKPOINTS, Ledger
from gateway.records.ledger.note import VerifierKey
from gateway.records.ledger.outside import read_outside
from gateway.records.ledger.types import Checked
from gateway.server.database import opened_storage
from gateway.server.places import folder_of
from gateway.server.restoring import find_under_way
from gateway.settings import Settings
from gateway.terms.clock import Clock, ForwardClock, SystemClock
from gateway.terms.entropy import Entropy, SystemEntropy
from gateway.terms.refusal import Refusal, Unavailable

_log = structlog.get_logger(__name__)


class OlderThanSigned(Exception):
    """The database holds less of the grant log than was signed: it was put back, or cut."""


@dataclass(frozen=True, slots=True)
class LogParts:
    """What verification and export of the log need; strangers check receipts with `receipt_keys`."""

    key: VerifierKey
    person_keys: PersonKeys
    checkpoints: Path
    receipt_keys: tuple[VerifierKey, ...]


@asynccontextmanager
async def opened_house(
    settings: Settings, *, clock: Clock | None = None, entropy: Entropy | None = None, may_be_older: bool = False
) -> AsyncIterator[House]:
    """Open the database and everything that acts work with; migrate, apply the tombstones, close in the end.

    Args:
        settings: where everything is.
        clock: another clock than the machine's.
        entropy: another source than the machine's.
        may_be_older: an operator said that the database was put back: `quyen restore`, which holds the lock.

    Raises:
        AlreadyRunning, Damaged: as `opened_storage` says.
        OlderThanSigned: the log is shorter than the checkpoints outside say, and nobody said that it may be; or a
            restore was begun and not finished.
        Unavailable: the database does not answer.
    """
    used_clock, used_entropy = ForwardClock(clock or SystemClock()), entropy or SystemEntropy()
    vault = Vault({1: settings.master_key_bytes}, used_entropy)
    folder = folder_of(settings, settings.checkpoint_dir, "checkpoints")
    async with opened_storage(settings, is_locked=may_be_older) as storage:
        if not may_be_older:
            check_not_under_way(folder)
        await migrate(storage)
        person_keys = PersonKeys(folder_of(settings, settings.keys_dir, "keys"), vault, entropy=used_entropy)
        signer = await get_signer(storage, vault, origin=log_origin(settings), clock=used_clock, entropy=used_entropy)
        ledger = Ledger(signer, person_keys, entropy=used_entropy, storage=storage, folder=folder)
        await ledger.resume()
        journal = Journal(folder_of(settings, settings.journal_dir, "journal"))
        house = House(storage, used_clock, used_entropy, vault, ledger, journal, CallsInFlight(), settings.public_url)
        if not may_be_older:
            await check_not_older(storage, ledger.path)
        await check_log(house, person_keys)
        await _note_past(house, used_clock)
        await _apply_journal(house)
        yield house


async def _apply_journal(house: House) -> None:
    """Write what the journal is owed, then do again what it says was done."""
    with suppress(Unavailable):  # the disk may be full: it stays owed, and `expire` tries again
        await house.write_owed()
    with suppress(OSError):  # a disk without room for it: the longer journal says the same
        await asyncio.to_thread(house.journal.compact)
    kept = await asyncio.to_thread(house.journal.read)
    await asyncio.to_thread(_destroy_again, house.ledger.person_keys, kept)
    await recover_credentials(house, kept.entries)
    await bury(house, kept.tombstones)
    await unlink_again(house, kept)
    await recall_noes(house, kept)


def check_not_under_way(folder: Path) -> None:
    """Refuse to open while a restore is not finished: its tokens may live, and its checkpoints are put aside.

    Raises:
        OlderThanSigned: it was begun.
    """
    if find_under_way(folder) is not None:
        raise OlderThanSigned("a restore was begun and not finished: finish it with `quyen restore --in-place`")


async def check_not_older(storage: Storage, checkpoints: Path) -> None:
    """Compare the log's length with the newest checkpoint kept outside the database.

    Raises:
        OlderThanSigned: it is shorter.
    """
    outside = await asyncio.to_thread(read_outside, checkpoints)
    signed = max((each.size for each in outside.signed), default=0)
    async with storage.read() as connection:
        size = await reading.count(connection)
    if size < signed:
        raise OlderThanSigned(
            f"{signed} records were signed and {size} are there: the database was put back or cut. "
            "If you put it back, say so with `quyen restore --in-place`; every token is then ended."
        )


async def check_log(house: House, person_keys: PersonKeys) -> None:
    """Verify the log before the first record of this start is written and signed over it."""
    key = house.ledger.verifier_key
    if key is None:
        return
    finding = await verify_log(house.storage, key, person_keys, checkpoints=house.ledger.path)
    named = [each for each in finding.bad if not each.follows]
    faults = tuple(f"{each.record_id or each.seq or 'log'}: {each.reason}" for each in named)
    house.ledger.note_check(Checked(house.clock.now(), finding.size, faults, len(finding.bad) - len(named)))


async def _note_past(house: House, clock: ForwardClock) -> None:
    """Start no earlier than the newest record; a log that was tampered with names no time that could be trusted."""
    if house.ledger.checked is None or house.ledger.checked.faults:
        return
    async with house.storage.read() as connection:
        newest = await reading.newest_at(connection)
    behind = timedelta(0) if newest is None else clock.note_past(newest)
    if behind > timedelta(0):
        _log.warning("the machine's clock stands behind the grant log", seconds=behind.total_seconds())


def _destroy_again(person_keys: PersonKeys, kept: Reading) -> None:
    """A key that a backup brought back is destroyed once more."""
    for entry in kept.entries:
        if isinstance(entry, DestroyedKey) and not person_keys.is_destroyed(entry.person_id, entry.part):
            person_keys.destroy(entry.person_id, entry.part)


async def log_parts(settings: Settings, storage: Storage) -> LogParts:
    """Open what verification needs, beside a running server or without one.

    Raises:
        Refusal: `no_log`: the gateway never started on this database.
        Unsealable: the master key is not this database's.
    """
    vault = Vault({1: settings.master_key_bytes}, SystemEntropy())
    async with storage.read() as connection:
        signer = await keys.find_signer(connection, vault)
    if signer is None:
        raise Refusal("no_log", "the gateway never started on this database")
    person_keys = PersonKeys(folder_of(settings, settings.keys_dir, "keys"), vault, entropy=SystemEntropy())
    folder = folder_of(settings, settings.checkpoint_dir, "checkpoints")
    receipt_keys = tuple(list_receipt_keys(vault, settings.public_url))
    return LogParts(signer.verifier_key, person_keys, folder / CHECKPOINTS, receipt_keys)


def log_origin(settings: Settings) -> str:
    """Return the name of this gateway's log in its checkpoints: the public host and `/log`."""
    return settings.public_url.partition("://")[2] + "/log"
