"""Watching hooks: where a platform must be asked to tell, it is asked for what apps may hear, and looked after."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from gateway.acts import House
from gateway.acts.keep_hooks import check_hooks, keep_hooks
from gateway.acts.renew import renew
from gateway.authority.holders import list_listening
from gateway.platforms import Connector, Registrar
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Connection
from gateway.terms.refusal import Refusal, Unavailable
from scopes import Catalogue

if TYPE_CHECKING:
    from gateway.terms.ids import ConnectionId

CHECK_SECONDS = 6 * 3600.0
PAUSE_SECONDS = 300.0
"""After a platform gave no answer, or a no, its account is left alone for so long."""

log = structlog.get_logger(__name__)


class HookWatch:
    """Goes over the accounts of platforms that are asked to tell.

    Args:
        catalogue: which events there are.
        connectors: for a credential that has run out.
        registrars: by platform.
        api_url: where platforms tell.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        connectors: Mapping[str, Connector],
        registrars: Mapping[str, Registrar],
        *,
        api_url: str,
    ) -> None:
        self._catalogue = catalogue
        self._connectors = connectors
        self._registrars = registrars
        self._api_url = api_url
        self._rests_until: dict[ConnectionId, float] = {}
        self._check_at: dict[ConnectionId, float] = {}

    async def look(self, house: House) -> None:
        """Keep the hooks of each live connection.

        Raises:
            Unavailable: the database gave no answer.
        """
        async with house.storage.read() as connection:
            links = await accounts.list_live_on(connection, self._registrars.keys())
        for platform, link in links:
            if self._rests_until.get(link.id, 0) <= house.clock.boottime():
                await self._keep(house, platform, link)

    async def _keep(self, house: House, platform: str, link: Connection) -> None:
        registrar, now = self._registrars[platform], house.clock.boottime()
        wanted = await self._list_wanted(house, platform, link)
        url = f"{self._api_url}/hooks/{platform}"
        try:
            if self._check_at.setdefault(link.id, now + CHECK_SECONDS) <= now:
                self._check_at[link.id] = now + CHECK_SECONDS
                await check_hooks(house, registrar, link)
            await keep_hooks(house, registrar, link, wanted, url=url)
        except Refusal:  # the credential ran out: the next look, a moment later, has a fresh one
            await self._renew(house, platform, link)
        except Unavailable as unavailable:
            self._rests_until[link.id] = now + PAUSE_SECONDS
            log.warning("a platform was not asked to tell", platform=platform, what=unavailable.what)

    async def _renew(self, house: House, platform: str, link: Connection) -> None:
        self._rests_until[link.id] = house.clock.boottime() + 1
        try:
            await renew(house, self._connectors[platform], link)
        except (Refusal, Unavailable) as error:
            self._rests_until[link.id] = house.clock.boottime() + PAUSE_SECONDS
            log.warning("a connection could not be renewed", connection=link.id, what=str(error))

    async def _list_wanted(self, house: House, platform: str, link: Connection) -> set[str]:
        """List the names of events that some app of the account may hear now."""
        async with house.storage.read() as connection:
            holders = await list_listening(connection, link.account_id, denied=house.in_flight.denied)
        now, events = house.clock.now(), self._catalogue.platforms[platform].events.values()
        return {
            name
            for event in events
            if any(holder.list_live(event.opened_by, now) for holder in holders)
            for name in event.names
        }
