"""The table of the person's door: method, path, who may."""

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from gateway.doors import Endpoint
from gateway.doors.person import (
    asked,
    at_provider,
    connections,
    consent,
    credentials,
    device,
    families_page,
    first,
    grant_page,
    notices,
    permissions,
    receipts,
    sign_in,
    trace,
    verify,
    ways,
    well_known,
)
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.oidc_logout import log_out
from gateway.doors.person.own_pages import OWNERS_OF_DATA
from gateway.ground.identity.provider import Provider
from gateway.records.people.types import Role

PersonHandler = Callable[[PersonDoor, web.Request], Awaitable[web.StreamResponse]]
ANYONE_SIGNED_IN = frozenset(Role)

PUBLIC: tuple[tuple[str, str, PersonHandler], ...] = (
    ("GET", "/", first.show_first),
    ("GET", asked.PATH, asked.show_asked),
    ("GET", "/sign-in", sign_in.show_sign_in),
    ("POST", "/sign-in", sign_in.sign_in),
    ("GET", "/receipts/verify", verify.show_verify),
    ("POST", "/receipts/verify", verify.verify),
    ("GET", "/.well-known/security.txt", well_known.show_security),
    ("GET", "/.well-known/change-password", well_known.lead_to_change_password),
    ("GET", well_known.CHANGE_PASSWORD, well_known.show_change_password),
)
SIGNED_IN: tuple[tuple[str, str, PersonHandler], ...] = (
    ("POST", "/sign-out", sign_in.sign_out),
    ("POST", asked.PATH, asked.answer_asked),
    ("GET", "/consent/{request}", consent.show_consent),
    ("POST", "/consent/{request}", consent.answer_consent),
    ("GET", "/device", device.show_device),
    ("POST", "/device", device.answer_device),
    ("GET", "/device/done/{request}", device.show_done),
    ("GET", "/permissions", permissions.show_permissions),
    ("POST", "/permissions", permissions.act_on_permissions),
    ("GET", "/permissions/trace", trace.show_trace),
    ("GET", "/permissions/receipts", receipts.show_receipts),
    ("GET", "/permissions/receipts/{code}", receipts.show_receipt),
    ("GET", "/permissions/notices/{sha256}", notices.show_notice),
    ("GET", "/permissions/{grant}/credentials", credentials.show_credentials),
    ("POST", "/permissions/{grant}/credentials", credentials.act_on_credentials),
    ("GET", "/permissions/{grant}/families", families_page.show_families),
    ("POST", "/permissions/{grant}/families", families_page.act_on_families),
    ("GET", "/permissions/{grant}", grant_page.show_grant),
    ("POST", "/permissions/{grant}", grant_page.act_on_grant),
)
# Only where there is a provider; each has its own way out and back.
PROVIDER_PUBLIC: tuple[tuple[str, str, PersonHandler], ...] = (
    ("GET", "/sign-in/failed", at_provider.show_failed),
    ("GET", "/signed-out", at_provider.show_signed_out),
)
PROVIDER_SIGNED_IN: tuple[tuple[str, str, PersonHandler], ...] = (
    ("GET", "/sign-in/ways", ways.show_ways),
    ("POST", "/sign-in/ways", ways.change_ways),
)
LINKING: tuple[tuple[str, str, PersonHandler], ...] = (
    ("GET", "/connections", connections.show_connections),
    ("POST", "/connections", connections.link),
)
# What a platform makes of the address is the handler's to judge.
RETURNING: tuple[tuple[str, str, PersonHandler], ...] = (
    ("GET", "/connections/{platform}/callback", connections.finish),
)


def endpoints(door: PersonDoor) -> list[Endpoint]:
    """Return the table, each handler bound to the door, and the stylesheet beside it.

    The consent screen admits staff as far as a page that says why they may not decide.
    """
    public, signed_in = (PUBLIC, SIGNED_IN)
    table: list[Endpoint] = []
    if door.providers:
        public, signed_in = (*PUBLIC, *PROVIDER_PUBLIC), (*SIGNED_IN, *PROVIDER_SIGNED_IN)
    for provider in door.providers:
        path, client = f"/sign-in/{provider.slug}", provider.client
        public += (("POST", path, partial(at_provider.start, provider)),)
        public += (("GET", f"{path}/callback", partial(at_provider.finish, provider)),)
        if isinstance(client, Provider):
            check = partial(log_out, client, door)
            table.append(Endpoint("POST", f"{path}/logout", check, own_check="logout token"))
    table += [
        Endpoint(method, path, partial(handle, door), public=True, notes=_notes(path))
        for method, path, handle in public
    ]
    for rows, roles, is_ours in (
        (signed_in, ANYONE_SIGNED_IN, True),
        (LINKING, OWNERS_OF_DATA, True),
        (RETURNING, OWNERS_OF_DATA, False),
    ):
        table += [
            Endpoint(method, path, partial(handle, door), roles=roles, is_ours=is_ours, notes=_notes(path))
            for method, path, handle in rows
        ]
    return table + [Endpoint(route.method, route.path, route.handler, public=True) for route in door.assets.routes()]


def _notes(path: str) -> bool:
    """Say whether a GET there leaves something: that the screen was shown, or a code of a return that is spent."""
    return path == "/consent/{request}" or path.endswith("/callback")
