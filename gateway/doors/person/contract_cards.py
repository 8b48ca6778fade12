"""What goes on about a follower under contracts: listed, to object to, whether or not they decided anything (R83)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from gateway.acts.profiles import Objection
from gateway.doors import app_label
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import app_title
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.to_people import list_to_people
from gateway.doors.person.views_contracts import ContractCard
from gateway.doors.person.views_stops import Stop
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState, Basis
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant, Permission
from gateway.terms.ids import AskId, PersonId


@dataclass(frozen=True, slots=True)
class OwnContract:
    """An app that works under a contract for a shop that the person follows.

    Args:
        profile: who the person is at the shop.
        ask_ids: what it does so; where something was decided, also what it does to people without asking about them.
        objected: what of it the person objects to.
        grant: what the person decided about the app, or None.
    """

    profile: Account
    shop: Account
    app: App
    ask_ids: frozenset[AskId]
    objected: frozenset[AskId] = frozenset()
    grant: Grant | None = None
    to_people: frozenset[AskId] = frozenset()

    @property
    def goes_on(self) -> bool:
        """Whether anything of it passes."""
        return self.objected < self.ask_ids

    @property
    def objection(self) -> Objection:
        """The objection to all of it."""
        return Objection(self.profile.id, self.app.id, self.ask_ids, self.to_people)

    def name(self, lang: Lang) -> str:
        """Return what a question calls it."""
        return f"{app_title(self.app, lang)} · {plain(self.shop.name)}"

    def card(self, stops: Sequence[Stop] = ()) -> ContractCard:
        """Show it in the list; it leads to the grant's page, or to the link's where nothing was decided."""
        named = {"app": self.app.id, "account": self.shop.external_id, "follower": self.profile.subject_id}
        return ContractCard(
            app_id=self.app.id,
            app_name=plain(self.app.name),
            shop=plain(self.shop.name),
            path=f"/permissions/{self.grant.id}" if self.grant else f"/ask?{urlencode(named, quote_via=quote)}",
            asks=len(self.ask_ids),
            objected=len(self.objected),
            grant_id=self.grant.id if self.grant else "",
            label=app_label(self.app),
            stops=stops if self.goes_on else (),
        )


async def list_own_contracts(door: PersonDoor, person_id: PersonId) -> list[OwnContract]:
    """List the apps that work under a contract for a shop that the person follows."""
    now = door.now()
    async with door.house.storage.read() as connection:
        held = [account for account, _ in await accounts.list_held(connection, person_id, now)]
        profiles = {account.parent_id: account for account in held if account.parent_id}
        own = await grants.list_of_accounts(connection, [account.id for account in profiles.values()])
        shops = await accounts.list_named(connection, list(profiles))
        decided = {(each.account_id, each.app_id): each for each in own}
        found: list[OwnContract] = []
        for above in await grants.list_of_accounts(connection, list(profiles)):
            profile = profiles[above.account_id]
            grant = decided.get((profile.id, above.app_id))
            asks = await apps.list_asks(connection, above.app_id) if grant else []
            to_people = list_to_people(door.catalogue, asks, profile.platform)
            ask_ids = frozenset(p.ask_id for p in above.live(now) if _is_open(door, p) or p.ask_id in to_people)
            app = await apps.find(connection, above.app_id) if ask_ids else None
            if app is not None and app.state is AppState.ACTIVE:
                objected = frozenset(each for each in ask_ids if grant and grant.has_refused(each))
                shop = shops[above.account_id]
                found.append(OwnContract(profile, shop, app, ask_ids, objected, grant, to_people))
    return found


def _is_open(door: PersonDoor, permission: Permission) -> bool:
    """Say whether a permission of the shop's is a contract's that a person may object to."""
    return permission.basis == Basis.CONTRACT and not door.catalogue.serves_subject(permission.scope)


def list_going_on(contracts: Iterable[OwnContract], own: OwnGrant | None = None) -> list[OwnContract]:
    """List those of which something passes; with a grant those that are about its app and profile."""
    wanted = [each for each in contracts if each.goes_on]
    return [each for each in wanted if own is None or (each.profile.id, each.app.id) == (own.account.id, own.app.id)]


def is_objection_alone(own: OwnGrant) -> bool:
    """Say whether a grant holds nothing but objections, or what is left of them: nobody was asked to agree there."""
    is_contract = all(permission.basis == Basis.CONTRACT for permission in own.grant.permissions)
    return own.account.parent_id is not None and is_contract
