"""Who one of a shop's people is: asked of the platform through the shop's own connection, and kept nowhere."""

from gateway.acts import House
from gateway.acts.renew import renew
from gateway.platforms import Connector, Credential, Trouble
from gateway.platforms.zalo.followers import ZaloFollower, ZaloFollowers
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.terms.ids import GATEWAYS_OWN, AccountId
from gateway.terms.refusal import Refusal


async def find_follower(
    house: House, connector: Connector, followers: ZaloFollowers, shop_id: AccountId, *, named: str
) -> ZaloFollower | None:
    """Find a follower as the platform tells of them at this moment; None where the shop knows no such one.

    Raises:
        Refusal: `connection_lost`, `platform_refused`: the platform refuses the shop.
        Unavailable: the platform, or the database, gave no answer.
    """
    link = await accounts.look_up_connection(house.storage, shop_id, GATEWAYS_OWN)
    if link is None or link.state is ConnectionState.LOST or link.upstream_app != followers.upstream_app:
        raise Refusal("connection_lost", log_detail="no connection whose ids are those of the sign-in")
    try:
        return await followers.find_follower(_open(house, link), named)
    except Refusal as refusal:
        if refusal.facts["trouble"] is not Trouble.CREDENTIAL_REFUSED:
            raise
        fresh = await renew(house, connector, link)
        return await followers.find_follower(_open(house, fresh), named)


def _open(house: House, link: Connection) -> Credential:
    return Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))
