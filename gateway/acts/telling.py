"""Telling apps: the notice of a change to a grant, put into the outbox within the act's own transaction."""

from typing import Protocol

from gateway.ground.storage.storage import UnitOfWork
from gateway.records.accounts import store as accounts
from gateway.records.grants.telling import tell_asks
from gateway.records.grants.types import Change
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Recorded
from gateway.records.outbox import endpoints, queue
from gateway.records.outbox.letters import Letter, Pin, make_notice
from gateway.records.outbox.types import EndpointState, Event
from gateway.terms.entropy import Entropy
from gateway.terms.ids import new_id

_EVENTS = {
    Kind.WITHDRAWN: Event.WITHDRAWN,
    Kind.BURIED: Event.WITHDRAWN,
    Kind.PAUSED: Event.PAUSED,
    Kind.RESUMED: Event.RESUMED,
    Kind.SHORTENED: Event.SHORTENED,
    Kind.EXPIRED: Event.EXPIRED,
    Kind.RECONFIRM: Event.RECONFIRM,
}
"""What an app hears of a change; a decision narrows or renews, as it turns out."""


class Sender(Protocol):
    """Who tells: the gateway by the name that apps know it by."""

    @property
    def issuer(self) -> str:
        """Its name."""

    @property
    def entropy(self) -> Entropy:
        """Where the notice's id is drawn from."""


async def tell_app(unit: UnitOfWork, change: Change, kind: Kind, *, recorded: Recorded, sender: Sender) -> None:
    """Put the notice of a change into the outbox, where the app has an endpoint and held what became another."""
    grant, asks = change.grant, tell_asks(change)
    endpoint = await endpoints.find(unit.connection, grant.app_id) if asks else None
    account = await accounts.find(unit.connection, grant.account_id) if endpoint else None
    if endpoint is None or account is None:
        return
    event = _EVENTS.get(kind, Event.NARROWED if change.stopped else Event.RENEWED)
    facts = {"grant_id": grant.id, "version": grant.version, "account": account.external_id, "asks": asks}
    letter = Letter(new_id("nt", sender.entropy), event, sender.issuer, change.at, grant.id, facts)
    pin = Pin(recorded.size, recorded.root, recorded.note)
    is_live = endpoint.state is EndpointState.LIVE
    await queue.add(unit.connection, make_notice(letter, pin, app_id=grant.app_id, is_live=is_live))
