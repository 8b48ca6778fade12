"""The table of the developers' console: method, path, who may."""

from functools import partial

from gateway.doors import Endpoint
from gateway.doors.consoles.developers import apps, notices
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.records.people.types import Role

DEVELOPERS = frozenset({Role.DEVELOPER})


def endpoints(door: DevelopersDoor) -> list[Endpoint]:
    """Return the table, each handler bound to the door."""
    return [
        Endpoint("GET", "/developers", partial(apps.show_apps, door), roles=DEVELOPERS),
        Endpoint("GET", "/developers/{client_id}", partial(apps.show_app, door), roles=DEVELOPERS),
        Endpoint("GET", "/developers/{client_id}/notices", partial(notices.show_notices, door), roles=DEVELOPERS),
        Endpoint("POST", "/developers/{client_id}/notices", partial(notices.act_on_notices, door), roles=DEVELOPERS),
    ]
