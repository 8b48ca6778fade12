"""The scene: a shop's Matrix account, a customer who writes to it, and the shop's owner at the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from aiohttp import ClientSession, CookieJar

from tests.platforms.synapse.matrix_app import MatrixApp
from tests.platforms.synapse.registrations import ARCHIVE_ASKS, DESK_ASKS, registration
from tests.platforms.synapse.tap import Tap
from tests.platforms.synapse.visitor import Visitor
from tests.platforms.synapse.whole_gateway import WholeGateway
from tests.services.matrix_user import MatrixUser
from tests.services.synapse_server import SynapseServer

OWNER_PASSWORD = "mat-khau-cua-chu-mau"
MATRIX_PASSWORD = "mat-khau-matrix-cua-tiem-mau"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an app holds after a consent."""

    app: MatrixApp
    id: str
    token: str
    scope: frozenset[str]


def grant_of(app: MatrixApp, answer: dict[str, Any]) -> Grant:
    """Read the token endpoint's answer."""
    return Grant(app, answer["grant_id"], answer["access_token"], frozenset(answer["scope"].split()))


@dataclass(frozen=True, slots=True)
class Desk:
    """One owner with one Matrix account and a room in which a customer is too; nothing is linked yet."""

    street: "Street"
    owner: Visitor
    login: str
    merchant: MatrixUser
    buyer: MatrixUser
    room: str

    @property
    def tap(self) -> Tap:
        """The wire between the gateway and the homeserver."""
        return self.street.tap

    async def open(self) -> None:
        """Sign in and link."""
        await self.owner.sign_in(self.login, OWNER_PASSWORD)
        await self.owner.link(self.merchant.user_id, MATRIX_PASSWORD)
        assert "live" in self.owner.states("connection").values(), self.owner.page

    async def grant(self, app: MatrixApp, *agreed: str) -> Grant:
        """Let an app ask, and agree to some of it."""
        async with app.asking(self.owner) as answer:
            await self.owner.agree(agreed)
        return grant_of(app, answer)

    async def connections(self) -> list[str]:
        """Return what the owner's connections' page says."""
        await self.owner.get("/connections")
        return list(self.owner.states("connection").values())


class Street:
    """A homeserver, a gateway in front of it, the tap between them, and the two apps."""

    def __init__(self, synapse: SynapseServer, tap: Tap, gateway: WholeGateway, http: ClientSession) -> None:
        self.synapse = synapse
        self.tap = tap
        self.gateway = gateway
        self._http = http
        self.desk_app = self._register("Trợ lý chat (mẫu)", DESK_ASKS)
        self.archive_app = self._register("Kho tệp (mẫu)", ARCHIVE_ASKS)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Yield a desk with people of its own."""
        name = f"{next(_numbers)}"
        merchant = await self.synapse.add_user(f"tiem-{name}", MATRIX_PASSWORD)
        buyer = await self.synapse.add_user(f"khach-{name}")
        room = await merchant.add_room(buyer, name=f"Đơn hàng {name} (mẫu)")
        self.gateway.add_owner(f"chu-tiem-{name}", OWNER_PASSWORD)
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
            yield Desk(self, Visitor(http, self.gateway.public), f"chu-tiem-{name}", merchant, buyer, room)

    def _register(self, name: str, asks: dict[str, str]) -> MatrixApp:
        client_id, client_secret = self.gateway.register(registration(name, asks))
        return MatrixApp(client_id, client_secret, self.gateway.public, self.gateway.api, self._http)


_numbers = count(1)
