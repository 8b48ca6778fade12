"""`docs/verify.py`, run as a stranger runs it on a receipt."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

VERIFY = Path(__file__).parents[3] / "docs/verify.py"
Script = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def run_script(tmp_path: Path) -> Script:
    """Return what runs `docs/verify.py` on a receipt and key lines, in a process of its own."""

    async def run(receipt: bytes, *keys: str) -> tuple[int, str]:
        key, file = tmp_path / "key", tmp_path / "receipt.json"
        key.write_text("\n".join(keys))
        file.write_bytes(receipt)
        argv = [sys.executable, str(VERIFY), "--receipt", str(file), "--key", str(key)]
        done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout

    return run
