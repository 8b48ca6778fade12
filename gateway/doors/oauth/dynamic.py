"""Dynamic apps at this door: which roads into the register are open, and what an app that nobody reviewed may ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.acts import House
from gateway.acts.ask_more import ask_more
from gateway.doors.oauth.parameters import Parameters
from gateway.ground.fetching.fetcher import Fetcher
from gateway.records.apps import store as apps
from gateway.records.apps.dynamic import ask_for
from gateway.records.apps.types import App, Ask
from gateway.terms.ids import AppId


@dataclass(frozen=True, slots=True)
class DynamicApps:
    """What is open to apps that no operator registered.

    Args:
        may_register: at the registration endpoint (RFC 7591).
        fetcher: reads client documents; None: no client_id is an address.
        scopes: what such an app may ask, with the version of each: the account's own data that is not sensitive, on the
            platforms that are set up here.
    """

    may_register: bool = False
    fetcher: Fetcher | None = None
    scopes: Mapping[str, int] = field(default_factory=dict)

    def asks_for(self, app_id: AppId, raw_scope: str) -> list[Ask]:
        """Return an ask for each named scope that such an app may ask; other names mean nothing."""
        named = dict.fromkeys(name.partition("#")[0] for name in raw_scope.split(" "))
        return [ask_for(app_id, scope, self.scopes[scope]) for scope in named if scope in self.scopes]


CLOSED = DynamicApps()


async def list_asks(house: House, dynamic: DynamicApps, app: App, unverified: Parameters) -> tuple[Ask, ...]:
    """List an app's asks; of a dynamic app also those that it names for the first time, from now on.

    What it registered is no ceiling: clients register with the first scopes that they meet, and step up.

    Raises:
        Unavailable: no answer; nothing was added.
    """
    registered = await _read(house, app)
    if not app.is_dynamic or "scope" in unverified.repeated:
        return registered
    known = {ask.scope for ask in registered}
    named = dynamic.asks_for(app.id, unverified.find("scope") or "")
    wanted = [ask for ask in named if ask.scope not in known]
    if not wanted:
        return registered
    await ask_more(house, app.id, wanted)
    return await _read(house, app)


async def _read(house: House, app: App) -> tuple[Ask, ...]:
    async with house.storage.read() as connection:
        return tuple[Ask, ...](await apps.list_asks(connection, app.id))


def shown_scope(asks: Sequence[Ask]) -> str:
    """Write the scopes of asks as metadata has them."""
    return " ".join(ask.scope for ask in asks)
