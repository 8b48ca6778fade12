"""Events: how fast they come in and go out to three apps, and that none is lost by a kill under load."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from bench.cost import cpu_seconds
from bench.peers import wait_for_port
from bench.subject import settings_for
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.register import register_app
from gateway.records.ledger.types import Actor
from gateway.server.house import opened_house
from gateway.settings import Settings, read_settings
from gateway.terms.clock import SystemClock
from tests.house import ASKS, agree, app_of, ask_of, set_scene
from tests.services.child import free_port

APP, KEY, OA = "upstream-app", "bench-oa-key", "4000000000000001"
SENDERS = 32
APPS = 3


@dataclass(slots=True)
class Receiver:
    """Three apps' server: it takes everything and remembers what came, by app and event."""

    port: int
    apps: list[str] = field(default_factory=list)
    came: set[tuple[str, str]] = field(default_factory=set)
    requests: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = orjson.loads(await reader.readexactly(length))
                said = body["data"]["event"] if "data" in body else body
                self.came.add((head.split(b" ", 2)[1].decode(), said["info"]["name"]))
                self.requests += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):  # the gateway is done, or was killed in the middle of it
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run the apps' server."""
    receiver = Receiver(free_port())
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", receiver.port, backlog=1024)
    async with server:
        yield receiver


@contextmanager
def serving(env_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the gateway; end it in the end, unless it was killed."""
    process = subprocess.Popen([sys.executable, "-m", "gateway.cli", "--env-file", str(env_file), "serve"])
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


async def prepare(settings: Settings, receiver: Receiver) -> None:
    """Let three apps listen, each with a live ask that opens the event."""
    clock, system = SystemClock(), Actor.system()
    async with opened_house(settings) as house:
        scene = await set_scene(house, clock)
        third = app_of("Kế toán (mẫu)", "ke-toan", is_confidential=False, clock=clock)
        await register_app(house, third, [ask_of(third.id, row) for row in ASKS[:2]], system)
        for app in (scene.app, scene.public_app, third):
            await set_endpoint(house, app.id, f"http://127.0.0.1:{receiver.port}/{app.id}", system)
            await agree(scene, app=app)
            receiver.apps.append(app.id)


@dataclass(slots=True)
class Line:
    """One keep-alive connection, opened anew where it breaks off."""

    port: int
    ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def is_taken(self, request: bytes) -> bool:
        """Send a request; say whether a 200 came."""
        try:
            if self.ends is None:
                self.ends = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.ends
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return False
        return head.startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        """Close it."""
        if self.ends is not None:
            self.ends[1].close()
        self.ends = None


@dataclass(slots=True)
class Load:
    """Zalo, telling one event after the other over keep-alive connections; `told` are those that got their 200."""

    port: int
    told: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    async def run(self, first: int, count: int) -> None:
        """Tell so many events; one that gets no 200 is told again until it does."""
        names = iter(range(first, first + count))
        await asyncio.gather(*(self._drive(names) for _ in range(SENDERS)))

    async def _drive(self, names: Iterator[int]) -> None:
        line = Line(self.port)
        for number in names:
            name = f"Khách {number} (mẫu)"
            request = self._request(name)
            start = time.perf_counter()
            while not await line.is_taken(request):
                await asyncio.sleep(0.05)
            self.seconds.append(time.perf_counter() - start)
            self.told.append(name)
        line.close()

    def _request(self, name: str) -> bytes:
        stamp = str(int(time.time() * 1000))
        said = {
            "app_id": APP,
            "sender": {"id": "4620160001000000137"},
            "recipient": {"id": OA},
            "event_name": "user_submit_info",
            "info": {"name": name, "phone": "84000000101", "full_address": {"user_city": "Hà Nội"}},
            "timestamp": stamp,
        }
        body = orjson.dumps(said)
        mac = sha256(APP.encode() + body + stamp.encode() + KEY.encode()).hexdigest()
        lines = [
            f"POST /hooks/zalo/{APP} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"X-ZEvent-Signature: mac={mac}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


async def measure_events(folder: Path, count: int) -> None:
    """Measure `count` events in and out, then as many with a kill in the middle."""
    ports = free_port(), free_port()
    zalo = {"QUYEN_PLATFORM__ZALO__APP_ID": APP, "QUYEN_PLATFORM__ZALO__OA_SECRET_KEY": KEY}
    values = settings_for(folder, free_port(), ports) | zalo
    env_file = folder / "env"
    env_file.write_text("\n".join(f"{name}={value}" for name, value in values.items()))
    table = Table(title=f"Events, {count} told over {SENDERS} connections, to {APPS} apps")
    for column in ("", "in, events/s", "answer p99, ms", "out, copies/s", "CPU ms an event", "lost", "came twice"):
        table.add_column(column)
    async with receiving() as receiver:
        await prepare(read_settings(environment={}, env_file=env_file), receiver)
        with serving(env_file) as process:
            await wait_for_port(ports[1])
            table.add_row("undisturbed", *await _flow(receiver, Load(ports[1]), count, process.pid))
            load = Load(ports[1])
            start = time.perf_counter()
            telling = asyncio.create_task(load.run(count, count))
            while len(load.told) < count // 3:
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with serving(env_file):
            await telling
            told_in = time.perf_counter() - start
            before = receiver.requests
            lost = await _wait_for(receiver, load.told)
            twice = receiver.requests - len(receiver.came)
            table.add_row("killed under load", f"{count / told_in:.0f}", "", "", "", str(lost), str(twice))
            print(f"after the kill {receiver.requests - before} copies came once the load was over")
    Console().print(table)


async def _flow(receiver: Receiver, load: Load, count: int, pid: int) -> list[str]:
    start, cpu = time.perf_counter(), cpu_seconds(pid)
    await load.run(0, count)
    told_in = time.perf_counter() - start
    lost = await _wait_for(receiver, load.told)
    all_in, used = time.perf_counter() - start, cpu_seconds(pid) - cpu
    p99 = sorted(load.seconds)[int(len(load.seconds) * 0.99)] * 1000
    rates = [f"{count / told_in:.0f}", f"{p99:.0f}", f"{APPS * count / all_in:.0f}", f"{used / count * 1000:.2f}"]
    return [*rates, str(lost), str(receiver.requests - len(receiver.came))]


async def _wait_for(receiver: Receiver, told: list[str], *, seconds: float = 240) -> int:
    """Wait until every app got everything that was told, and return how much is missing if that takes too long."""
    deadline = time.perf_counter() + seconds
    wanted = {(f"/{app}", name) for app in receiver.apps for name in told}
    while not wanted <= receiver.came and time.perf_counter() < deadline:
        await asyncio.sleep(0.1)
    return len(wanted - receiver.came)
