"""The sample app's one room: config, connections, browsers, and the lines to the gateway."""

import ssl
from functools import cache
from pathlib import Path

import httpx2
from aiohttp import web

from gateway.sandbox.pages import CONTENT_POLICY, Pages
from gateway.sandbox.sample_app.config import ClientConfig, SampleAppConfig
from gateway.sandbox.sample_app.connections import Connection, ConnectionStore
from gateway.sandbox.sample_app.inbox import Inbox
from gateway.sandbox.sample_app.metadata import MetadataSource
from gateway.sandbox.sample_app.oauth_client import TIMEOUT_SECONDS, Line, Registration, Request
from gateway.sandbox.sample_app.replies import Reply, read_reply
from gateway.sandbox.sample_app.visitors import Visitors
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy


@cache
def system_trust() -> ssl.SSLContext:
    """The machine's certificates, read once: every client shares them."""
    return ssl.create_default_context()


class Shop:
    """What the pages share."""

    def __init__(self, config: SampleAppConfig, clock: Clock, *, entropy: Entropy) -> None:
        self.config, self.clock = config, clock
        self.visitors = Visitors(clock, entropy)
        self.inbox = Inbox(clock)
        self.connections = ConnectionStore(config.state_path)
        self.pages = Pages(
            Path(__file__).parent, **{"Content-Security-Policy": f"{CONTENT_POLICY}; form-action 'self'"}
        )
        self._trust = system_trust()
        self._http = httpx2.AsyncClient(verify=self._trust, timeout=TIMEOUT_SECONDS, trust_env=False)
        self.metadata = MetadataSource(config.issuer, self._http)
        self._lines: dict[tuple[str, str], Line] = {}

    def registration(self, app: ClientConfig) -> Registration:
        """Our registration at the gateway."""
        return Registration(app, self._trust)

    async def connect(self, connection: Connection) -> None:
        """Keep a new connection; a line that used its predecessor's tokens is closed."""
        self.connections.add(connection)
        replaced = self._lines.pop((connection.client_id, connection.account), None)
        if replaced is not None:
            await replaced.close()

    async def call(self, app: ClientConfig, connection: Connection, *, request: Request) -> Reply:
        """Call the gateway's API over the connection; raises `GatewayUnreachable`."""
        key = (connection.client_id, connection.account)
        if key not in self._lines:
            self._lines[key] = Line(app, connection, store=self.connections, trust=self._trust)
        answer = await self._lines[key].send(request, await self.metadata.get())
        return read_reply(answer)

    async def close(self, _app: web.Application) -> None:
        """Close every socket."""
        for line in self._lines.values():
            await line.close()
        await self._http.aclose()


SHOP = web.AppKey("shop", Shop)
