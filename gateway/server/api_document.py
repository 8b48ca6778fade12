"""`/openapi.json`: one document of what apps do by machine on the public origin, made from the doors' own tables."""

from typing import Any

from gateway.doors import Endpoint
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.openapi import operations as management_operations
from gateway.doors.management.openapi import schemes as management_schemes
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.endpoints import documents, endpoints
from gateway.doors.oauth.openapi import SCHEMES, operations
from gateway.ground.web.openapi import Surface, assemble

PATH, VERSION = "/openapi.json", "1"


def describe_surface(oauth: OAuthDoor, management: ManagementDoor) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the OAuth endpoints that are served, and of an app's own affairs."""
    rows = [*operations(endpoints(oauth)), *management_operations()]
    surface = Surface("Quyen", VERSION, oauth.issuer, rows, {**SCHEMES, **management_schemes(management)})
    return assemble(surface)


def document_endpoints(oauth: OAuthDoor, management: ManagementDoor) -> list[Endpoint]:
    """Return the rows that serve the document."""
    return documents(oauth, PATH, describe_surface(oauth, management))
