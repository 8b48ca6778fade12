"""Redeem: a code for tokens, once. A second valid use ends the family, which stays although the caller is refused."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from gateway.acts import House
from gateway.acts.family import end_family, get_holding, lock_family, terms_of
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App, AppState
from gateway.records.families import store as families
from gateway.records.families.minting import check_target, detailed, mint
from gateway.records.families.types import VERIFIER_TRIES, Code, Family
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details


@dataclass(frozen=True, slots=True)
class Redemption:
    """What the token endpoint received, with the app already authenticated (or public); `jkt` is the key it proved.

    `platform` is the one that it named as the target of its tokens, if any; `details` are what it wants of what it has.
    """

    app: App
    raw_code: str
    raw_verifier: str
    redirect_uri: str | None
    jkt: str | None = None
    platform: str | None = None
    details: Details | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    code: Code
    family: Family


@shielded
async def redeem(house: House, redemption: Redemption) -> bytes:
    """Exchange the code. The verifier is checked before anything is spent (RFC 7636): nobody without it spends it.

    Returns:
        The token answer, JSON.

    Raises:
        Refusal: `invalid_target`, `invalid_authorization_details` (nothing was spent); `invalid_grant`: a wrong
            verifier is counted, the fifth kills the code; a replay has ended the family.
        Unavailable: nothing was spent.
    """
    async with house.storage.unit() as unit:
        found = await _find(unit, redemption, house.clock.now())
        if not _is_verified(redemption.raw_verifier, found.code.code_challenge):
            await families.count_wrong_verifier(unit.connection, found.code.hashed_code)
            await unit.commit()
            raise Refusal("invalid_grant", "the code verifier does not match")
        locked = await lock_family(house, unit, found.family.id)
        found = await _find(unit, redemption, locked.at)
        if not await families.redeem_code(unit.connection, found.code.hashed_code, locked.at):
            await end_family(house, unit, locked, cause="code_replayed")
            await unit.commit()
            house.in_flight.cut_families([found.family.id])
            await house.ledger.publish()
            raise Refusal("invalid_grant", "the code was used before; its tokens are ended")
        holding = detailed(await get_holding(unit, locked), redemption.details)
        check_target(holding, redemption.platform)
        minted = mint(holding, terms_of(redemption.app, locked.at, jkt=redemption.jkt), house.entropy)
        await families.add_tokens(unit.connection, minted.access, minted.refresh)
        await unit.commit()
    return minted.answer


async def _find(unit: UnitOfWork, redemption: Redemption, now: datetime) -> _Found:
    if redemption.app.state is not AppState.ACTIVE:
        raise Refusal("invalid_grant", "the app is suspended")
    code = await families.find_code(unit.connection, hashed(redemption.raw_code))
    family = await families.find(unit.connection, code.family_id) if code else None
    if code is None or family is None or family.app_id != redemption.app.id:
        raise Refusal("invalid_grant", "the code is unknown")
    if code.redeemed_at is None:  # a spent code goes on to the replay: whoever spent it must not be able to hide that
        _check_usable(code, now)
    if redemption.redirect_uri is not None and redemption.redirect_uri != code.redirect_uri:
        raise Refusal("invalid_grant", "the redirect_uri is not that of the request")
    if code.jkt is not None and code.jkt != redemption.jkt:
        raise Refusal("invalid_grant", "the code is bound to a key that was not proven")
    return _Found(code, family)


def _check_usable(code: Code, now: datetime) -> None:
    if code.expires_at <= now:
        raise Refusal("invalid_grant", "the code has expired")
    if code.wrong_verifiers >= VERIFIER_TRIES:
        raise Refusal("invalid_grant", "the code is dead after too many wrong verifiers")


def _is_verified(raw_verifier: str, challenge: str) -> bool:
    return hmac.compare_digest(create_s256_code_challenge(raw_verifier), challenge)
