"""A real homeserver, the whole gateway in front of it, and desks at which people work."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar

from tests.platforms.synapse.desk import Desk, Grant, Street
from tests.platforms.synapse.tap import tapped
from tests.platforms.synapse.whole_gateway import running_gateway
from tests.services.child import short_folder
from tests.services.synapse_server import SynapseServer

START_SECONDS = 150


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give whichever test comes first the time that a homeserver and a gateway need to start on a busy machine."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(START_SECONDS))


@asynccontextmanager
async def opened_street(synapse: SynapseServer) -> AsyncIterator[Street]:
    """Run a gateway of its own in front of this homeserver."""
    folder = short_folder("gateway")
    try:
        async with tapped(synapse.base_url) as tap, ClientSession(cookie_jar=DummyCookieJar()) as http:
            with running_gateway(folder, tap.url) as gateway:
                yield Street(synapse, tap, gateway, http)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def street(synapse: SynapseServer) -> AsyncIterator[Street]:
    """Yield one gateway for the whole run; tests bring people of their own."""
    async with opened_street(synapse) as street:
        yield street


@pytest.fixture
async def new_desk(street: Street) -> AsyncIterator[Desk]:
    """Yield a desk at which nobody has signed in."""
    async with street.desk() as desk:
        yield desk


@pytest.fixture
async def desk(new_desk: Desk) -> Desk:
    """Return a desk whose Matrix account is linked."""
    await new_desk.open()
    return new_desk


@pytest.fixture(scope="session")
async def quiet_desk(street: Street) -> AsyncIterator[Desk]:
    """Yield a linked desk for tests that change nothing about its permissions."""
    async with street.desk() as desk:
        await desk.open()
        yield desk


@pytest.fixture(scope="session")
async def reader(quiet_desk: Desk) -> Grant:
    """Return what the first app holds at the quiet desk: profile, rooms and reading, but not sending."""
    return await quiet_desk.grant(quiet_desk.street.desk_app, "profile", "rooms", "read")


@pytest.fixture(scope="session")
async def archivist(quiet_desk: Desk) -> Grant:
    """Return what the second app holds there: files both ways, and reading for two purposes."""
    return await quiet_desk.grant(quiet_desk.street.archive_app, "read_support", "read_orders", "fetch", "upload")
