"""The one look-up that each refresh makes before it is an act: whose pace it counts towards."""

from sqlalchemy import LargeBinary, bindparam, select

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.records.families.tables import refresh_tokens
from gateway.terms.ids import FamilyId

_FAMILY = Prepared(
    select(refresh_tokens.c.family_id).where(
        refresh_tokens.c.hashed_token == bindparam("hashed_token", type_=LargeBinary())
    )
)


async def find_family_id(storage: Storage, hashed_token: bytes) -> FamilyId | None:
    """Find the family of a refresh token, spent or not; None if none like it was ever issued.

    Raises:
        Unavailable: no answer.
    """
    rows = await storage.point(_FAMILY, hashed_token=hashed_token)
    return FamilyId(rows[0][0]) if rows else None
