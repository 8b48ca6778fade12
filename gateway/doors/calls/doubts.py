"""Doubts about a connection: one call was refused for want of a permission, and whether all would be is asked.

A platform may open some calls to an account and not others, so one such refusal ends nothing (ADR 0042).
"""

from collections import OrderedDict

from gateway.acts import House
from gateway.acts.renew import check_connection
from gateway.platforms import Connector
from gateway.records.accounts.types import Connection

EVERY_SECONDS = 60.0
MOST = 1000


class Doubts:
    """Asks the platform about a connection that a call made doubtful, at most once a minute for each."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, float] = OrderedDict()

    async def check(self, house: House, connector: Connector, link: Connection) -> None:
        """Check a connection, unless that was done a moment ago; what the platform ended is noted as lost."""
        now = house.clock.boottime()
        asked = self._asked.get(link.id)
        if asked is not None and now - asked < EVERY_SECONDS:
            return
        self._asked[link.id] = now
        self._asked.move_to_end(link.id)
        if len(self._asked) > MOST:
            self._asked.popitem(last=False)
        await check_connection(house, connector, link)
