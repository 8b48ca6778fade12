"""A stage that the tests of a file share, and two apps on it: one that may do everything, one that may do one thing."""

from collections.abc import AsyncIterator

import pytest

from tests.platforms.zalo.apps import EVERY_SCOPE, app_with
from tests.platforms.zalo.stage import AppCaller, Stage, zalo_stage


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Yield a stage; a test leaves it as it found it, or changes what no other test looks at."""
    async with zalo_stage(tmp_path_factory.mktemp("shared")) as stage:
        yield stage


@pytest.fixture(scope="module")
async def everything(shared: Stage) -> AppCaller:
    """Return an app to which every scope was granted."""
    return await app_with(shared, *EVERY_SCOPE)
