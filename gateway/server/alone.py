"""Acting without a server: the command line opens the house itself, under the same lock."""

from typing import Any

from gateway.doors.admin.commands import AdminDoor, perform
from gateway.ground.storage.engines import is_sqlite, sqlite_path
from gateway.ground.storage.migrate import migrate
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.passwords import Passwords
from gateway.server.house import opened_house
from gateway.settings import Settings
from gateway.terms.entropy import SystemEntropy
from scopes import load_catalogue


async def perform_alone(settings: Settings, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one command of the admin door on a house opened for it.

    Raises:
        AlreadyRunning: a server holds the database after all.
        Refusal, Unavailable: as the command says.
    """
    async with opened_house(settings) as house:
        passwords = Passwords(SystemEntropy())
        try:
            return await perform(AdminDoor(house, load_catalogue(settings.catalogue), passwords), command, arguments)
        finally:
            passwords.close()


async def migrate_alone(settings: Settings) -> None:
    """Bring the database to the newest schema; the folder of an embedded one is made with it."""
    if is_sqlite(settings.database_url):
        sqlite_path(settings.database_url).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    storage = Storage(settings.database_url)
    try:
        await migrate(storage)
    finally:
        await storage.close()
