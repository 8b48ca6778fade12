"""The demo's folder, filled again after it broke off anywhere."""

from pathlib import Path

import pytest

from gateway.cli.demo.files import DemoFolder, Ports, prepare
from tests.stand_ins.entropy import SeededEntropy


@pytest.mark.parametrize("lost", [[], ["zalo-app.secret"], ["master.key"], ["master.key", "zalo-app.secret"]])
def test_keys_are_made_once_each_whichever_is_missing(tmp_path: Path, lost: list[str]) -> None:
    """A start that was killed between two files is taken up again; what is there stays."""
    folder = DemoFolder(tmp_path / "demo")
    prepare(folder, Ports(8400), SeededEntropy("first"))
    kept = {name: (folder.path / name).read_bytes() for name in ("master.key", "zalo-app.secret")}
    for name in lost:
        (folder.path / name).unlink()
    prepare(folder, Ports(8400), SeededEntropy("second"))
    for name, content in kept.items():
        path = folder.path / name
        assert (path.read_bytes() == content) is (name not in lost)
        assert path.stat().st_mode & 0o777 == 0o600
