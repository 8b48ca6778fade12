"""The last-seen mark of a session: the other of the two writers beside the acts."""

from datetime import datetime

from gateway.ground.storage.storage import Storage
from gateway.records.people import store as people
from gateway.records.people.types import Session


async def touch(storage: Storage, session: Session, now: datetime) -> None:
    """Move the mark, at most once a minute."""
    if not people.is_due_for_seen(session, now):
        return
    async with storage.unit() as unit:
        await people.mark_seen(unit.connection, session.hashed_token, now)
        await unit.commit()
