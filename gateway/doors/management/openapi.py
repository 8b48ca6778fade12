"""This door's part of `/openapi.json`: each row of the table, with the scope that opens it and what it may refuse."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.doors.management.answers import (
    AskCounts,
    GrantPage,
    NoticeEndpoint,
    NoticePage,
    PageQuery,
    Problem,
    Replayed,
)
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.endpoints import TABLE
from gateway.doors.management.notices import EndpointWanted
from gateway.doors.management.problems import PROBLEMS
from gateway.ground.web.openapi import JSON, Answer, Operation
from gateway.records.apps.own_tokens import OwnScope

OWN = "own_token"
ALWAYS = (400, 401, 403, 429, 503)
"""What every row may refuse: admission and the limit stand before it, the database behind it."""
_KEPT = ("Cache-Control",)
_SURE = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_FURTHER = {401: ("DPoP-Nonce",), 403: ("WWW-Authenticate",)}


def schemes(door: ManagementDoor) -> dict[str, Any]:
    """Return how a caller proves itself."""
    flow = {"tokenUrl": f"{door.public_url}/oauth/token", "scopes": {scope.value: "" for scope in sorted(OwnScope)}}
    return {OWN: {"type": "oauth2", "flows": {"clientCredentials": flow}}}


def operations() -> list[tuple[str, str, Operation]]:
    """Return a row for each of the table's. One that nobody described is a bug and raises KeyError."""
    return [
        (method, path, _guarded(_SERVED[method, path], scope, _REFUSED.get((method, path), ())))
        for method, path, scope, _ in TABLE
    ]


def _guarded(operation: Operation, scope: OwnScope, further: Iterable[int]) -> Operation:
    refused = {status: _problem(status) for status in (*ALWAYS, *further)}
    answers = {**operation.answers, **refused}
    return Operation(
        operation.summary,
        answers,
        query=operation.query,
        body=operation.body,
        body_media=JSON,
        security=({OWN: [scope.value]},),
    )


def _problem(status: int) -> Answer:
    codes = ", ".join(sorted(code for code, row in PROBLEMS.items() if row.status == status))
    headers, further = (*_KEPT, "Content-Language", *_SURE.get(status, ())), _FURTHER.get(status, ())
    return Answer(codes, Problem, media="application/problem+json", headers=headers, sometimes=further)


def _shown(what: str, model: Any) -> Answer:
    return Answer(what, model, headers=_KEPT)


def _listed(what: str, model: Any) -> Answer:
    return Answer(what, model, headers=_KEPT, sometimes=("Link",))


_REFUSED: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("GET", "/v1/notice-endpoint"): (404,),
    ("PUT", "/v1/notice-endpoint"): (409, 413, 415),
    ("POST", "/v1/notices/{notice}/replay"): (404, 409),
}
_SERVED: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/notice-endpoint"): Operation("Where notices go", {200: _shown("The endpoint", NoticeEndpoint)}),
    ("PUT", "/v1/notice-endpoint"): Operation(
        "Send notices there from now on", {200: _shown("The endpoint", NoticeEndpoint)}, body=EndpointWanted
    ),
    ("GET", "/v1/notices"): Operation(
        "What became of each notice", {200: _listed("A page", NoticePage)}, query=PageQuery
    ),
    ("POST", "/v1/notices/{notice}/replay"): Operation("Send one once more", {202: _shown("It waits", Replayed)}),
    ("GET", "/v1/grants"): Operation("How grants stand", {200: _listed("A page", GrantPage)}, query=PageQuery),
    ("GET", "/v1/asks"): Operation("How many permissions stand how", {200: _shown("Every ask", AskCounts)}),
}
