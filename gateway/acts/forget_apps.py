"""Forget apps: those that registered themselves and that nobody ever saw on a screen are gone after a week."""

from datetime import timedelta

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.grants import store as grants
from gateway.records.requests import store as requests
from gateway.terms.ids import AppId

UNUSED_LASTS = timedelta(days=7)
MOST_APPS = 100


@shielded
async def forget_apps(house: House) -> int:
    """Forget at most `MOST_APPS` unused dynamic apps; return how many. No record: nobody decided anything."""
    used = [requests.seen_app_ids(), grants.decided_app_ids()]
    async with house.storage.unit() as unit:
        unused = await apps.list_unused(unit.connection, house.clock.now() - UNUSED_LASTS, used, most=MOST_APPS)
        forgotten = [app_id for app_id in unused if await unit.is_added(_forget(unit, app_id))]
        await unit.commit()
    return len(forgotten)


async def _forget(unit: UnitOfWork, app_id: AppId) -> None:
    """Remove all that hangs on the app; the database refuses where a screen of it was opened meanwhile."""
    await requests.remove_unseen(unit.connection, app_id)
    await statements.remove(unit.connection, app_id)
    await apps.remove(unit.connection, app_id)
