"""The floors of the house: the import contracts hold, and each of them bites."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

LINT = Path(sys.executable).parent / "lint-imports"
FLOORS = ["cli", "sandbox", "doors", "acts", "authority", "platforms", "records", "ground", "terms"]
ROOMS = ["doors/oauth", "doors/person", "doors/consoles", "doors/consoles/developers", "doors/consoles/operators"]
ROOMS += ["records/grants", "records/trace", "platforms/zalo", "platforms/matrix", "ground/vault", "ground/web"]
MODULES = ["server", "settings", "acts/decide", "acts/withdraw", "authority/leases", "authority/verdict"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of pyproject.toml on the tree in `folder`."""
    argv = [str(LINT), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_imports_point_down_the_floors() -> None:
    """The contracts of pyproject.toml hold for the code as it is."""
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Build an empty house: every floor, some rooms on each."""
    for package in ["gateway", "scopes", *(f"gateway/{name}" for name in FLOORS + ROOMS)]:
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
    for module in MODULES:
        (tmp_path / "gateway" / f"{module}.py").touch()
    return tmp_path


def test_the_empty_house_stands(house: Path) -> None:
    """The control: with no imports, and with those that point down, every contract is kept."""
    (house / "gateway/acts/decide.py").write_text("import gateway.records.grants\nimport scopes\n")
    result = lint(house)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "module,imported",
    [
        ("terms/__init__", "gateway.ground.vault"),
        ("records/grants/__init__", "gateway.acts.decide"),
        ("acts/decide", "gateway.doors.oauth"),
        ("settings", "gateway.server"),
        ("authority/verdict", "gateway.platforms.zalo"),
        ("doors/oauth/__init__", "gateway.doors.person"),
        ("doors/oauth/__init__", "gateway.settings"),
        ("doors/consoles/developers/__init__", "gateway.doors.consoles.operators"),
        ("acts/decide", "gateway.acts.withdraw"),
        ("authority/verdict", "gateway.authority.leases"),
        ("platforms/zalo/__init__", "gateway.platforms.matrix"),
        ("records/grants/__init__", "gateway.records.trace"),
        ("ground/web/__init__", "gateway.ground.vault"),
    ],
)
def test_a_wrong_import_is_found(house: Path, module: str, imported: str) -> None:
    """An import up a floor, or into the room beside, breaks a contract."""
    (house / "gateway" / f"{module}.py").write_text(f"import {imported}\n")
    result = lint(house)
    assert result.returncode == 1
    assert imported in result.stdout


def test_the_catalogue_may_not_know_the_gateway(house: Path) -> None:
    """`scopes` is a library: importing the gateway from it breaks a contract."""
    (house / "scopes/__init__.py").write_text("import gateway.terms\n")
    assert lint(house).returncode == 1


def test_a_new_floor_must_be_placed(house: Path) -> None:
    """A new room on the top level is refused until somebody says which floor it is."""
    shutil.copytree(house / "gateway/terms", house / "gateway/extras")
    result = lint(house)
    assert result.returncode == 1
    assert "extras" in result.stdout
