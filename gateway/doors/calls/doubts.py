"""Doubts about a connection: one call was refused, and whether all would be is asked, or waited for.

A platform may open some calls to an account and not others, so one such refusal ends nothing (ADR 0042); and it may
refuse a credential that it gave a moment ago, which another credential does not mend (ADR 0049).
"""

from collections import OrderedDict
from collections.abc import Hashable

from gateway.acts import House
from gateway.acts.renew import check_connection
from gateway.platforms import Connector
from gateway.records.accounts.types import Connection
from gateway.terms.refusal import Refusal

EVERY_SECONDS = 60.0
MOST = 1000


class Doubts:
    """Asks the platform about a connection, and for another credential, at most once a minute for each."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Hashable, float] = OrderedDict()
        self._refused: OrderedDict[Hashable, float] = OrderedDict()

    async def check(self, house: House, connector: Connector, link: Connection) -> None:
        """Check a connection, unless that was done a moment ago; what the platform ended is noted as lost."""
        if not _is_recent(self._asked, link.id, house):
            _note(self._asked, link.id, house)
            await check_connection(house, connector, link)

    def note_refused(self, house: House, link: Connection) -> Refusal:
        """Note that a fresh credential was refused; return what the app is told, as long as no other is asked for."""
        _note(self._refused, (link.id, link.generation), house)
        return _refused_anyway()

    def check_renewable(self, house: House, link: Connection) -> None:
        """See that the credential which was refused is not one that was fresh a moment ago.

        Raises:
            Refusal: `connection_lost`, of this call alone.
        """
        if _is_recent(self._refused, (link.id, link.generation), house):
            raise _refused_anyway()


def _refused_anyway() -> Refusal:
    return Refusal("connection_lost", "the platform refuses a credential that it gave a moment ago")


def _is_recent(noted: OrderedDict[Hashable, float], about: Hashable, house: House) -> bool:
    at = noted.get(about)
    return at is not None and house.clock.boottime() - at < EVERY_SECONDS


def _note(noted: OrderedDict[Hashable, float], about: Hashable, house: House) -> None:
    noted[about] = house.clock.boottime()
    noted.move_to_end(about)
    if len(noted) > MOST:
        noted.popitem(last=False)
