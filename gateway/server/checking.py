"""Checks of connections, one after the other, so that nobody has to call before a lost one is seen."""

from collections.abc import Mapping

from gateway.acts import House
from gateway.acts.renew import check_connection
from gateway.platforms import Connector
from gateway.platforms.upstream_apps import speaking_as
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Connection
from gateway.records.apps import upstreams
from gateway.terms.ids import GATEWAYS_OWN, ConnectionId

EVERY_SECONDS = 6 * 3600.0
FIRST_AFTER_SECONDS = 600.0


class Checks:
    """Goes from one live connection to the next, and rests when it has been at all of them.

    Args:
        connectors: the platforms by name; a connection to another one is passed over.
    """

    def __init__(self, connectors: Mapping[str, Connector]) -> None:
        self._connectors = connectors
        self._last = ConnectionId("")
        self._rests_until: float | None = None

    async def check_next(self, house: House) -> None:
        """Check one connection, if it is time for one.

        Raises:
            Unavailable: the database gave no answer.
        """
        now = house.clock.boottime()
        if self._rests_until is None:
            self._rests_until = now + FIRST_AFTER_SECONDS
        if now < self._rests_until:
            return
        async with house.storage.read() as connection:
            found = await accounts.find_live_after(connection, self._last)
        if found is None:
            self._last, self._rests_until = ConnectionId(""), now + EVERY_SECONDS
            return
        account, link = found
        self._last = link.id
        connector = await self._find_connector(house, account.platform, link)
        if connector is not None:
            await check_connection(house, connector, link)

    async def _find_connector(self, house: House, platform: str, link: Connection) -> Connector | None:
        """Find how the platform is spoken to as the connection's own upstream app; None where that was taken back."""
        connector = self._connectors.get(platform)
        if connector is None or link.brought_id == GATEWAYS_OWN:
            return connector
        async with house.storage.read() as connection:
            upstream = await upstreams.find(connection, link.brought_id, platform=platform)
        return speaking_as(house.vault, connector, upstream) if upstream else None
