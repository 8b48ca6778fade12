"""The account's connection: where the platform's own credential comes from, for the length of one call."""

from gateway.acts import House
from gateway.authority.facts import TokenFacts
from gateway.platforms import Credential
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.terms.refusal import Refusal


async def get_link(house: House, facts: TokenFacts) -> Connection:
    """Read the connection of the grant's account.

    Raises:
        Refusal: `connection_lost`: there is none, or the platform refuses it.
        Unavailable: the database gave no answer.
    """
    link = await accounts.look_up_connection(house.storage, facts.account_id)
    if link is None or link.state is ConnectionState.LOST:
        raise Refusal("connection_lost")
    return link


def open_credential(house: House, link: Connection) -> Credential:
    """Open the sealed credential; it lives no longer than the call."""
    return Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))
