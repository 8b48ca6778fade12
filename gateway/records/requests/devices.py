"""Questions and changes on the codes of devices. What must happen once is one conditional update (RFC 8628)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.requests.tables import device_codes
from gateway.records.requests.types import POLL_SECONDS, DeviceCode
from gateway.terms.ids import FamilyId, RequestId


async def add(connection: AsyncConnection, device: DeviceCode) -> None:
    """Add a device's code; the user code must be free."""
    await connection.execute(
        insert(device_codes).values(**{name: getattr(device, name) for name in DeviceCode.__slots__})
    )


async def find(connection: AsyncConnection, hashed_code: bytes) -> DeviceCode | None:
    """Find a device's code, spent or not."""
    return await _find(connection, device_codes.c.hashed_code == hashed_code)


async def find_by_user_code(connection: AsyncConnection, hashed_codes: Collection[bytes]) -> DeviceCode | None:
    """Find it by the code that its user types, hashed under each key that may have been used."""
    return await _find(connection, device_codes.c.hashed_user_code.in_(hashed_codes))


async def find_of_request(connection: AsyncConnection, request_id: RequestId) -> DeviceCode | None:
    """Find it by the request that it waits for."""
    return await _find(connection, device_codes.c.request_id == request_id)


async def find_request_id(connection: AsyncConnection, hashed_code: bytes) -> RequestId | None:
    """Find the request that a device waits for: to be read before its code is, so that the code is never older."""
    query = select(device_codes.c.request_id).where(device_codes.c.hashed_code == hashed_code)
    return (await connection.execute(query)).scalar_one_or_none()


async def note_poll(connection: AsyncConnection, device: DeviceCode, now: datetime) -> bool:
    """Note that the device asked in time; False if it asked beside that, from somewhere else."""
    as_read = device_codes.c.polled_at.is_not_distinct_from(device.polled_at)
    known = device_codes.c.hashed_code == device.hashed_code, as_read
    return (await connection.execute(update(device_codes).where(*known).values(polled_at=now))).rowcount == 1


async def slow_down(connection: AsyncConnection, hashed_code: bytes, now: datetime) -> None:
    """Note that the device asked too soon: it waits longer from now on, for good."""
    longer = device_codes.c.interval_seconds + POLL_SECONDS
    known = device_codes.c.hashed_code == hashed_code
    await connection.execute(update(device_codes).where(known).values(polled_at=now, interval_seconds=longer))


async def give(connection: AsyncConnection, request_id: RequestId, family_id: FamilyId) -> None:
    """Note what the device may have tokens for."""
    known = device_codes.c.request_id == request_id
    await connection.execute(update(device_codes).where(known).values(family_id=family_id))


async def redeem(connection: AsyncConnection, hashed_code: bytes, now: datetime) -> bool:
    """Spend a code: True for exactly one caller, ever."""
    usable = device_codes.c.hashed_code == hashed_code, device_codes.c.redeemed_at.is_(None)
    return (await connection.execute(update(device_codes).where(*usable).values(redeemed_at=now))).rowcount == 1


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Forget codes that ran out before then; return how many."""
    return (await connection.execute(delete(device_codes).where(device_codes.c.expires_at < before))).rowcount


async def _find(connection: AsyncConnection, chosen: ColumnElement[bool]) -> DeviceCode | None:
    row = (await connection.execute(select(device_codes).where(chosen))).mappings().first()
    return DeviceCode(**row) if row else None
