"""Names say what a thing is: no drawers."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

from tests.architecture.tree import Source, list_breaches, list_python

DRAWERS = re.compile(r"^(helper|util|utilitie|common|manager|misc|miscellaneou|data|info|process|processe)s?$")


def check_module(file: Source) -> Iterator[str]:
    """Refuse a module or package whose name, or its last word, is a drawer's."""
    name = PurePath(file.path).parent.name if file.path.endswith("__init__.py") else PurePath(file.path).stem
    if DRAWERS.match(name.split("_")[-1]):
        yield f"module name {name!r}"


def check_classes(file: Source) -> Iterator[str]:
    """Refuse a class whose name, or its last word, is a drawer's."""
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.ClassDef):
            words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", node.name)
            if words and DRAWERS.match(words[-1].lower()):
                yield f"class name {node.name!r}"


def test_no_module_is_a_drawer() -> None:
    """No module or package is called helper, util, common, manager, misc, data, info or process, or ends so."""
    assert list_breaches(check_module, list_python()) == []


def test_no_class_is_a_drawer() -> None:
    """No class is called so, or ends so."""
    assert list_breaches(check_classes, list_python()) == []


def test_the_rules_bite() -> None:
    """Drawers are found in each spelling, and words that only hold one are not."""
    for path in ("gateway/utils.py", "gateway/doors/common/__init__.py", "gateway/page_helpers.py"):
        assert list(check_module(Source(path, ""))) != []
    for path in ("gateway/userinfo.py", "gateway/database.py", "gateway/processing.py"):
        assert list(check_module(Source(path, ""))) == []
    for name, found in (("GrantManager", 1), ("HTTPInfo", 1), ("Data", 1), ("DataSubject", 0), ("Metadata", 0)):
        assert len(list(check_classes(Source("x.py", f"class {name}: pass")))) == found
