"""What is left of a demo that was killed: its children end with it, and what still holds its ports is named."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.demo.command import _why_busy
from gateway.cli.demo.files import DemoFolder, Ports, list_warnings

ROOT = Path(__file__).parents[3]
SLEEPER = "import signal, sys, time\nprint('up', sys.argv[1:], flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a child of the demo that would go on for a minute."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.cli.demo.child", "sleeper", "--one"],
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        yield started
        started.kill()


def made(folder: Path, first: int, processes: dict[str, int]) -> DemoFolder:
    """Return a folder as a start leaves it."""
    demo = DemoFolder(folder / "demo")
    demo.write_json("seeded.json", {"apps": [{"redirect_uris": [f"http://127.0.0.1:{first + 3}/callback"]}]})
    demo.write_json("demo.json", {"processes": processes})
    return demo


def test_a_child_ends_with_the_demo(child: subprocess.Popen[str]) -> None:
    """It runs the module with its own arguments until the pipe closes, as it does when the demo is killed."""
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "up ['--one']\n"
    assert child.poll() is None
    child.stdin.close()
    assert child.wait(10) == -15


def test_a_busy_port_names_the_demos_own_processes(child: subprocess.Popen[str], tmp_path: Path) -> None:
    """Whoever holds the port is named with what ends it; a number that another program has by now is not."""
    assert child.stdout is not None
    child.stdout.readline()
    demo = made(tmp_path, 8400, {"gateway": child.pid, "sandbox": os.getpid()})
    try:
        told = _why_busy(8400, demo, Ports(8400))
        assert told.endswith(f"(gateway {child.pid}): end it where it runs, or with: kill {child.pid}")
        assert "QUYEN_DEMO_PORT" in _why_busy(9400, demo, Ports(9400))
    finally:
        child.communicate(timeout=10)
    assert "QUYEN_DEMO_PORT" in _why_busy(8400, demo, Ports(8400))


def test_a_log_that_does_not_verify_is_said_at_the_start(tmp_path: Path) -> None:
    """Above `ready` stands how much does not hold, and how to see what; a log that holds needs no word."""
    demo = DemoFolder(tmp_path)
    told = list_warnings(demo, {"faults": 2})
    assert "DOES NOT VERIFY" in told[0]
    assert "Faults: 2" in told[0]
    assert "log verify" in told[1]
    assert list_warnings(demo, {"faults": 0}) == []
