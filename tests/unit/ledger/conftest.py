"""The verifier's bench, for each test."""

from pathlib import Path

import pytest

from tests.unit.ledger.verifying import Bench


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    """A folder with the log's key."""
    return Bench(tmp_path, capsys)
