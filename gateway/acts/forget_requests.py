"""Forget requests that nobody decided. A decided one stays with its grant: it is what the person answered."""

from datetime import timedelta

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.requests import store as requests

UNSEEN_KEPT, SEEN_KEPT = timedelta(days=1), timedelta(days=30)
"""After they ran out. Anyone may open a request; its screen is seen only by who has signed in."""
MOST_REQUESTS = 1000


@shielded
async def forget_requests(house: House) -> int:
    """Forget at most `MOST_REQUESTS`; return how many."""
    now = house.clock.now()
    async with house.storage.unit() as unit:
        count = await requests.forget(
            unit.connection, unseen=now - UNSEEN_KEPT, seen=now - SEEN_KEPT, most=MOST_REQUESTS
        )
        await unit.commit()
    return count
