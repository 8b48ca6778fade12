"""Introspection and the token endpoint beside `oidc-provider`, a certified server in Node, in memory.

Each call of the token endpoint refreshes: it spends a token and stores its successor. Ours writes to SQLite, once on
the disk and once on tmpfs, where its fsync costs nothing; the peer writes nowhere.
"""

import json
import statistics
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from bench.cost import cpu_seconds
from bench.load import Target, run, run_turns
from bench.peers import NoPeer
from tests.services.child import StartError, free_port
from tests.services.peers import PEERS, find_node

FAMILIES = 32
CLIENT_ID, CLIENT_SECRET = "bench", "a-secret-for-measuring-only"


@dataclass(slots=True)
class Family:
    """One refresh token and its successors, each used once."""

    target: Target
    raw_token: str

    def ask(self) -> bytes:
        """Return the next request."""
        return self.target.request(f"grant_type=refresh_token&refresh_token={self.raw_token}")

    def hear(self, body: bytes) -> None:
        """Keep the successor."""
        self.raw_token = orjson.loads(body)["refresh_token"]


@dataclass(frozen=True, slots=True)
class Server:
    """An authorization server under load: its process, and what was given to a client there."""

    pid: int
    port: int
    paths: tuple[str, str]
    authorization: str
    access_token: str
    refresh_tokens: tuple[str, ...]
    families: list[Family] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the tokens as they were given."""
        target = Target(self.port, self.paths[0], (self.authorization,))
        self.families.extend(Family(target, each) for each in self.refresh_tokens)

    async def introspect(self, calls: int) -> float:
        """Return the CPU of one introspection, in microseconds."""
        target = Target(self.port, self.paths[1], (self.authorization,))
        before = cpu_seconds(self.pid)
        await run(target, calls, form=f"token={self.access_token}")
        return (cpu_seconds(self.pid) - before) / calls * 1e6

    async def refresh(self, calls: int) -> float:
        """Return the CPU of one refresh, in microseconds."""
        before = cpu_seconds(self.pid)
        await run_turns(self.port, self.families, calls)
        return (cpu_seconds(self.pid) - before) / calls * 1e6


def basic(client_id: str, raw_secret: str) -> str:
    """Return the header by which a client proves itself."""
    return f"Authorization: Basic {b64encode(f'{client_id}:{raw_secret}'.encode()).decode()}"


@contextmanager
def running_oidc_provider(folder: Path) -> Iterator[Server]:
    """Run the peer, with tokens for one client."""
    port = free_port()
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": ["http://127.0.0.1/cb"],
        "application_type": "native",
    }
    path = folder / "seeded.json"
    path.write_text(json.dumps({"port": port, "client": client, "families": FAMILIES}))
    try:
        node = find_node()
    except StartError as missing:
        raise NoPeer(str(missing)) from missing
    process = subprocess.Popen(
        [node, str(PEERS / "seeded.mjs"), str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        given = json.loads(_first_object(process))
        header = basic(CLIENT_ID, CLIENT_SECRET)
        paths = ("/token", "/token/introspection")
        yield Server(process.pid, port, paths, header, given["access_token"], tuple(given["refresh_tokens"]))
    finally:
        process.terminate()
        process.wait(10)


def _first_object(process: "subprocess.Popen[bytes]") -> bytes:
    for line in process.stdout or ():
        if line.startswith(b"{"):
            return line
    raise NoPeer("oidc-provider did not start: run `make setup-peers`")


async def measure(servers: dict[str, Server], rounds: int, calls: int) -> None:
    """Load each server in turn, `rounds` times, and print what a call costs; the first server is the peer."""
    costs: dict[str, dict[str, list[float]]] = {"introspection": {}, "refresh": {}}
    for name, server in servers.items():
        await server.introspect(200)
        await server.refresh(200)
        costs["introspection"][name], costs["refresh"][name] = [], []
    for _ in range(rounds):
        for name, server in servers.items():
            costs["introspection"][name].append(await server.introspect(calls))
            costs["refresh"][name].append(await server.refresh(calls))
    table = Table(title=f"CPU for each call beside oidc-provider in memory, 32 connections, {rounds} rounds of {calls}")
    for column in ("", "introspection us", "ratio", "refresh us", "ratio"):
        table.add_column(column)
    peer = next(iter(servers))
    for name in servers:
        cells = [_cells(costs[what][name], costs[what][peer]) for what in costs]
        table.add_row(name, *cells[0], *cells[1])
    Console().print(table)


def _cells(values: Sequence[float], peers: Sequence[float]) -> tuple[str, str]:
    ratio = statistics.median(own / other for own, other in zip(values, peers, strict=True))
    return f"{statistics.median(values):.0f}", f"{ratio:.2f}"
