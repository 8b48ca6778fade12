"""Opening the house: the database, the vault, the journal and the grant log, in the order that keeps I4."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.acts import House
from gateway.acts.bury import bury
from gateway.acts.found_log import get_signer
from gateway.acts.renew import recover_credentials
from gateway.acts.verify_log import verify_log
from gateway.authority.in_flight import CallsInFlight
from gateway.doors.person.receipt_keys import list_receipt_keys
from gateway.ground.storage.engines import is_sqlite, sqlite_path
from gateway.ground.storage.migrate import migrate
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.journal import DestroyedKey, Journal, Reading
from gateway.ground.vault.personkeys import PersonKeys
from gateway.ground.vault.sealing import Vault
from gateway.records.ledger import keys, reading
from gateway.records.ledger.log import CHECKPOINTS, Ledger
from gateway.records.ledger.note import VerifierKey
from gateway.records.ledger.outside import read_outside
from gateway.records.ledger.types import Checked
from gateway.settings import Settings
from gateway.terms.clock import Clock, SystemClock
from gateway.terms.entropy import Entropy, SystemEntropy
from gateway.terms.refusal import Refusal


class AlreadyRunning(Exception):
    """Another server holds the database file."""


class OlderThanSigned(Exception):
    """The database holds less of the grant log than was signed: it was put back, or cut."""


@dataclass(frozen=True, slots=True)
class LogParts:
    """What verification and export of the log need; strangers check receipts with `receipt_keys`."""

    key: VerifierKey
    person_keys: PersonKeys
    checkpoints: Path
    receipt_keys: tuple[VerifierKey, ...]


def folder_of(settings: Settings, chosen: Path | None, name: str) -> Path:
    """Return the folder that a setting names, or `name` beside the database (in `var` for PostgreSQL)."""
    if chosen is not None:
        return chosen
    beside = sqlite_path(settings.database_url).parent if is_sqlite(settings.database_url) else Path("var")
    return beside / name


@asynccontextmanager
async def opened_house(
    settings: Settings, *, clock: Clock | None = None, entropy: Entropy | None = None, may_be_older: bool = False
) -> AsyncIterator[House]:
    """Open the database and everything that acts work with; migrate, apply the tombstones, close in the end.

    Args:
        settings: where everything is.
        clock: another clock than the machine's.
        entropy: another source than the machine's.
        may_be_older: an operator said that the database was put back (`quyen restore`).

    Raises:
        AlreadyRunning: a second server on the same SQLite file.
        OlderThanSigned: the log is shorter than the checkpoints outside say, and nobody said that it may be.
        Unavailable: the database does not answer.
    """
    used_clock, used_entropy = clock or SystemClock(), entropy or SystemEntropy()
    vault = Vault({1: settings.master_key_bytes}, used_entropy)
    with file_lock(settings):
        storage = Storage(settings.database_url)
        try:
            await migrate(storage)
            person_keys = PersonKeys(folder_of(settings, settings.keys_dir, "keys"), vault, entropy=used_entropy)
            signer = await get_signer(
                storage, vault, origin=log_origin(settings), clock=used_clock, entropy=used_entropy
            )
            folder = folder_of(settings, settings.checkpoint_dir, "checkpoints")
            ledger = Ledger(signer, person_keys, entropy=used_entropy, storage=storage, folder=folder)
            await ledger.resume()
            journal = Journal(folder_of(settings, settings.journal_dir, "journal"))
            house = House(storage, used_clock, used_entropy, vault, ledger, journal, CallsInFlight())
            if not may_be_older:
                await check_not_older(storage, ledger.path)
            await _check_log(house, person_keys)
            kept = await asyncio.to_thread(journal.read)
            await asyncio.to_thread(_destroy_again, person_keys, kept)
            await recover_credentials(house, kept.entries)
            await bury(house, kept.tombstones)
            yield house
        finally:
            await storage.close()


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


async def _check_log(house: House, person_keys: PersonKeys) -> None:
    """Verify the log before the first record of this start is written and signed over it."""
    key = house.ledger.verifier_key
    if key is None:
        return
    finding = await verify_log(house.storage, key, person_keys, checkpoints=house.ledger.path)
    faults = tuple(f"{each.record_id or each.seq or 'log'}: {each.reason}" for each in finding.bad)
    house.ledger.note_check(Checked(house.clock.now(), finding.size, faults))


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


def admin_socket_path(settings: Settings) -> Path | None:
    """Return where the server on this database listens for the command line; None on PostgreSQL."""
    if not is_sqlite(settings.database_url):
        return None
    path = sqlite_path(settings.database_url)
    return path.with_name(path.name + ".sock")


def log_origin(settings: Settings) -> str:
    """Return the name of this gateway's log in its checkpoints: the public host and `/log`."""
    return settings.public_url.partition("://")[2] + "/log"


@contextmanager
def file_lock(settings: Settings) -> Iterator[None]:
    """Refuse a second server on the same SQLite file; the kernel gives the lock back when the process dies."""
    if not is_sqlite(settings.database_url):
        yield
        return
    path = sqlite_path(settings.database_url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another server uses {path.name}") from None
        yield
