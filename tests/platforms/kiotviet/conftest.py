"""A stage that the tests of a file share, and an app on it that may do everything."""

from collections.abc import AsyncIterator

import pytest

from scopes import load_catalogue
from tests.platforms.kiotviet.stage import Stage, kiotviet_stage
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import AppCaller


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Yield a stage; a test leaves it as it found it, or changes what no other test looks at."""
    async with kiotviet_stage(tmp_path_factory.mktemp("shared")) as stage:
        yield stage


@pytest.fixture(scope="module")
async def everything(shared: Stage) -> AppCaller:
    """Return an app to which every scope was granted."""
    return await app_with(shared, *load_catalogue().platforms["kiotviet"].scopes)
