"""`python -m bench`: interleaved rounds, paired ratios, medians. Trust the ratios, not the microseconds."""

import asyncio
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click
from aiohttp import ClientSession
from rich.console import Console
from rich.table import Table

from bench.cost import cpu_seconds, resident_mb
from bench.events import measure_events
from bench.filters import measure_filters
from bench.load import Target, run
from bench.oauth import Server, basic, measure, running_oidc_provider
from bench.peers import NoPeer, running_floor, running_nginx, running_passthrough, running_upstream, wait_for_port
from bench.subject import Subject, running_gateway

BODY = (
    '{"data":{"oaid":"2511530240960241001","name":"Tiệm (mẫu)","description":"' + "x" * 700 + '","oa_alias":"",'
    '"is_verified":true,"oa_type":2,"cate_name":"Bán lẻ","num_follower":12,"avatar":"https://anh.example/a.jpg",'
    '"cover":"https://anh.example/c.jpg","package_name":"x"},"error":0,"message":"Success"}'
).encode()
PAGES = 100
EVENTS = 2000
TMPFS = Path("/dev/shm")  # noqa: S108 - where Linux has it
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@click.command()
@click.option("--rounds", default=9, show_default=True, help="interleaved rounds")
@click.option("--calls", default=1000, show_default=True, help="calls of each round")
def main(rounds: int, calls: int) -> None:
    """Measure the gateway beside its peers."""
    try:
        _measure(rounds, calls)
    except NoPeer as missing:
        click.echo(str(missing), err=True)
        sys.exit(1)


def _measure(rounds: int, calls: int) -> None:
    measure_filters(rounds)
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure_events(Path(name), EVENTS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            running_upstream(folder, BODY) as (upstream, _),
            running_nginx(folder, upstream) as nginx,
            running_passthrough(upstream) as bare,
            running_gateway(folder, upstream, PAGES) as (subject, pid),
        ):
            asyncio.run(_run(rounds, calls, {"nginx": nginx, "aiohttp": bare}, (subject, pid)))
            _measure_oauth(folder, rounds, calls, (subject, pid))


def _measure_oauth(folder: Path, rounds: int, calls: int, gateway: tuple[Subject, int]) -> None:
    """Measure the OAuth endpoints, with the database on the disk and, where the machine has one, on tmpfs."""
    with ExitStack() as stack:
        own = _server(*gateway)
        servers = {"oidc-provider": stack.enter_context(running_oidc_provider(folder)), "quyen": own}
        port, pid = stack.enter_context(running_floor())
        servers["bare aiohttp"] = Server(pid, port, own.paths, own.authorization, own.access_token, own.refresh_tokens)
        if TMPFS.is_dir():
            memory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=TMPFS)))
            servers["quyen, SQLite on tmpfs"] = _server(*stack.enter_context(running_gateway(memory, 9, 0)))
        asyncio.run(_run_oauth(servers, rounds, calls))


def _server(subject: Subject, pid: int) -> Server:
    paths, header = ("/oauth/token", "/oauth/introspect"), basic(*subject.client)
    return Server(pid, subject.public_port, paths, header, subject.raw_token, subject.refresh_tokens)


async def _run_oauth(servers: dict[str, Server], rounds: int, calls: int) -> None:
    for server in servers.values():
        await wait_for_port(server.port)
    await measure(servers, rounds, calls)


async def _run(rounds: int, calls: int, peers: dict[str, tuple[int, int]], gateway: tuple[Subject, int]) -> None:
    subject, pid = gateway
    path = "/v2.0/oa/getoa"
    targets = {name: (Target(port, path), peer) for name, (port, peer) in peers.items()}
    bearer = f"Authorization: Bearer {subject.raw_token}"
    targets["quyen"] = (Target(subject.api_port, f"/zalo{path}", (bearer,)), pid)
    for port in [*(port for port, _ in peers.values()), subject.public_port, subject.api_port]:
        await wait_for_port(port)
    for target, _ in targets.values():
        await run(target, 200)
    costs: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(rounds):
        for name, (target, peer) in targets.items():
            before = cpu_seconds(peer)
            await run(target, calls)
            costs[name].append((cpu_seconds(peer) - before) / calls * 1e6)
    _print_costs(costs, calls, rounds)
    print(f"memory of the gateway after {200 + rounds * calls} calls: {resident_mb(pid):.0f} MB")
    await _print_pages(subject)


def _print_costs(costs: dict[str, list[float]], calls: int, rounds: int) -> None:
    table = Table(title=f"CPU for each call, 1 KB JSON, 32 connections, {rounds} rounds of {calls}")
    for column in ("", "CPU us (median)", "nginx = 1", "bare aiohttp = 1"):
        table.add_column(column)
    for name, values in costs.items():
        ratios = [
            statistics.median(own / other for own, other in zip(values, costs[peer], strict=True))
            for peer in ("nginx", "aiohttp")
        ]
        table.add_row(name, f"{statistics.median(values):.0f}", *[f"{ratio:.2f}" for ratio in ratios])
    Console().print(table)


async def _print_pages(subject: Subject) -> None:
    base = f"http://127.0.0.1:{subject.public_port}"
    async with ClientSession(cookies={"quyen_session": subject.raw_session}) as session:
        shown = [await _timed(session, f"{base}/consent/{each}") for each in subject.request_ids]
        page = f"{base}/permissions/{subject.grant_id}"
        ended = [await _withdraw(session, page, ask) for ask in ("crm_name", "crm_phone", "order_send", "chat_read")]
    for name, values in (("consent page", shown), ("withdrawal of one ask (POST to 303)", ended)):
        ordered = sorted(values)
        last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        print(f"{name}: median {statistics.median(ordered):.1f} ms, p99 {last:.1f} ms, n = {len(ordered)}")


async def _timed(session: ClientSession, url: str) -> float:
    start = time.perf_counter()
    async with session.get(url) as answer:
        await answer.read()
        answer.raise_for_status()
    return (time.perf_counter() - start) * 1000


async def _withdraw(session: ClientSession, page: str, ask: str) -> float:
    async with session.get(page) as answer:
        token = _TOKEN.search(await answer.text())
    if token is None:
        raise LookupError("the page has no form")
    fields = {"csrf_token": token[1], "action": "withdraw", "ask": ask, "confirm": "yes"}
    start = time.perf_counter()
    async with session.post(page, data=fields, allow_redirects=False) as answer:
        if answer.status != 303:
            raise LookupError(f"the withdrawal was answered {answer.status}")
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
