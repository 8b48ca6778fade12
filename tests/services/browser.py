"""A real Chromium: one for the run, fresh contexts (cookies, storage) for each test, nothing but loopback in reach.

A test fails when its pages write an error to the console or throw, unless it names the error on purpose:
`@pytest.mark.console_errors("status of 403")`.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, async_playwright

from tests.services.child import find_program

ARTIFACTS = Path(__file__).parents[2] / ".test-artifacts"
PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
STEP_MILLISECONDS = 10_000


class Visitors:
    """Opens browser contexts for one test, one for each person in it, and notes what goes wrong in their pages."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    async def arrive(self, **options: Any) -> Page:
        """Let one more person arrive with an empty browser; `options` are those of playwright's `new_context`."""
        setting = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh", "viewport": {"width": 1280, "height": 900}}
        context = await self._browser.new_context(**(setting | options))
        self._contexts.append(context)
        context.set_default_timeout(STEP_MILLISECONDS)
        context.on("console", self._note_console)
        context.on("weberror", lambda thrown: self.errors.append(f"thrown: {thrown.error}"))
        return await context.new_page()

    async def picture(self, folder: Path) -> None:
        """Save what each open page shows."""
        folder.mkdir(parents=True, exist_ok=True)
        pages = [page for context in self._contexts for page in context.pages]
        for number, page in enumerate(pages, start=1):
            try:
                await page.screenshot(path=folder / f"{number}.png", full_page=True)
            except Error as trouble:  # a crashed page has no picture; the test's own failure matters more
                (folder / f"{number}.txt").write_text(str(trouble))

    async def leave(self) -> None:
        """Close every context."""
        for context in self._contexts:
            await context.close()

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')})")


def list_unexpected(errors: list[str], patterns: tuple[str, ...]) -> list[str]:
    """Return the errors that no pattern names."""
    return [error for error in errors if not any(re.search(pattern, error) for pattern in patterns)]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield one Chromium for the whole run."""
    chosen = os.environ.get("QUYEN_TEST_CHROMIUM") or next(
        (name for name in PROGRAMS if shutil.which(name)), PROGRAMS[0]
    )
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=find_program(chosen), args=["--no-sandbox", LOOPBACK_ONLY]
        )
        yield started
        await started.close()


@pytest.fixture
async def visitors(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visitors]:
    """Yield the way in for any number of people; afterwards fail on what their browsers complained about."""
    people = Visitors(browser)
    yield people
    allowed = tuple(pattern for mark in request.node.iter_markers("console_errors") for pattern in mark.args)
    unexpected = list_unexpected(people.errors, allowed)
    if unexpected or request.node.stash.get(FAILED, False):
        await people.picture(artifact_folder(request.node))
    await people.leave()
    assert not unexpected, "the browser complained: " + "; ".join(unexpected)


@pytest.fixture
async def page(visitors: Visitors) -> Page:
    """Return the page of a person who has just arrived."""
    return await visitors.arrive()


FAILED = pytest.StashKey[bool]()


def artifact_folder(item: pytest.Item) -> Path:
    """Return where a test leaves its pictures."""
    return ARTIFACTS / re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")
