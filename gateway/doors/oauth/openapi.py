"""The OAuth door's part of `/openapi.json`: an operation for each endpoint, its refusals from the door's own table."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.doors import Endpoint
from gateway.doors.oauth.answers import (
    DeviceAnswer,
    Introspected,
    OAuthError,
    PushedAnswer,
    RegistrationAnswer,
    ResourceMetadata,
    ServerMetadata,
    TokenAnswer,
)
from gateway.doors.oauth.authorize import PAGE_STATUS
from gateway.doors.oauth.client_metadata import ClientMetadata
from gateway.doors.oauth.errors import ERRORS, WireError
from gateway.doors.oauth.forms import AboutToken, AuthorizeQuery, DeviceForm, PushedForm, TokenForm
from gateway.ground.web.openapi import JSON, Answer, Operation

BY_SECRET = "client_secret_basic"
BY_HEADER_OR_BODY: tuple[Mapping[str, list[str]], ...] = ({BY_SECRET: []}, {})
"""What stands in the body cannot be said here: the empty one is authentication by it."""
SCHEMES = {BY_SECRET: {"type": "http", "scheme": "basic", "description": "client_id and secret, form-encoded"}}
WRONG_METHOD = 405
_KEPT = ("Cache-Control",)
_FURTHER = {400: ("DPoP-Nonce",), 401: ("WWW-Authenticate",)}
_SURE = {429: ("Retry-After",), 503: ("Retry-After",)}


def operations(endpoints: Iterable[Endpoint]) -> list[tuple[str, str, Operation]]:
    """Return a row for each endpoint. One that nobody described is a bug and raises KeyError."""
    return [(each.method, each.path, OPERATIONS[each.path]) for each in endpoints if each.method in {"GET", "POST"}]


def _posted(operation: Operation) -> Operation:
    """Return the operation with what every endpoint for apps may refuse."""
    rows = [*ERRORS.values(), WireError("temporarily_unavailable", 503)]
    refused = {
        status: Answer(
            ", ".join(sorted({row.error for row in rows if row.status == status})),
            OAuthError,
            headers=(*_KEPT, *_SURE.get(status, ())),
            sometimes=_FURTHER.get(status, ()),
        )
        for status in sorted({row.status for row in rows} - {WRONG_METHOD})
    }
    return replace(operation, answers={**operation.answers, **refused})


def _page(status: int) -> Answer:
    reasons = ", ".join(sorted(reason for reason, told in PAGE_STATUS.items() if told == status))
    return Answer(
        f"A page: {reasons or 'nothing can be answered now'}", media="text/html", headers=_SURE.get(status, ())
    )


_PAGES = {status: _page(status) for status in sorted({*PAGE_STATUS.values(), 503} - {WRONG_METHOD})}
_RESOURCE = Operation("What protects this resource (RFC 9728)", {200: Answer("The document", ResourceMetadata)})
OPERATIONS: Mapping[str, Operation] = {
    "/oauth/authorize": Operation(
        "Send a person here to decide (OAuth 2.1 section 4.1.1)",
        {303: Answer("To the screen, or back with an error", media="", headers=("Location",)), **_PAGES},
        query=AuthorizeQuery,
    ),
    "/oauth/token": _posted(
        Operation(
            "Exchange a code, a refresh token, a device's code or what the app is for tokens (OAuth 2.1 section 3.2)",
            {200: Answer("Tokens", TokenAnswer, headers=_KEPT)},
            body=TokenForm,
            security=BY_HEADER_OR_BODY,
        )
    ),
    "/oauth/par": _posted(
        Operation(
            "Hand an authorization request in (RFC 9126)",
            {201: Answer("Its name", PushedAnswer, headers=_KEPT)},
            body=PushedForm,
            security=BY_HEADER_OR_BODY,
        )
    ),
    "/oauth/device_authorization": _posted(
        Operation(
            "Ask from a device without a browser (RFC 8628)",
            {200: Answer("The codes", DeviceAnswer, headers=_KEPT)},
            body=DeviceForm,
            security=BY_HEADER_OR_BODY,
        )
    ),
    "/oauth/revoke": _posted(
        Operation(
            "Give a token back (RFC 7009)",
            {200: Answer("It is dead, or never was the caller's", media="", headers=_KEPT)},
            body=AboutToken,
            security=BY_HEADER_OR_BODY,
        )
    ),
    "/oauth/introspect": _posted(
        Operation(
            "Ask what an own token opens now (RFC 7662)",
            {200: Answer("What it opens, or that it opens nothing", Introspected, headers=_KEPT)},
            body=AboutToken,
            security=BY_HEADER_OR_BODY,
        )
    ),
    "/oauth/register": _posted(
        Operation(
            "Register an app (RFC 7591)",
            {201: Answer("What was registered", RegistrationAnswer, headers=_KEPT)},
            body=ClientMetadata,
            body_media=JSON,
        )
    ),
    "/.well-known/oauth-authorization-server": Operation(
        "What this server can do (RFC 8414)", {200: Answer("The document", ServerMetadata)}
    ),
    "/.well-known/oauth-protected-resource/v1": _RESOURCE,
}
