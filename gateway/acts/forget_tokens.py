"""Forget tokens of which nobody needs to know any more; what shows a replay stays as long as its family lives (I3)."""

from datetime import timedelta

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.families import forgetting

KEPT = timedelta(days=7)
"""After their own time, or their family's: until then an app that uses one is told and traced by name."""
MOST_TOKENS = 1000


@shielded
async def forget_tokens(house: House) -> int:
    """Forget at most `MOST_TOKENS` of each kind; return how many of the more numerous."""
    before = house.clock.now() - KEPT
    async with house.storage.read() as connection:
        ended = await forgetting.list_ended_refresh(connection, before, MOST_TOKENS)
    async with house.storage.unit() as unit:
        over = await forgetting.forget_access(unit.connection, before, MOST_TOKENS)
        await forgetting.remove_refresh(unit.connection, ended)
        await unit.commit()
    return max(over, len(ended))
