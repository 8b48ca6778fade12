"""An app's own web server, which publishes its document, and a gateway that may read it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.doors.oauth.documents import BY_ADDRESS, USUAL
from gateway.doors.oauth.dynamic import DynamicApps
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import App
from gateway.records.grants import store as grants
from gateway.terms.ids import GrantId
from tests.house import REDIRECT_URI, fresh_parts, house_in, set_scene
from tests.protocol.wire import Reply, Wire, served
from tests.stand_ins.certificates import make_certificate
from tests.stand_ins.receiver import Answering, Receiver, receiving, saying

SCOPES = {"zalo.profile.read": 1, "zalo.tag.read": 1}
JSON = "application/json"


@dataclass
class Publisher:
    """An app's own web server, and the gateway that may read it."""

    wire: Wire
    receiver: Receiver
    number: int = 0

    def fresh_id(self) -> str:
        """Return a client_id that nobody used before."""
        self.number += 1
        return self.receiver.url.replace("/hook", f"/app-{self.number}")

    def document(self, address: str, **changes: Any) -> dict[str, Any]:
        """Return a right document with some metadata changed; None leaves one out."""
        said = {
            "client_id": address,
            "client_name": "Trợ lý (mẫu)",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "logo_uri": "https://app.example/logo.png",
            "scope": "zalo.profile.read",
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def publish(self, address: str, headers: dict[str, str] | None = None, **changes: Any) -> None:
        """Answer the next fetch with a document."""
        body = orjson.dumps(self.document(address, **changes))
        self.receiver.answers = [saying(body, **{"Content_Type": JSON, **(headers or {})})]

    async def authorize(self, client_id: str, **changes: str) -> Reply:
        """Send a right authorization request of the app."""
        return await self.wire.authorize({"client_id": client_id, **changes})

    async def introduce(self, **changes: Any) -> App:
        """Publish a document, let the gateway read it, and return the app."""
        client_id = self.fresh_id()
        self.publish(client_id, **changes)
        reply = await self.authorize(client_id, redirect_uri=changes.get("redirect_uris", [REDIRECT_URI])[0])
        assert reply.status == 303, reply.body
        return await self.find(client_id)

    async def find(self, client_id: str) -> App:
        """Return an app that is known."""
        async with self.wire.house.storage.read() as connection:
            app = await apps.find(connection, client_id)
        assert app is not None
        return app

    async def list_apps(self) -> list[App]:
        """Return every app."""
        async with self.wire.house.storage.read() as connection:
            return await apps.list_all(connection)

    async def grant_states(self, grant_id: GrantId | None) -> set[str]:
        """Return the states of what a grant holds."""
        async with self.wire.house.storage.read() as connection:
            grant = await grants.find(connection, grant_id or GrantId(""))
        return {each.state.value for each in grant.permissions} if grant else set()

    async def statement_of(self, app: App) -> Statement:
        """Return what the app says of itself now."""
        async with self.wire.house.storage.read() as connection:
            found = await statements.find_current(connection, app.id)
        assert found is not None
        return found

    async def kept(self, grant_id: GrantId | None) -> Statement:
        """Return the snapshot kept with a grant."""
        async with self.wire.house.storage.read() as connection:
            found = await statements.find_granted(connection, grant_id or GrantId(""))
        assert found is not None
        return found

    def begin(self) -> None:
        """Begin a test: a minute later, with all limits free again and nothing published."""
        self.wire.scene.clock.advance(BY_ADDRESS.within)
        self.receiver.answers, self.receiver.came, self.receiver.status = [], [], 404

    def is_later(self, much: timedelta = USUAL) -> None:
        """Let the cached document's time be over."""
        self.wire.scene.clock.advance(much)


@asynccontextmanager
async def publishing(folder: Path) -> AsyncIterator[Publisher]:
    """Serve one gateway on loopback, and one web server of apps."""
    clock, entropy = fresh_parts()
    async with AsyncExitStack() as stack:
        ca_pem, context = make_certificate(folder, "127.0.0.1", "localhost", "app.example")
        receiver = await stack.enter_async_context(receiving(context))
        fetcher = await stack.enter_async_context(opened_fetcher(allow_loopback=True, ca_pem=ca_pem))
        house = await stack.enter_async_context(house_in(folder, clock, entropy=entropy))
        dynamic = DynamicApps(fetcher=fetcher, scopes=SCOPES)
        wire = await stack.enter_async_context(served(await set_scene(house, clock), dynamic))
        yield Publisher(wire, receiver)


def with_status(body: bytes, status: int) -> Answering:
    """Answer with this body, but another status."""
    say = saying(body, Content_Type=JSON)

    async def answer(request: Any) -> Any:
        response: Any = await say(request)
        response.set_status(status)
        return response

    return answer
