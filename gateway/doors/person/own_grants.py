"""The grants that a person may see and change: those of the accounts on which they have standing, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.doors.person.door import PersonDoor
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Standing
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, Ask
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class OwnGrant:
    """A grant with everything that its pages name; `asks` are all of the app's, in the register's order."""

    grant: Grant
    app: App
    asks: tuple[Ask, ...]
    account: Account
    standing: Standing

    @property
    def decided_asks(self) -> list[Ask]:
        """The asks that the grant holds a decision on."""
        return [ask for ask in self.asks if self.grant.find(ask.id)]

    def get_ask(self, raw_ask_id: str) -> Ask:
        """Return an ask that the grant holds a decision on.

        Raises:
            Refusal: `unknown_ask`.
        """
        return _get(self.decided_asks, raw_ask_id)

    def get_any_ask(self, raw_ask_id: str) -> Ask:
        """Return an ask of the app, decided on or not.

        Raises:
            Refusal: `unknown_ask`.
        """
        return _get(self.asks, raw_ask_id)


def _get(asks: Iterable[Ask], raw_ask_id: str) -> Ask:
    found = next((ask for ask in asks if ask.id == raw_ask_id), None)
    if found is None:
        raise Refusal("unknown_ask")
    return found


async def list_own_grants(door: PersonDoor, person_id: PersonId) -> list[OwnGrant]:
    """List them, newest first."""
    async with door.house.storage.read() as connection:
        held = {pair[0].id: pair for pair in await accounts.list_held(connection, person_id, door.now())}
        own: list[OwnGrant] = []
        for grant in await grants.list_of_accounts(connection, list(held)):
            app = await apps.find(connection, grant.app_id)
            if app is None:
                raise AssertionError("a grant is about an app of the register")
            asks = tuple(await apps.list_asks(connection, app.id))
            own.append(OwnGrant(grant, app, asks, *held[grant.account_id]))
    return own


async def get_own_grant(door: PersonDoor, person_id: PersonId, raw_grant_id: str) -> OwnGrant:
    """Return one of them.

    Raises:
        Refusal: `not_found`: unknown, or of an account that the person may not decide for.
    """
    own = await list_own_grants(door, person_id)
    found = next((each for each in own if each.grant.id == raw_grant_id), None)
    if found is None:
        raise Refusal("not_found")
    return found
