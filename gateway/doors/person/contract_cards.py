"""What goes on about a follower under contracts that they never decided anything about: listed, to object to (R83)."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from gateway.doors import app_label
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_grants import ContractCard
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState, Basis
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.terms.ids import PersonId


async def list_contract_cards(door: PersonDoor, person_id: PersonId) -> list[ContractCard]:
    """List the apps that work under a contract for a shop that the person follows, where they have no grant."""
    now = door.now()
    async with door.house.storage.read() as connection:
        held = [account for account, _ in await accounts.list_held(connection, person_id, now)]
        profiles = {account.parent_id: account for account in held if account.parent_id}
        own = await grants.list_of_accounts(connection, [account.id for account in profiles.values()])
        above = await grants.list_of_accounts(connection, list(profiles))
        shops = await accounts.list_named(connection, list(profiles))
        wanted = [each for each in above if any(p.basis == Basis.CONTRACT for p in each.live(now))]
        known = [app for each in wanted if (app := await apps.find(connection, each.app_id)) is not None]
    decided = {(each.account_id, each.app_id) for each in own}
    pairs = [(profiles[each.account_id], shops[each.account_id], app) for each, app in _active(wanted, known)]
    return [_card(profile, shop, app) for profile, shop, app in pairs if (profile.id, app.id) not in decided]


def _active(wanted: list[Grant], known: list[App]) -> Iterator[tuple[Grant, App]]:
    by_id = {app.id: app for app in known if app.state is AppState.ACTIVE}
    yield from ((grant, by_id[grant.app_id]) for grant in wanted if grant.app_id in by_id)


def _card(profile: Account, shop: Account, app: App) -> ContractCard:
    named = {"app": app.id, "account": shop.external_id, "follower": profile.subject_id}
    path = f"/ask?{urlencode(named, quote_via=quote)}"
    return ContractCard(plain(app.name), plain(shop.name), path, app_label(app))
