"""Each package says at its door what it owns, what it must not know and how to add one more."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

from tests.architecture.tree import Source, list_breaches, list_imports, list_python

PROMISES = ("owns", "must not know", "to add")
HOUSE = "gateway/__init__.py"  # says the order of the floors instead
ONE_ROOM = "settings"  # three files of one thing, which nobody wants a part of
FLOOR = re.compile(r"^gateway/(\w+)/__init__\.py$")


def check_door(file: Source) -> Iterator[str]:
    """Refuse a package without the three sentences."""
    if file.path.endswith("/__init__.py") and file.path != HOUSE:
        said = (ast.get_docstring(file.syntax) or "").lower()
        yield from (f"its docstring does not say {promise!r}" for promise in PROMISES if promise not in said)


def check_floor(file: Source) -> Iterator[str]:
    """Refuse a floor's door that imports one of its rooms: importing the floor would pull in all of it."""
    floor = FLOOR.match(file.path)
    if floor and floor.group(1) != ONE_ROOM:
        inside = f"gateway.{floor.group(1)}."
        yield from (f"imports {name}" for name in list_imports(file.syntax) if name.startswith(inside))


def test_every_package_has_its_door_text() -> None:
    """Every package of the product says: owns, must not know, to add one more."""
    assert list_breaches(check_door, list_python("gateway", "scopes")) == []


def test_no_floor_imports_its_rooms() -> None:
    """A floor's `__init__` imports none of its rooms; server.py holds the registries."""
    assert list_breaches(check_floor, list_python("gateway")) == []


def test_every_folder_with_code_is_a_package() -> None:
    """A forgotten `__init__` would hide a room from the import contracts; only migrations do without."""
    product = list_python("gateway", "scopes")
    paths = {file.path for file in product}
    folders = {str(PurePath(path).parent) for path in paths if "/migrations/" not in path}
    assert [folder for folder in sorted(folders) if f"{folder}/__init__.py" not in paths] == []


def test_the_rules_bite() -> None:
    """A bare door and a floor that imports its room are found."""
    bare = Source("gateway/doors/oauth/__init__.py", '"""Owns: much."""')
    assert len(list(check_door(bare))) == 2
    assert list(check_floor(Source("gateway/acts/__init__.py", "from gateway.acts.decide import decide"))) != []
    assert list(check_floor(Source("gateway/acts/__init__.py", "from gateway.terms.ids import GrantId"))) == []
