"""The code that a decision puts into the app's redirect (RFC 6749, section 4.1.2)."""

from datetime import datetime

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork
from gateway.ground.vault.tokens import CODE, hashed, new_token
from gateway.records.families import store as families
from gateway.records.families.types import CODE_LASTS, Code
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import FamilyId


async def add_code(
    house: House, unit: UnitOfWork, request: AuthorizationRequest, *, family_id: FamilyId, now: datetime
) -> str:
    """Keep a code for the family that was opened by deciding `request`; return it, once.

    Raises:
        AssertionError: the request is not one of authorize.
    """
    if request.redirect_uri is None or request.code_challenge is None:
        raise AssertionError("an authorize request has a redirect URI and a challenge")
    raw_code = new_token(CODE, house.entropy)
    code = Code(
        hashed_code=hashed(raw_code),
        family_id=family_id,
        request_id=request.id,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        expires_at=now + CODE_LASTS,
        redeemed_at=None,
        wrong_verifiers=0,
        jkt=request.jkt,
    )
    await families.add_code(unit.connection, code)
    return raw_code
