"""How every stand-in answers: a request is recorded, suffers the faults in force, and gets what the platform says."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from aiohttp import web

from gateway.sandbox.calls import Call
from gateway.sandbox.faults import answer_instead, cut, cut_midway, spoil
from gateway.sandbox.received import ReceivedLog
from gateway.sandbox.serving import is_known_host
from gateway.sandbox.switching import Faults

LIMIT_BODY_BYTES = 8 << 20


@dataclass(frozen=True)
class StandIn:
    """One platform as requests meet it.

    Args:
        prefix: the path that stands for every host of the platform.
        hosts: names that a request's Host may bear.
        received: where arrivals are noted.
        take_faults: what a call to a path suffers.
        respond: what the platform says.
        control: the paths under `/_sandbox`, which no real platform has; they are not recorded.
    """

    prefix: str
    hosts: AbstractSet[str]
    received: ReceivedLog
    take_faults: Callable[[str], Faults]
    respond: Callable[[Call], web.Response]
    control: Callable[[Call], web.StreamResponse]

    def mount(self, app: web.Application) -> None:
        """Let an application answer anything under the prefix."""
        app.router.add_route("*", self.prefix + "{tail:.*}", self.answer)
        if _hide_server not in app.on_response_prepare:
            app.on_response_prepare.append(_hide_server)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if not is_known_host(request.host, self.hosts):
            return web.Response(status=421, text="this host name is not served here\n")
        target = request.raw_path.removeprefix(self.prefix) or "/"
        path, _, query = target.partition("?")
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > LIMIT_BODY_BYTES:
                return web.Response(status=413, text="larger than anything that the platform takes\n")
        call = Call(request.method, path, query, request.headers, bytes(body))
        if path.startswith("/_sandbox/"):
            return self.control(call)
        self.received.add(request.method, target, headers=_plain(request), body=call.body)
        return await self._answer_recorded(request, call)

    async def _answer_recorded(self, request: web.Request, call: Call) -> web.StreamResponse:
        faults = self.take_faults(call.path)
        if faults.slow_seconds:
            await asyncio.sleep(faults.slow_seconds)
        if faults.reset == "before":
            return cut(request)
        response = answer_instead(faults) or spoil(faults, self.respond(call))
        if faults.reset == "after":
            return cut(request)
        if faults.reset == "midway":
            return await cut_midway(request, response)
        return response


def _plain(request: web.Request) -> dict[str, str]:
    """Headers as they were spelled; a name that came twice keeps both values."""
    return {name: ", ".join(request.headers.getall(name)) for name in request.headers}


async def _hide_server(_request: web.Request, response: web.StreamResponse) -> None:
    """Do not say what serves: the platforms do not."""
    response.headers.popall("Server", None)
