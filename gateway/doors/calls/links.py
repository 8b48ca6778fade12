"""The account's connection: as which app the platform is spoken to, and the credential, for the length of one call."""

from gateway.acts import House
from gateway.authority.facts import TokenFacts
from gateway.doors.calls.door import CallsDoor
from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.rows import note_damaged
from gateway.ground.vault.sealing import Unsealable
from gateway.platforms import Connector, Credential
from gateway.platforms.upstream_apps import speaking_as
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.terms.ids import GATEWAYS_OWN
from gateway.terms.refusal import Refusal


async def get_link(house: House, facts: TokenFacts) -> Connection:
    """Read the connection of the grant's account, through the app's own upstream app if it brought one.

    Raises:
        Refusal: `connection_lost`: there is none through that upstream app, or the platform refuses it.
        Unavailable: the database gave no answer, or one that cannot be read.
    """
    brought_id = facts.upstream.id if facts.upstream else GATEWAYS_OWN
    try:
        link = await accounts.look_up_connection(house.storage, facts.account_id, brought_id)
    except Unreadable as unreadable:
        note_damaged("connection of account", facts.account_id, unreadable)
        raise
    if link is None or link.state is ConnectionState.LOST:
        raise Refusal("connection_lost")
    return link


def find_connector(door: CallsDoor, facts: TokenFacts) -> Connector:
    """Find how the platform is spoken to for this app: as its own upstream app, or as the gateway's."""
    return speaking_as(door.house.vault, door.connectors[facts.platform], facts.upstream)


def open_credential(house: House, link: Connection) -> Credential:
    """Open the sealed credential; it lives no longer than the call.

    Raises:
        Unreadable: it was changed, or sealed for another place.
    """
    try:
        return Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))
    except Unsealable as unsealable:
        unreadable = Unreadable("connections.sealed_credential")
        note_damaged("connection", link.id, unreadable)
        raise unreadable from unsealable
