"""Acting without a server: the command line opens the house itself, under the same lock."""

from typing import Any

from gateway.doors.admin.commands import AdminDoor, perform
from gateway.ground.storage.migrate import migrate
from gateway.ground.vault.passwords import Passwords
from gateway.server.database import opened_storage
from gateway.server.house import opened_house
from gateway.server.platforms import own_apps
from gateway.settings import Settings
from gateway.terms.entropy import SystemEntropy
from scopes import load_catalogue


async def perform_alone(settings: Settings, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one command of the admin door on a house opened for it.

    Raises:
        AlreadyRunning: a server holds the database after all.
        CatalogueError: the catalogue does not hold; nothing was opened.
        Refusal, Unavailable: as the command says.
    """
    catalogue = load_catalogue(settings.catalogue)
    async with opened_house(settings) as house:
        passwords = Passwords(SystemEntropy())
        try:
            door = AdminDoor(house, catalogue, passwords, settings.is_on_loopback, own_apps(settings))
            return await perform(door, command, arguments)
        finally:
            passwords.close()


async def migrate_alone(settings: Settings) -> None:
    """Bring the database to the newest schema.

    Raises:
        AlreadyRunning, Damaged: as `opened_storage` says.
    """
    async with opened_storage(settings) as storage:
        await migrate(storage)
