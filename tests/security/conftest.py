"""A fresh gateway with the person's door served, or with the consoles, and browsers, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.http.consoles_origin import consoles, operator
from tests.journeys.http.origin import Browser, Origin, fresh_origin
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.receiver import Receiver, receiving

__all__ = ["consoles", "operator"]  # fixtures that stand beside what they serve


@pytest.fixture
async def origin(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Origin]:
    """Yield the served origin."""
    async with fresh_origin(tmp_path, clock, entropy) as origin:
        yield origin


@pytest.fixture
async def browser(origin: Origin) -> AsyncIterator[Browser]:
    """Yield the owner's browser, signed in."""
    async with origin.browser() as browser:
        yield await browser.sign_in_as(origin.scene.owner)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield the app's server."""
    async with receiving() as receiver:
        yield receiver
