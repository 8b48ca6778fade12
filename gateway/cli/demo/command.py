"""`quyen demo`: prepare, start, fill once, print one table, run until Ctrl-C."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.context import fail


@click.command()
@click.option("--folder", default=".demo", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def demo(folder: Path) -> None:
    """Run the whole gateway with a stand-in platform and a sample app, on invented data."""
    from gateway.cli.demo.children import DidNotStart, find_busy
    from gateway.cli.demo.files import DemoFolder, Ports
    from gateway.cli.demo.walk import WalkFailed
    from gateway.settings import SettingsRefused, demo_port
    from gateway.terms.refusal import Refusal

    try:
        ports = Ports(demo_port())
    except SettingsRefused as refused:
        fail(str(refused))
    busy = find_busy([ports.first + n for n in range(4)])
    if busy is not None:
        fail(_why_busy(busy, DemoFolder(folder), ports))
    made_on = DemoFolder(folder).find_first_port()
    if made_on not in {None, ports.first}:
        fail(f"{folder} was made on port {made_on}: set QUYEN_DEMO_PORT={made_on}, or forget it with make demo-reset")
    os.umask(0o077)  # whatever the demo's processes write belongs to their owner alone
    try:
        asyncio.run(_run(DemoFolder(folder), ports))
    except (DidNotStart, WalkFailed) as error:
        fail(str(error))
    except Refusal as refusal:
        fail(f"{refusal.reason}: {refusal.detail}")
    sys.exit(0)


def _why_busy(port: int, folder: Any, ports: Any) -> str:
    """Say who holds a port: this folder's own processes, where it was made on these ports and they still run."""
    running = folder.find_running() if folder.find_first_port() == ports.first else {}
    if not running:
        return f"port {port} is in use; choose four free ones with QUYEN_DEMO_PORT"
    names = ", ".join(f"{name} {pid}" for name, pid in running.items())
    stop = "kill " + " ".join(str(pid) for pid in running.values())
    return f"port {port} is in use by this demo itself ({names}): end it where it runs, or with: {stop}"


async def _run(folder: Any, ports: Any) -> None:
    from gateway.cli.demo import children as started
    from gateway.cli.demo import files, summary
    from gateway.terms.entropy import SystemEntropy

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    files.prepare(folder, ports, SystemEntropy())
    children: list[started.Child] = []
    urls: list[str] = []
    try:
        seeded = folder.read_json("seeded.json") if (folder.path / "seeded.json").exists() else None
        if seeded is None:
            seeded = await summary.seed_records(folder, ports, SystemEntropy())
        summary.write_sample_app(folder, ports, seeded)
        for name, arguments, url in _programs(folder, ports):
            children.append(await started.start(name, arguments, folder.path / f"{name}.log"))
            urls.append(url)
        for child, url in zip(children, urls, strict=True):  # all of them load at once
            await started.wait_until_ready(child, url)
        if not folder.is_seeded:
            await summary.seed_grant(ports, seeded)
        facts = await summary.write_summary(folder, ports, seeded, {c.name: c.process.pid for c in children})
        summary.print_table(facts)
        for line in files.list_warnings(folder, await started.read_state(f"{ports.gateway}/readyz")):
            click.echo(line)
        click.echo("ready")
        await _until(stopped, children)
    finally:
        await started.stop(children)


async def _until(stopped: asyncio.Event, children: list[Any]) -> None:
    from gateway.cli.demo.children import DidNotStart

    waits = {asyncio.ensure_future(child.process.wait()): child for child in children}
    stop = asyncio.ensure_future(stopped.wait())
    done, pending = await asyncio.wait({stop, *waits}, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    for each in done & waits.keys():
        raise DidNotStart(f"{waits[each].name} ended by itself; see {waits[each].log}")


def _programs(folder: Any, ports: Any) -> list[tuple[str, list[str], str]]:
    return [
        ("sandbox", ["gateway.sandbox", "--config", str(folder.sandbox_config)], f"{ports.sandbox}/"),
        ("gateway", ["gateway.cli", "--env-file", str(folder.env_file), "serve"], f"{ports.gateway}/readyz"),
        (
            "sample_app",
            ["gateway.sandbox.sample_app", "--config", str(folder.sample_app_config)],
            f"{ports.sample_app}/",
        ),
    ]
