"""What the people's pages show of what goes on about the reader under a contract."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.doors.person.views_stops import Stop
from gateway.ground.web.app_labels import AppLabel


@dataclass(frozen=True, slots=True)
class ContractCard:
    """An app that works under a contract for a shop that the reader follows.

    Args:
        path: where the reader objects, and takes it back.
        asks, objected: how many asks it does so, and how many of these the reader objects to.
        grant_id: what the reader decided about it, or "".
        stops: why nothing passes all the same.
    """

    app_id: str
    app_name: str
    shop: str
    path: str
    asks: int
    objected: int = 0
    grant_id: str = ""
    label: AppLabel | None = None
    stops: Sequence[Stop] = ()

    @property
    def goes_on(self) -> bool:
        """Whether anything of it passes."""
        return self.objected < self.asks
