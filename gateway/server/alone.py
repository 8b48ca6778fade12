"""Acting without a server: the command line opens the house itself, under the same lock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.authority.budgets import Budgets
from gateway.doors.admin.commands import AdminDoor, perform
from gateway.doors.admin.of_age import Desk
from gateway.ground.storage.migrate import migrate
from gateway.ground.vault.passwords import Passwords
from gateway.server.database import opened_storage
from gateway.server.house import opened_house
from gateway.server.platforms import list_connectors, list_followers, opened_http, own_apps
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
    async with opened_door(settings) as door:
        return await perform(door, command, arguments)


@asynccontextmanager
async def opened_door(settings: Settings) -> AsyncIterator[AdminDoor]:
    """Open a house for as many commands as there are to run; raises as `perform_alone`."""
    catalogue = load_catalogue(settings.catalogue)
    async with opened_house(settings) as house:
        passwords = Passwords(SystemEntropy())
        try:
            async with opened_http() as http:
                connectors = list_connectors(settings, http, house.clock)
                desk = Desk(connectors, list_followers(settings, http), Budgets(house.clock))
                yield AdminDoor(house, catalogue, passwords, settings.is_on_loopback, own_apps(settings), desk)
        finally:
            passwords.close()


async def migrate_alone(settings: Settings) -> None:
    """Bring the database to the newest schema.

    Raises:
        AlreadyRunning, Damaged: as `opened_storage` says.
    """
    async with opened_storage(settings) as storage:
        await migrate(storage)
