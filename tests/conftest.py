"""What every test may ask for: a clock and entropy that it controls, and the real services."""

import logging
import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path
from types import FrameType

import hypothesis
import pytest
import structlog

from tests.services.browser import FAILED, browser, page, visitors
from tests.services.kiotviet_tap import kiotviet_tap
from tests.services.loopback import allow_loopback_only
from tests.services.peers import peer_folder
from tests.services.postgres_server import postgres_server, postgres_url
from tests.services.redis_server import redis_server, redis_url
from tests.services.synapse_server import synapse
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.dialects import share_compiled_statements
from tests.stand_ins.entropy import SeededEntropy

__all__ = [
    "browser",
    "kiotviet_tap",
    "page",
    "peer_folder",
    "postgres_server",
    "postgres_url",
    "redis_server",
    "redis_url",
    "synapse",
    "visitors",
]

SERVICES = frozenset({"browser", "kiotviet_tap", "peer_folder", "postgres_server", "redis_server", "synapse"})

MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 2 << 30

allow_loopback_only()
share_compiled_statements()
# Thousands of small databases are synced to their disk for nothing: they stand in memory where there is room.
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
# A loaded machine is no defect: no test asserts wall-clock time, hypothesis included. A run repeats the one before it;
# what no run has tried yet is looked for at length (make test-long).
hypothesis.settings.register_profile("quyen", deadline=None, derandomize=True)
hypothesis.settings.load_profile("quyen")


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End the run. With a handler of ours asyncio puts none of its own around every fixture and test."""
    raise KeyboardInterrupt


signal.signal(signal.SIGINT, interrupt)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still until the test advances it."""
    return ManualClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    """Return randomness that is the same in every run."""
    return SeededEntropy()


@pytest.fixture(params=[20, pytest.param(200, marks=pytest.mark.long)], ids="{}-rounds".format)
def rounds(request: pytest.FixtureRequest) -> int:
    """Return how often a race is run: 20 times, at length 200 times."""
    return int(request.param)


@pytest.fixture(autouse=True)
def log_left_alone() -> Generator[None]:
    """Take back what a test set up of the process's log: a command and a server each write it their own way."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a real service; and what reads the code and runs none of it, which is not measured."""
    for item in items:
        if "tests/architecture/" in item.nodeid:
            item.add_marker("no_cover")
        if SERVICES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("service")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure, so that the browser's fixture takes a picture before its pages close."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report
