"""The two metadata documents (RFC 8414, RFC 9728), made from what there is: the routes and the tables of methods."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from gateway.authority.proofs import ALGORITHMS as PROOF_ALGORITHMS
from gateway.doors import Endpoint, Handler
from gateway.doors.oauth.asking import CHALLENGE_METHODS, RESPONSE_MODES, RESPONSE_TYPES
from gateway.doors.oauth.assertions import ALGORITHMS
from gateway.doors.oauth.client_metadata import METHODS
from gateway.doors.oauth.clients import CONFIDENTIAL_METHODS
from gateway.doors.oauth.details import TYPES as DETAILS_TYPES
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import render_json
from gateway.doors.oauth.token import GRANT_TYPES
from gateway.doors.oauth.wishes import PROMPTS
from gateway.records.apps.own_tokens import OwnScope
from gateway.records.people.types import PASSWORD_ACR

KEPT_SECONDS = 300
OPEN_TO_SCRIPTS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": f"public, max-age={KEPT_SECONDS}",
}
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": str(KEPT_SECONDS),
}
ENDPOINTS: dict[str, dict[str, Sequence[str]]] = {
    "/oauth/authorize": {
        "response_types_supported": RESPONSE_TYPES,
        "response_modes_supported": RESPONSE_MODES,
        "code_challenge_methods_supported": CHALLENGE_METHODS,
        "prompt_values_supported": PROMPTS,
        "acr_values_supported": (PASSWORD_ACR,),
        "authorization_details_types_supported": DETAILS_TYPES,
    },
    "/oauth/token": {
        "grant_types_supported": tuple(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": tuple(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "dpop_signing_alg_values_supported": PROOF_ALGORITHMS,
    },
    "/oauth/par": {},
    "/oauth/device_authorization": {},
    "/oauth/register": {},
    "/oauth/revoke": {
        "revocation_endpoint_auth_methods_supported": tuple(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
    },
    "/oauth/introspect": {
        "introspection_endpoint_auth_methods_supported": CONFIDENTIAL_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
    },
}
NAMES = {
    "/oauth/authorize": "authorization_endpoint",
    "/oauth/token": "token_endpoint",
    "/oauth/par": "pushed_authorization_request_endpoint",
    "/oauth/device_authorization": "device_authorization_endpoint",
    "/oauth/register": "registration_endpoint",
    "/oauth/revoke": "revocation_endpoint",
    "/oauth/introspect": "introspection_endpoint",
}


def describe_server(door: OAuthDoor, endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the authorization server's metadata (RFC 8414 section 2); what is empty is left out."""
    served = {endpoint.path for endpoint in endpoints}
    document: dict[str, Any] = {"issuer": door.issuer}
    for path, name in NAMES.items():
        if path in served:
            document |= {name: f"{door.issuer}{path}", **ENDPOINTS[path]}
    if door.dynamic.fetcher is not None:
        document["client_id_metadata_document_supported"] = True
    document |= {
        "scopes_supported": sorted([*OwnScope, *(scope for scopes in door.platforms.values() for scope in scopes)]),
        "authorization_response_iss_parameter_supported": True,
        "protected_resources": [*(door.resource(platform) for platform in sorted(door.platforms)), door.own_resource],
    }
    return _without_empty(document)


def describe_resource(door: OAuthDoor, platform: str) -> dict[str, Any]:
    """Return the metadata of one platform's API (RFC 9728 section 2)."""
    described = _describe(door, door.resource(platform), door.platforms[platform])
    return {**described, "authorization_details_types_supported": DETAILS_TYPES}


def describe_own_resource(door: OAuthDoor) -> dict[str, Any]:
    """Return the metadata of what apps manage their own affairs by."""
    return _describe(door, door.own_resource, tuple(OwnScope))


def _describe(door: OAuthDoor, resource: str, scopes: Sequence[str]) -> dict[str, Any]:
    return _without_empty(
        {
            "resource": resource,
            "authorization_servers": [door.issuer],
            "scopes_supported": sorted(scopes),
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": PROOF_ALGORITHMS,
        }
    )


def document(content: dict[str, Any]) -> Handler:
    """Return a handler that serves a document to every origin; it names nobody and holds no secret."""

    async def serve(_request: web.Request) -> web.Response:
        return render_json(content, headers=OPEN_TO_SCRIPTS)

    return serve


async def allow_scripts(_request: web.Request) -> web.Response:
    """Answer a preflight: a client in a browser may read the document with headers of its own."""
    return web.Response(status=204, headers=PREFLIGHT)


def _without_empty(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value not in ([], ())}
