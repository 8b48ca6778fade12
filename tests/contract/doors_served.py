"""Both origins as the server builds them, over the scene of a contract test, and a caller that writes any byte."""

import ast
import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import gateway.doors
from gateway.acts.open_request import Asked, open_request
from gateway.acts.register import NewPerson, add_person
from gateway.acts.session import open_session
from gateway.acts.show_request import show_request
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.limits import LocalLimits
from gateway.doors import Endpoint, Porter
from gateway.ground.web.csrf import form_token
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.records.ledger import reading
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from gateway.server.doors import Parts, build_api, build_public
from gateway.server.health import Health
from gateway.terms.ids import new_id
from scopes import load_catalogue
from tests.house import CHALLENGE, REDIRECT_URI, Scene, agree, settings_for
from tests.stand_ins.passwords import shared_passwords

NOWHERE = "http://127.0.0.1:9"
READERS = frozenset({"find", "get", "get_one", "getall", "list", "_get_once"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a door's table, and the port of its origin."""

    port: int
    endpoint: Endpoint

    @property
    def method(self) -> str:
        """A method that the row answers."""
        return "GET" if self.endpoint.method == "*" else self.endpoint.method

    @property
    def names(self) -> list[str]:
        """What the door of this row looks up in queries and forms; nothing where the row is no door's."""
        handler: Any = self.endpoint.handler
        module = getattr(handler, "func", handler).__module__
        is_door = module.startswith("gateway.doors.")
        return list_names(Path(sys.modules[module].__file__ or "").parent) if is_door else []


@dataclass(frozen=True, slots=True)
class Served:
    """Both origins. `real` says which id each parameter of a path really has, `raw_sessions` who may come in."""

    rows: tuple[Row, ...]
    real: dict[str, str]
    raw_sessions: dict[Role, str]

    def raw_session(self, row: Row) -> str:
        """Return the session of someone whom the row admits; the owner's where anyone may."""
        roles = row.endpoint.roles or {Role.OWNER}
        return next(raw_session for role, raw_session in self.raw_sessions.items() if role in roles)

    def path(self, row: Row) -> bytes:
        """Return a row's path with real ids in it."""
        return plain(row.endpoint.path).format(**self.real).encode()

    async def ask(self, row: Row, target: bytes, body: bytes | None = None, *, cookie: bytes | None = None) -> int:
        """Send a request of exactly these bytes and return the status that came back."""
        session = b"quyen_session=" + self.raw_session(row).encode()
        lines = [
            b"%s %s HTTP/1.1" % (row.method.encode(), target),
            b"Host: 127.0.0.1",
            b"Connection: close",
            b"Sec-Fetch-Site: same-origin",
            b"Cookie: " + (session if cookie is None else cookie),
        ]
        if body is not None:
            lines += [b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % len(body)]
        reader, writer = await asyncio.open_connection("127.0.0.1", row.port)
        writer.write(b"\r\n".join([*lines, b"", body or b""]))
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1])

    def form(self, row: Row, name: str, value: str) -> bytes:
        """Write a form of one field that a page of ours might have sent."""
        return f"{name}={value}&csrf_token={form_token(self.raw_session(row))}".encode()


def plain(path: str) -> str:
    """Return a route's path with its parameters' names alone, without what they match."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


@cache
def list_names(folder: Path) -> list[str]:
    """List every name that a door looks up in a query or form, out of its own code, so that a new one is not missed."""
    sources = [path.read_text() for path in (*folder.rglob("*.py"), Path(gateway.doors.__file__))]
    return sorted({name for source in sources for name in _names(ast.walk(ast.parse(source)))})


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        looked_up: list[ast.expr] = []
        if isinstance(node, ast.Call) and _name_of(node.func) in READERS:
            looked_up = node.args
        elif isinstance(node, ast.comprehension) and isinstance(node.iter, ast.Tuple):
            looked_up = node.iter.elts
        elif isinstance(node, ast.Subscript) and _name_of(node.value) == "query":
            looked_up = [node.slice]
        constants = [each.value for each in looked_up if isinstance(each, ast.Constant)]
        yield from (name for name in constants if isinstance(name, str) and name.isidentifier() and name.islower())


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@asynccontextmanager
async def both_served(scene: Scene, folder: Path) -> AsyncIterator[Served]:
    """Serve both origins, with a grant, a request, a receipt and an app to name."""
    staff = frozenset({Role.OPERATOR, Role.DEVELOPER})
    clerk = await add_person(scene.house, NewPerson("staff", "Staff (mẫu)", staff, None), Actor.system())
    owner_session, staff_session = [await open_session(scene.house, each.id) for each in (scene.owner, clerk)]
    installed = pytest.MonkeyPatch()
    tables: list[tuple[web.Application, Endpoint]] = []
    install = Porter.install

    def note(porter: Porter, app: web.Application, endpoints: Iterable[Endpoint], **options: Any) -> None:
        table = list(endpoints)
        tables.extend((app, endpoint) for endpoint in table)
        install(porter, app, table, **options)

    installed.setattr(Porter, "install", note)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http:
        connector = ZaloConnector(ZaloUpstream(NOWHERE, NOWHERE, "1", "x", NOWHERE), http, clock=scene.clock)
        parts = Parts(
            settings=settings_for(folder),
            house=scene.house,
            catalogue=load_catalogue(),
            connectors={"zalo": connector},
            limits=LocalLimits(scene.clock),
            proofs=LocalProofMemory(scene.clock, scene.house.entropy),
            passwords=shared_passwords(),
            health=Health(scene.house),
            budgets=Budgets(scene.clock),
        )
        public, api = build_public(parts), build_api(parts)
        installed.undo()
        async with TestServer(public) as people, TestServer(api) as calls:
            ports = {public: people.port or 0, api: calls.port or 0}
            yield Served(
                rows=tuple(Row(ports[app], endpoint) for app, endpoint in tables),
                real=await _real_ids(scene),
                raw_sessions={Role.OWNER: owner_session, **dict.fromkeys(staff, staff_session)},
            )


async def _real_ids(scene: Scene) -> dict[str, str]:
    grant_id = (await agree(scene)).grant_id
    assert grant_id is not None
    asked = Asked(scene.app.id, tuple(ask.id for ask in scene.asks), REDIRECT_URI, "s", CHALLENGE)
    request = await open_request(scene.house, asked)
    await show_request(scene.house, request.id, scene.owner.id)
    async with scene.house.storage.read() as connection:
        record = (await reading.list_records(connection, reading.Search(grant_ids=[grant_id]), 1))[0]
    return {
        "request": request.id,
        "grant": grant_id,
        "code": record.record_id,
        "record_id": record.record_id,
        "sha256": record.facts["notice"],
        "platform": "zalo",
        "client_id": scene.app.id,
        "notice": new_id("nt", scene.house.entropy),
        "rest": "anything",
    }
