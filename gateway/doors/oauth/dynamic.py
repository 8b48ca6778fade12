"""Dynamic apps at this door: which roads into the register are open, and what an app that nobody reviewed may ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.acts import House
from gateway.acts.ask_more import ask_more
from gateway.doors.oauth.parameters import Parameters
from gateway.ground.fetching.fetcher import Fetcher
from gateway.records.apps import statements
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
        scopes: what such an app may ask, with the version of each: reading the account's own data that is not
            sensitive, on the platforms that are set up here.
    """

    may_register: bool = False
    fetcher: Fetcher | None = None
    scopes: Mapping[str, int] = field(default_factory=dict)

    def asks_for(self, app_id: AppId, raw_scope: str) -> list[Ask]:
        """Return an ask for each named scope that such an app may ask; other names mean nothing."""
        named = dict.fromkeys(name.partition("#")[0] for name in raw_scope.split(" "))
        return [ask_for(app_id, scope, self.scopes[scope]) for scope in named if scope in self.scopes]


CLOSED = DynamicApps()


@dataclass(frozen=True, slots=True)
class Askable:
    """What an app may ask in one request.

    Args:
        asks: all that it may name.
        usual: those that are meant where it names none: what it registered, whatever was named since.
        new: those of `asks` that nobody named before; they stay once a request for them holds (`keep_asks`).
    """

    asks: tuple[Ask, ...]
    usual: tuple[Ask, ...]
    new: tuple[Ask, ...] = ()


async def list_asks(house: House, dynamic: DynamicApps, app: App, unverified: Parameters) -> Askable:
    """List what an app may ask; a dynamic one also what it names for the first time. Nothing is kept yet.

    What it registered is no ceiling: clients register with the first scopes that they meet, and step up. Nor does what
    was named later widen a request that names nothing: whoever sends a request in an app's name has proven nothing.

    Raises:
        Unavailable: no answer.
    """
    async with house.storage.read() as connection:
        registered = tuple[Ask, ...](await apps.list_asks(connection, app.id))
        statement = await statements.find_current(connection, app.id)
    if statement is None:
        return Askable(registered, registered)
    own = str(statement.content.get("scope", ""))
    named = own if "scope" in unverified.repeated else unverified.find("scope") or own
    known = {ask.scope for ask in registered}
    new = tuple(ask for ask in dynamic.asks_for(app.id, named) if ask.scope not in known)
    known_and_open = tuple(ask for ask in registered if ask.scope in dynamic.scopes)
    usual = tuple(ask for ask in (*known_and_open, *new) if ask.scope in own.split(" "))
    return Askable((*known_and_open, *new), usual, new)


async def keep_asks(house: House, askable: Askable, chosen: Sequence[Ask]) -> None:
    """Keep the asks of a request that holds and that nobody named before.

    Raises:
        Unavailable: nothing was kept.
    """
    wanted = [ask for ask in chosen if ask in askable.new]
    if wanted:
        await ask_more(house, wanted[0].app_id, wanted)


def shown_scope(asks: Sequence[Ask]) -> str:
    """Write the scopes of asks as metadata has them."""
    return " ".join(ask.scope for ask in asks)
