"""The table of the developers' console: method, path, who may."""

from functools import partial

from gateway.doors import Endpoint
from gateway.doors.consoles.developers import apps, notices
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.records.people.types import Role

DEVELOPERS = frozenset({Role.DEVELOPER})
ROWS = (
    ("GET", "/developers", apps.show_apps),
    ("GET", "/developers/{client_id}", apps.show_app),
    ("GET", "/developers/{client_id}/notices", notices.show_notices),
    ("POST", "/developers/{client_id}/notices", notices.act_on_notices),
)


def endpoints(door: DevelopersDoor) -> list[Endpoint]:
    """Return the table, each handler bound to the door."""
    return [
        Endpoint(method, path, partial(handle, door), roles=DEVELOPERS, is_ours=True) for method, path, handle in ROWS
    ]
