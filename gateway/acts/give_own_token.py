"""Give an own token: what an app manages its own affairs with, for a quarter of an hour, at no account's expense."""

from collections.abc import Collection

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.tokens import ACCESS, hashed, new_token
from gateway.records.apps import own_tokens
from gateway.records.apps import store as apps
from gateway.records.apps.own_tokens import LASTS, OwnScope, OwnToken
from gateway.records.apps.types import AppState
from gateway.terms.ids import AppId
from gateway.terms.refusal import Refusal


@shielded
async def give_own_token(house: House, app_id: AppId, scopes: Collection[OwnScope], *, jkt: str | None) -> str:
    """Give an app that has proven itself a token for these scopes, bound to the key that it proved, if any.

    Returns:
        The raw token.

    Raises:
        Refusal: `unauthorized_client`: it did not register for this, or is suspended.
        Unavailable: nothing was given.
    """
    raw_token = new_token(ACCESS, house.entropy)
    async with house.storage.unit() as unit:
        now = house.clock.now()
        app = await apps.find(unit.connection, app_id, lock=True)
        if app is None or not app.may_manage_itself:
            raise Refusal("unauthorized_client", "the app did not register client_credentials")
        if app.state is not AppState.ACTIVE:
            raise Refusal("unauthorized_client", "the app is suspended")
        await own_tokens.forget_expired(unit.connection, app_id, now)
        token = OwnToken(hashed(raw_token), app_id, tuple(sorted(scopes)), now, now + LASTS, None, jkt)
        await own_tokens.add(unit.connection, token)
        await unit.commit()
    return raw_token


@shielded
async def end_own_token(house: House, app_id: AppId, raw_token: str) -> None:
    """End a token that its app gives back; one that is unknown, over or another's stays as it is."""
    async with house.storage.unit() as unit:
        await own_tokens.end(unit.connection, hashed(raw_token), app_id, house.clock.now())
        await unit.commit()
