"""The first page: the doors by role."""

from aiohttp import web

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_access import FirstView


async def show_first(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /`."""
    await door.recognise(request)
    return door.show(request, FirstView())
