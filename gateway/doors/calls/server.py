"""The calls' door on aiohttp: one application that answers every target of the API origin that nobody else takes."""

import logging
from collections.abc import AsyncIterator

from aiohttp import ClientSession, web
from aiohttp.typedefs import Handler

from gateway.doors.calls.dialects import Told, find_language, find_renderer
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.head import Head, parse_head
from gateway.doors.calls.incoming import CallerGone, Incoming
from gateway.doors.calls.problems import PROBLEMS, problem_of
from gateway.doors.calls.schemes import find_scheme
from gateway.doors.calls.upstream import open_session
from gateway.doors.calls.walk import Walk
from gateway.ground.web.addresses import Networks, addresses
from gateway.ground.web.bugs import log_bug
from gateway.terms.ids import new_id
from gateway.terms.refusal import Refusal, Unavailable

_LOG = logging.getLogger(__name__)
_DOOR = web.AppKey("calls_door", CallsDoor)
_SESSION = web.AppKey("upstream_session", ClientSession)
_HEAD = web.RequestKey("head", Head)
_INCOMING = web.RequestKey("incoming", Incoming)
_ID = web.RequestKey("request_id", str)


def build_calls(door: CallsDoor, trusted: Networks = ()) -> web.Application:
    """Build the application of the API origin; other endpoints of this origin are added to its router.

    It opens the session to the platforms when it starts and closes it when it stops. `trusted` are the networks of the
    operator's own proxies, which say where a call comes from.
    """
    app = web.Application(middlewares=[addresses(trusted), _answer_errors])
    app[_DOOR] = door
    app.cleanup_ctx.append(_hold_session)
    app.router.add_route("*", r"/{everything:[\s\S]*}", _answer_call, expect_handler=_ask_later)
    return app


async def _answer_call(request: web.Request) -> web.StreamResponse:
    incoming = request[_INCOMING] = Incoming(request, request[_HEAD], request_id=request[_ID])
    await Walk(request.app[_DOOR], request.app[_SESSION], incoming).run()
    return incoming.response


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check the head, answer, and turn whatever is raised into the dialect that the caller spoke."""
    request[_ID] = _request_id(request)
    try:
        version = f"{request.version.major}.{request.version.minor}"
        request[_HEAD] = parse_head(request.method, request.raw_path, request.raw_headers, version=version)
        response = await handler(request)
    except CallerGone as error:
        raise ConnectionResetError from error
    except (Refusal, Unavailable) as refused:
        response = _refuse(request, refused)
    except web.HTTPException:
        response = _refuse(request, Refusal("unknown_route"))
    except Exception as error:  # noqa: BLE001 - the edge: an error that nobody expected still has to be answered
        log_bug(error, request_id=request[_ID])
        response = _refuse(request, Refusal("internal"))
    if not response.prepared:
        response.headers["X-Request-ID"] = request[_ID]
    if _HEAD not in request:
        response.force_close()  # what follows such a head on this connection cannot be told apart from its body
    return response


def _refuse(request: web.Request, error: Refusal | Unavailable) -> web.Response:
    head = request.get(_HEAD)
    platform = head.platform if head else request.raw_path[1:].partition("?")[0].partition("/")[0]
    names = {name.lower(): ("",) for name in request.headers}
    metadata = request.app[_DOOR].resource_metadata(platform)
    if error.reason not in PROBLEMS:
        _LOG.error("no words for %s in request %s", error.reason, request[_ID])
        error = Refusal("internal")
    scheme = find_scheme(request.headers.getall("Authorization", []))
    problem = problem_of(error, request_id=request[_ID], resource_metadata=metadata, scheme=scheme)
    incoming = request.get(_INCOMING)
    render = incoming.renderer if incoming else find_renderer(platform, names)
    told: Told = render(problem, find_language(head))
    response = web.Response(status=told.status, headers=told.headers, body=told.body)
    response.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
    for challenge in told.challenges:
        response.headers.add("WWW-Authenticate", challenge)
    return response


def _request_id(request: web.Request) -> str:
    """Make an id of our own: the trace keeps it, so what an app calls its request never gets there (I6)."""
    return new_id("re", request.app[_DOOR].house.entropy)


async def _ask_later(_request: web.Request) -> None:
    """Leave `100 Continue` to whoever reads the body, after the verdict."""


async def _hold_session(app: web.Application) -> AsyncIterator[None]:
    app[_SESSION] = open_session(app[_DOOR].limit_connections)
    yield
    await app[_SESSION].close()
