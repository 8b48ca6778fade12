"""Ask more: a dynamic app wants scopes that it did not name before; each becomes an ask of its own."""

from collections.abc import Sequence

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.apps import store as apps
from gateway.records.apps.types import Ask
from gateway.terms.ids import AppId


@shielded
async def ask_more(house: House, app_id: AppId, asks: Sequence[Ask]) -> None:
    """Add asks behind those that there are; one that somebody else added meanwhile is there already."""
    async with house.storage.unit() as unit:
        position = len(await apps.list_ask_ids(unit.connection, app_id))
        for place, ask in enumerate(asks, position):
            await unit.is_added(apps.add_ask(unit.connection, ask, place))
        await unit.commit()
