"""The wheel holds what the program reads at run time, and nothing of the workshop."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.architecture.tree import list_files
from tests.architecture.wheel import build_wheel


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel once and return the names in it."""
    with ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as wheel:
        return set(wheel.namelist())


def test_nothing_is_left_out(packed: set[str]) -> None:
    """Code, catalogue, templates, static files, translations and migrations of the tree are in the wheel."""
    wanted = {file.path for file in list_files() if file.is_in("gateway", "scopes")}
    assert sorted(wanted - packed) == []


def test_translations_are_compiled(packed: set[str]) -> None:
    """For each .po there is the .mo that is really read."""
    sources = {name for name in packed if name.endswith(".po")}
    assert sorted(str(Path(name).with_suffix(".mo")) for name in sources if name[:-2] + "mo" not in packed) == []


def test_the_workshop_stays_at_home(packed: set[str]) -> None:
    """Tests, tools and papers are not installed; the command `quyen` is."""
    assert {name.split("/")[0] for name in packed if ".dist-info" not in name} <= {"gateway", "scopes"}
    assert any(name.endswith("entry_points.txt") for name in packed)
