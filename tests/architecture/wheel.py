"""Quyen's wheel, built the way the Dockerfile builds it: from what is in the repository, offline, in a clean folder."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT, list_files

COPIED = ("gateway", "scopes", "pyproject.toml", "tools/build_texts.sh")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def build_wheel(folder: Path) -> Path:
    """Copy the sources to `folder`, compile the texts, build there; return the wheel's path."""
    source = folder / "source"
    for file in list_files():
        if file.is_in(*COPIED):
            target = source / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file.path, target)
    run([str(source / "tools/build_texts.sh"), str(Path(sys.executable).parent / "pybabel")])
    run([*PIP, "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source)])
    return next(folder.glob("quyen-*.whl"))


def install_wheel(wheel: Path, folder: Path) -> None:
    """Unpack a wheel, with its commands, below `folder`."""
    run([*PIP, "install", "-q", "--no-index", "--no-deps", "--target", str(folder), str(wheel)])


def run(argv: list[str]) -> None:
    """Run a step; a failure shows what it wrote."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
