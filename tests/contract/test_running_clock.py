"""A clock that runs: no act may compare two readings of it as if they were one."""

from datetime import datetime, timedelta
from pathlib import Path

from gateway.acts.decide import decide
from gateway.acts.expire import expire
from gateway.acts.pause import pause, resume
from gateway.acts.shorten import shorten
from gateway.acts.withdraw import withdraw
from tests.contract.asking import WHOLE, answer_of, answered, shown
from tests.contract.steps import NAME, PROFILE, agreed, get_grant, list_records, owner, refreshed, verified
from tests.house import house_in, set_scene
from tests.stand_ins.clock import ManualClock


class RunningClock(ManualClock):
    """Moves a little with each look at it."""

    def now(self) -> datetime:
        """Return the time, which no second reader gets again."""
        return self.advance(timedelta(microseconds=7))


async def test_a_history_verifies_although_time_passes_within_each_act(database_url: str, tmp_path: Path) -> None:
    """First decisions, refusals with and without an account, changes, an end: the fold of the log is the grant."""
    clock = RunningClock()
    url = None if database_url.startswith("sqlite") else database_url
    async with house_in(tmp_path, clock, database_url=url) as house:
        scene = await set_scene(house, clock)
        refused = await shown(scene, NAME)
        await decide(house, refused.id, answer_of(scene, account_id=None))
        given = await agreed(scene, PROFILE, NAME)
        await refreshed(scene, given.refresh_token)
        await answered(scene, await shown(scene, wishes=WHOLE), PROFILE)
        await answered(scene, await shown(scene, wishes=WHOLE))
        for act in (pause, resume):
            await act(house, given.grant_id, owner(scene))
        await shorten(house, given.grant_id, owner(scene), lasts=timedelta(seconds=1))
        clock.advance(2)
        assert await expire(house) == 1
        await agreed(scene)
        await withdraw(house, given.grant_id, owner(scene))
        records = await list_records(house, grant_ids=[given.grant_id])
        assert (await verified(house)).bad == []
        assert (await get_grant(house, given.grant_id)).created_at == records[-1].at
        assert [record.at for record in records] == sorted((record.at for record in records), reverse=True)
