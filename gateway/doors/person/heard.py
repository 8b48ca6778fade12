"""Did the app hear of it: how far the signed notice of a grant's latest change came (R33)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_grants import AppTold
from gateway.records.outbox import queue
from gateway.records.outbox.types import NoticeState
from gateway.terms.ids import GrantId

_STATES: Final[Mapping[NoticeState, Literal["heard", "waiting", "failed"]]] = MappingProxyType(
    {
        NoticeState.DELIVERED: "heard",
        NoticeState.WAITING: "waiting",
        NoticeState.SUPERSEDED: "heard",
        NoticeState.GIVEN_UP: "failed",
        NoticeState.GONE: "failed",
    }
)


async def find_told(door: PersonDoor, grant_id: GrantId) -> AppTold | None:
    """Find how far the newest notice about a grant came; None where its app was to hear of nothing."""
    async with door.house.storage.read() as connection:
        newest = await queue.find_newest(connection, grant_id)
    if newest is None:
        return None
    return AppTold(_STATES[newest.state], newest.settled_at or newest.created_at)
