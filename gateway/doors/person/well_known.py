"""What programs look for at fixed addresses: whom to tell of a hole, where a password is changed."""

from datetime import timedelta

from aiohttp import web

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_access import ChangePasswordView
from gateway.ground.web.responses import page_headers
from gateway.terms.refusal import Refusal

CHANGE_PASSWORD = "/change-password"
VALID_FOR = timedelta(days=90)


async def show_security(door: PersonDoor, _request: web.Request) -> web.Response:
    """`GET /.well-known/security.txt` (RFC 9116): the operator's contact, as the settings name it.

    Raises:
        Refusal: `not_found`: the settings name no address.
    """
    contact = door.site.protection
    if contact is None or not contact.email:
        raise Refusal("not_found")
    expires = (door.now() + VALID_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (
        f"Contact: mailto:{contact.email}",
        f"Expires: {expires}",
        "Preferred-Languages: vi, en",
        f"Canonical: {door.public_url}/.well-known/security.txt",
    )
    headers = page_headers(is_https=door.is_https)
    return web.Response(text="\n".join(lines) + "\n", content_type="text/plain", charset="utf-8", headers=headers)


async def lead_to_change_password(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /.well-known/change-password`: password managers come here."""
    return door.go(request, CHANGE_PASSWORD)


async def show_change_password(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /change-password`: who changes a password, which is the operator."""
    await door.recognise(request)
    return door.show(request, ChangePasswordView())
