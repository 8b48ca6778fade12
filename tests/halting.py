"""A step that a test halts: what it found is held back until the test says go on."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Halt:
    """Where a step stands still: `reached` once it has found something, which comes out after `go_on`."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Wait until the step stands there."""
        await asyncio.wait_for(self.reached.wait(), 5)


def halt_after(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> Halt:
    """Let a class's coroutine halt between what it found and its answer."""
    step, halt = getattr(owner, name), Halt()

    async def halting(*args: Any, **kwargs: Any) -> Any:
        found = await step(*args, **kwargs)
        halt.reached.set()
        await halt.go_on.wait()
        return found

    monkeypatch.setattr(owner, name, halting)
    return halt
