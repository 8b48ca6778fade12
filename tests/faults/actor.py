"""A gateway in a process of its own that is killed in the middle of an act, at a step that the test names.

    actor.py FOLDER STEP ACT

It writes its process's end with SIGKILL: what the kernel has not been given is lost, as with any kill.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gateway.acts import House
from gateway.acts.bring_in import Consent, Import, bring_in
from gateway.acts.pause import pause
from gateway.acts.register import rotate_secret
from gateway.acts.renew import renew
from gateway.acts.withdraw import withdraw
from gateway.ground.storage.storage import UnitOfWork
from gateway.ground.vault.journal import Journal
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.families import store as families
from gateway.records.grants import store as grants
from gateway.records.grants.transitions import BroughtIn
from gateway.records.ledger.log import Ledger
from gateway.records.ledger.types import Actor
from gateway.server import backups
from gateway.terms.entropy import SystemEntropy
from gateway.terms.ids import AppId
from tests.contract.platform import StandInPlatform
from tests.house import house_in, settings_for
from tests.stand_ins.clock import ManualClock


def die(*_given: Any, **_named: Any) -> None:
    """End here and now."""
    os.kill(os.getpid(), signal.SIGKILL)


async def die_later(*_given: Any, **_named: Any) -> None:
    """End where a coroutine is awaited."""
    die()


def after(owner: Any, name: str) -> None:
    """Let a coroutine function do its work, then end."""
    work: Callable[..., Any] = getattr(owner, name)

    async def run(*given: Any, **named: Any) -> None:
        await work(*given, **named)
        die()

    setattr(owner, name, run)


def torn(journal: Journal, entries: Any) -> None:
    """Write half of what a tombstone would be, and end: a torn write."""
    with journal._path.open("ab") as file:
        file.write(b'{"length":300,"crc32":"00000000","entry":{"grant')
        file.flush()
        os.fsync(file.fileno())
    die()


STEPS: dict[str, Callable[[], None]] = {
    "before the change": lambda: setattr(grants, "save", die_later),
    "during append": lambda: setattr(Ledger, "_sign", die_later),
    "after append": lambda: after(Ledger, "append"),
    "before commit": lambda: setattr(UnitOfWork, "commit", die_later),
    "after commit": lambda: after(UnitOfWork, "commit"),
    "before the tombstone": lambda: setattr(Journal, "append", die),
    "in the tombstone": lambda: setattr(Journal, "append", torn),
    "before the checkpoint goes outside": lambda: setattr(Ledger, "publish", die_later),
    "after the checkpoint went outside": lambda: after(Ledger, "publish"),
}


RESTORE_STEPS: dict[str, Callable[[], None]] = {
    "before the mark": lambda: setattr(backups, "mark_under_way", die),
    "before the copy": lambda: setattr(backups, "_replace", die),
    "after the copy": lambda: setattr(backups, "_count", die_later),
    "before the checkpoints go aside": lambda: setattr(backups, "_set_aside", die),
    "after the checkpoints went aside": lambda: setattr(backups, "opened_house", die),
    "after the tombstones": lambda: setattr(backups, "restore", die_later),
    "before the record is committed": lambda: setattr(families, "end_every", die_later),
    "before the mark is taken away": lambda: setattr(backups, "mark_finished", die),
}


async def restore(folder: Path, step: str) -> None:
    """Set the trap and put the folder's backup back."""
    RESTORE_STEPS[step]()
    await backups.put_back(settings_for(folder), folder / "backup.db", clock=ManualClock())


async def act(house: House, name: str) -> None:
    """Do one act on the only grant or account that there is."""
    async with house.storage.read() as connection:
        (grant,) = await grants.list_all(connection)
        link = await accounts.find_connection(connection, grant.account_id)
    system = Actor.system()
    if name == "withdraw":
        await withdraw(house, grant.id, system)
    elif name == "pause":
        await pause(house, grant.id, system)
    elif name == "bring in":
        await bring_in_two_batches(house)
    elif name == "rotate":
        await rotate_secret(house, grant.app_id, system)
    elif link is not None:
        await renew(house, StandInPlatform(_live="upstream-refresh"), link)


async def bring_in_two_batches(house: House) -> list[BroughtIn]:
    """Bring in a consent of each of four people, two at a time."""
    ends_at = house.clock.now() + timedelta(days=30)
    async with house.storage.read() as connection:
        account = await accounts.find_external(connection, "zalo", "4000000000000001")
        (ask,) = [each for each in await apps.list_asks(connection, AppId("so-ban-hang")) if each.id == "crm_name"]
    assert account is not None
    source = Import("im_" + "0" * 22, "Nguyễn Vận Hành (mẫu)")
    given = [Consent(account, person, ask, date(2026, 1, 5), ends_at, "Phiếu 17 (mẫu)") for person in "1234"]
    outcomes = await bring_in(house, given[:2], source, Actor.command_line())
    return outcomes + await bring_in(house, given[2:], source, Actor.command_line())


async def main(folder: Path, step: str, name: str) -> None:
    """Open the gateway, set the trap, act."""
    if name == "restore":
        await restore(folder, step)
        return
    async with house_in(folder, ManualClock(), entropy=SystemEntropy()) as house:
        STEPS[step]()
        await act(house, name)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
