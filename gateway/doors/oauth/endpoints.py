"""The door's tables of endpoints: one for the origin of people and OAuth, one for the API's."""

from gateway.doors import Endpoint
from gateway.doors.oauth.authorize import authorize, refuse_method
from gateway.doors.oauth.device import answer_device
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import DoorHandler, answered, only
from gateway.doors.oauth.introspect import answer_introspection
from gateway.doors.oauth.metadata import (
    allow_scripts,
    describe_own_resource,
    describe_resource,
    describe_server,
    document,
)
from gateway.doors.oauth.pushed import answer_par
from gateway.doors.oauth.registration import answer_registration
from gateway.doors.oauth.revoke import answer_revocation
from gateway.doors.oauth.token import answer_token

BY_CLIENT = "client authentication; a public app names itself, and its code, verifier or token proves the rest"
BY_PROOF = "client authentication by a secret or a key"
BY_NOBODY = "anyone may register, within limits; what comes of it is unreviewed"
ANY = "*"


def endpoints(door: OAuthDoor) -> list[Endpoint]:
    """Return what the OAuth door serves on the public origin."""
    served = [
        Endpoint("GET", "/oauth/authorize", answered(authorize, door), public=True, notes=True),
        Endpoint(ANY, "/oauth/authorize", answered(refuse_method, door), public=True),
        *_posted(door, "/oauth/token", answer_token, own_check=BY_CLIENT),
        *_posted(door, "/oauth/par", answer_par, own_check=BY_CLIENT),
        *_posted(door, "/oauth/device_authorization", answer_device, own_check=BY_CLIENT),
        *_posted(door, "/oauth/revoke", answer_revocation, own_check=BY_CLIENT),
        *_posted(door, "/oauth/introspect", answer_introspection, own_check=BY_PROOF),
    ]
    if door.dynamic.may_register:
        served += _posted(door, "/oauth/register", answer_registration, own_check=BY_NOBODY)
    metadata = describe_server(door, served)
    return [
        *served,
        *documents(door, "/.well-known/oauth-authorization-server", metadata),
        *documents(door, "/.well-known/oauth-protected-resource/v1", describe_own_resource(door)),
    ]


def api_endpoints(door: OAuthDoor) -> list[Endpoint]:
    """Return what the OAuth door serves on the API origin: for each platform, who protects it."""
    return [
        endpoint
        for platform in sorted(door.platforms)
        for endpoint in documents(
            door, f"/.well-known/oauth-protected-resource/{platform}", describe_resource(door, platform)
        )
    ]


def _posted(door: OAuthDoor, path: str, handle: DoorHandler, *, own_check: str) -> list[Endpoint]:
    return [
        Endpoint("POST", path, answered(handle, door), own_check=own_check),
        Endpoint(ANY, path, answered(only("POST"), door), public=True),
    ]


def documents(door: OAuthDoor, path: str, content: dict[str, object]) -> list[Endpoint]:
    """Return the rows of a document that every origin may read."""
    serve = document(content)
    return [
        Endpoint("GET", path, serve, public=True),
        Endpoint("HEAD", path, serve, public=True),
        Endpoint("OPTIONS", path, allow_scripts, public=True),
        Endpoint(ANY, path, answered(only("GET"), door), public=True),
    ]
