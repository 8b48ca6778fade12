"""Refresh: a refresh token for its one successor (I3)."""

import hashlib
from dataclasses import dataclass

from gateway.acts import House
from gateway.acts.family import Locked, end_family, get_holding, lock_family, terms_of
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.sealing import Place, Unsealable
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App, AppState
from gateway.records.families import store as families
from gateway.records.families.minting import check_target, detailed, mint, narrowed
from gateway.records.families.types import RefreshToken
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the token endpoint received. `ask_ids` None asks for all that is still reached; `jkt` is the key proven.

    `platform` is the one named as the target of the new tokens, if any; `details` are what it wants of what it has;
    `wording` is how it was all written: whoever writes otherwise does not ask again for what was lost.
    """

    app: App
    raw_token: str
    ask_ids: frozenset[AskId] | None
    jkt: str | None = None
    platform: str | None = None
    details: Details | None = None
    wording: bytes = b""


@shielded
async def refresh(house: House, renewal: Renewal) -> bytes:
    """Exchange the refresh token.

    An app that proved itself, or the key that its token is bound to, and whose answer was lost gets the same answer
    again for the same request, as long as neither of its tokens was used; any other second use ends the family.

    Returns:
        The token answer, JSON.

    Raises:
        Refusal: `invalid_grant`; `invalid_target`, `invalid_scope`, `invalid_authorization_details` (more was asked
            than the family reaches): not spent.
        Unavailable: nothing was spent.
    """
    async with house.storage.unit() as unit:
        locked = await _lock(house, unit, renewal)
        token = await _find(unit, renewal, locked)
        if token.used_at is not None:
            kept = _kept_answer(house, renewal, token)
            if kept is not None:
                await get_holding(unit, locked)
                return kept
            await end_family(house, unit, locked, cause="refresh_replayed")
            await unit.commit()
            house.in_flight.cut_families([locked.family.id])
            await house.ledger.publish()
            raise Refusal("invalid_grant", "the refresh token was used before; its family is ended")
        holding = narrowed(await get_holding(unit, locked), renewal.ask_ids)
        holding = detailed(holding, renewal.details, is_rest_named=renewal.ask_ids is not None)
        check_target(holding, renewal.platform)
        terms = terms_of(renewal.app, locked.at, jkt=renewal.jkt, parent_hash=token.hashed_token)
        minted = mint(holding, terms, house.entropy)
        sealed = None
        if _is_authenticated(renewal, token):
            sealed = house.vault.seal_under(renewal.raw_token.encode(), minted.answer, place=_place(token, renewal))
        if not await families.use_refresh(unit.connection, token.hashed_token, sealed, locked.at):
            raise Refusal("invalid_grant", "the refresh token has expired")
        if token.parent_hash is not None:
            await families.destroy_answer(unit.connection, token.parent_hash)
        await families.add_tokens(unit.connection, minted.access, minted.refresh)
        await unit.commit()
    return minted.answer


async def _lock(house: House, unit: UnitOfWork, renewal: Renewal) -> Locked:
    """Lock the grant that the token is of, before anything about it is believed."""
    if renewal.app.state is not AppState.ACTIVE:
        raise Refusal("invalid_grant", "the app is suspended")
    token = await families.find_refresh(unit.connection, hashed(renewal.raw_token))
    if token is None:
        raise Refusal("invalid_grant", "the refresh token is not valid")
    return await lock_family(house, unit, token.family_id)


async def _find(unit: UnitOfWork, renewal: Renewal, locked: Locked) -> RefreshToken:
    token = await families.find_refresh(unit.connection, hashed(renewal.raw_token))
    if token is None or locked.family.app_id != renewal.app.id or locked.family.ended_at is not None:
        raise Refusal("invalid_grant", "the refresh token is not valid")
    if token.expires_at <= locked.at and token.used_at is None:  # a spent one is a replay, however late it comes
        raise Refusal("invalid_grant", "the refresh token has expired")
    if token.jkt is not None and token.jkt != renewal.jkt:
        raise Refusal("invalid_grant", "the refresh token is bound to a key that was not proven")
    return token


def _is_authenticated(renewal: Renewal, token: RefreshToken) -> bool:
    """Say whether the caller has proven to be the one that the token was given to: by the app's secret or a key."""
    return renewal.app.is_confidential or token.jkt is not None


def _kept_answer(house: House, renewal: Renewal, token: RefreshToken) -> bytes | None:
    if not _is_authenticated(renewal, token) or token.sealed_answer is None:
        return None
    try:
        return house.vault.open_under(renewal.raw_token.encode(), token.sealed_answer, place=_place(token, renewal))
    except Unsealable:
        return None


def _place(token: RefreshToken, renewal: Renewal) -> Place:
    """Return where the answer is sealed for: that token, the key that was proven with it, and the request's wording."""
    request = hashlib.sha256(b"%s\n%s" % ((renewal.jkt or "").encode(), renewal.wording)).hexdigest()
    return Place("refresh_tokens", f"{token.hashed_token.hex()}/{request}", "sealed_answer")
