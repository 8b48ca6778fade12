"""The grants that a person may see and change: those of the accounts on which they have standing, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.doors.person.door import PersonDoor
from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.rows import note_damaged
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Standing
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, Ask
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.terms.ids import AskId, PersonId
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
    def unread(self) -> list[AskId]:
        """The asks that the grant holds a decision on and whose words in the register cannot be read."""
        known = {ask.id for ask in self.asks}
        return [each.ask_id for each in self.grant.permissions if each.ask_id not in known]

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


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody may see: their grants, newest first, and the ids of what of theirs cannot be read."""

    grants: list[OwnGrant]
    damaged: tuple[str, ...] = ()


async def list_own_grants(door: PersonDoor, person_id: PersonId) -> list[OwnGrant]:
    """List those that can be read, newest first."""
    return (await read_own(door, person_id)).grants


async def read_own(door: PersonDoor, person_id: PersonId) -> Own:
    """Read them; one that is damaged, or whose app is, takes no other along."""
    async with door.house.storage.read() as connection:
        now = door.now()
        held = {pair[0].id: pair for pair in await accounts.list_held(connection, person_id, now)}
        ids = await grants.list_ids_of_accounts(connection, list(held))
        own: list[OwnGrant] = []
        for grant in await grants.list_of_accounts(connection, list(held)):
            try:
                app = await apps.find(connection, grant.app_id)
            except Unreadable as unreadable:
                note_damaged("app", grant.app_id, unreadable)
                continue
            if app is None:
                raise AssertionError("a grant is about an app of the register")
            asks = tuple(await apps.list_asks(connection, app.id))
            own.append(OwnGrant(grant, app, asks, *held[grant.account_id]))
        standings = {standing.id for _, standing in held.values()}
        lost = [each for each in await accounts.list_held_ids(connection, person_id, now) if each not in standings]
    read = {each.grant.id for each in own}
    return Own(own, (*[each for each in ids if each not in read], *lost))


async def get_own_grant(door: PersonDoor, person_id: PersonId, raw_grant_id: str) -> OwnGrant:
    """Return one of them.

    Raises:
        Refusal: `not_found`: unknown, or of an account that the person may not decide for.
        Unreadable: it is damaged, or what it rests on.
    """
    own = await read_own(door, person_id)
    found = next((each for each in own.grants if each.grant.id == raw_grant_id), None)
    if found is None and raw_grant_id in own.damaged:
        raise Unreadable(f"grant {raw_grant_id}")
    if found is None:
        raise Refusal("not_found")
    return found
