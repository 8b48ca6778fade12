"""What every handler of the developers' console works with."""

from dataclasses import dataclass

from gateway.acts import House
from gateway.doors import Clerk
from scopes import Catalogue


@dataclass(frozen=True, slots=True)
class DevelopersDoor:
    """The parts behind the developers' console; `gateway/server/doors.py` puts them together."""

    house: House
    clerk: Clerk
    catalogue: Catalogue
