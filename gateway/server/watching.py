"""Watching hooks: where a platform must be asked to tell, it is asked for what apps may hear, and looked after."""

from collections.abc import Mapping

import structlog

from gateway.acts import House
from gateway.acts.keep_hooks import check_hooks, keep_hooks
from gateway.acts.renew import renew
from gateway.authority.holders import list_listening
from gateway.platforms import Connector, Registrar
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Connection
from gateway.terms.ids import ConnectionId
from gateway.terms.refusal import Refusal, Unavailable
from scopes import Catalogue

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
        last = ConnectionId("")
        while True:
            async with house.storage.read() as connection:
                found = await accounts.find_live_after(connection, last)
            if found is None:
                return
            account, link = found
            last = link.id
            now = house.clock.boottime()
            if account.platform in self._registrars and self._rests_until.get(link.id, 0) <= now:
                await self._keep(house, account, link)

    async def _keep(self, house: House, account: Account, link: Connection) -> None:
        registrar, now = self._registrars[account.platform], house.clock.boottime()
        wanted = await self._list_wanted(house, account)
        url = f"{self._api_url}/hooks/{account.platform}"
        try:
            if self._check_at.setdefault(link.id, now + CHECK_SECONDS) <= now:
                self._check_at[link.id] = now + CHECK_SECONDS
                await check_hooks(house, registrar, link)
            await keep_hooks(house, registrar, link, wanted, url=url)
        except Refusal:  # the credential ran out: the next look, a moment later, has a fresh one
            await self._renew(house, account, link)
        except Unavailable as unavailable:
            self._rests_until[link.id] = now + PAUSE_SECONDS
            log.warning("a platform was not asked to tell", platform=account.platform, what=unavailable.what)

    async def _renew(self, house: House, account: Account, link: Connection) -> None:
        self._rests_until[link.id] = house.clock.boottime() + 1
        try:
            await renew(house, self._connectors[account.platform], link)
        except (Refusal, Unavailable) as error:
            self._rests_until[link.id] = house.clock.boottime() + PAUSE_SECONDS
            log.warning("a connection could not be renewed", connection=link.id, what=str(error))

    async def _list_wanted(self, house: House, account: Account) -> set[str]:
        """List the names of events that some app of the account may hear now."""
        async with house.storage.read() as connection:
            holders = await list_listening(connection, account.id, denied=house.in_flight.denied)
        now, events = house.clock.now(), self._catalogue.platforms[account.platform].events.values()
        return {
            name
            for event in events
            if any(holder.list_live(event.opened_by, now) for holder in holders)
            for name in event.names
        }
