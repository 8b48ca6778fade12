"""One demo for the whole run: started as a newcomer starts it, stopped as by Ctrl-C."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.journeys.demo.running import RunningDemo
from tests.journeys.demo.walking import Walker
from tests.services.browser import Visitors

Arrive = Callable[..., Awaitable[Walker]]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """Yield the running demo; afterwards it must end by itself with exit 0."""
    running = RunningDemo(Path(tmp_path_factory.mktemp("demo")) / "demo")
    try:
        running.start()
        yield running
        assert running.stop() == 0, running.said
    finally:
        running.kill()


@pytest.fixture
def walker(page: Page, demo: RunningDemo) -> Walker:
    """Return a person who has just arrived."""
    return Walker(page, demo)


@pytest.fixture
def arrive(visitors: Visitors, demo: RunningDemo) -> Arrive:
    """Return a way for more people to arrive; options are those of a browser context."""

    async def _arrive(**options: object) -> Walker:
        return Walker(await visitors.arrive(**options), demo)

    return _arrive
