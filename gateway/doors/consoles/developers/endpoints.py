"""The table of the developers' console: method, path, who may."""

from functools import partial

from gateway.doors import Endpoint
from gateway.doors.consoles.developers import apps
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.records.people.types import Role

DEVELOPERS = frozenset({Role.DEVELOPER})


def endpoints(door: DevelopersDoor) -> list[Endpoint]:
    """Return the table, each handler bound to the door."""
    return [
        Endpoint("GET", "/developers", partial(apps.show_apps, door), roles=DEVELOPERS),
        Endpoint("GET", "/developers/{client_id}", partial(apps.show_app, door), roles=DEVELOPERS),
    ]
