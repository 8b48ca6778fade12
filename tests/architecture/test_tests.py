"""Tests are held to rules too: each says what it shows, shows something, and always runs."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from tests.architecture.tree import Rule, Source, list_breaches, list_python

CLAIM = re.compile(r"^(assert|expect|check|raises|verify|fail)")
SWITCHES = {"skip", "skipif", "skipIf", "xfail"}
SLEEPERS = ("tests/services", "tests/faults", "tests/journeys/demo")  # they wait for real processes


def list_tests(file: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the test functions of a file, those in classes too."""
    for node in ast.walk(file.syntax) if PurePath(file.path).name.startswith("test_") else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def check_docstring(file: Source) -> Iterator[str]:
    """A test says in a sentence what it shows."""
    for test in list_tests(file):
        said = ast.get_docstring(test) or ""
        if not said.split("\n")[0].endswith("."):
            yield f"{test.name} has no sentence"


def check_claim(file: Source) -> Iterator[str]:
    """A test claims something: an assert, an expected error, or a call that checks."""
    for test in list_tests(file):
        names = {_called(node) for node in ast.walk(test) if isinstance(node, ast.Call)}
        claims = any(isinstance(node, ast.Assert) for node in ast.walk(test)) or any(map(CLAIM.match, names))
        if not claims:
            yield f"{test.name} asserts nothing"


def check_runs(file: Source) -> Iterator[str]:
    """A test always runs: nobody switches one off, and nobody sleeps where the clock can be advanced."""
    for test in list_tests(file):
        marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in test.decorator_list]
        if any(ast.unparse(mark).split(".")[-1] in SWITCHES for mark in marks):
            yield f"{test.name} is switched off"
    if not file.is_in(*SLEEPERS):
        calls = [node for node in ast.walk(file.syntax) if isinstance(node, ast.Call)]
        yield from (f"line {node.lineno} sleeps" for node in calls if ast.unparse(node.func) == "time.sleep")


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize("rule", [check_docstring, check_claim, check_runs])
def test_tests_keep_the_rules(rule: Rule) -> None:
    """Every test has a sentence and a claim, and runs."""
    assert list_breaches(rule, list_python("tests")) == []


@pytest.mark.parametrize(
    "rule,text",
    [
        (check_docstring, "def test_a():\n assert 1"),
        (check_claim, "async def test_a():\n '''It.'''\n await run()"),
        (check_runs, "import pytest\n@pytest.mark.skip(reason='later')\ndef test_a():\n assert f()"),
        (check_runs, "import pytest\nclass TestA:\n @pytest.mark.xfail\n def test_a(self):\n  assert f()"),
        (check_runs, "import time\ndef test_a():\n time.sleep(1)\n assert f()"),
    ],
)
def test_the_rules_bite(rule: Rule, text: str) -> None:
    """Each way to write a test that shows nothing is found."""
    assert list(rule(Source("tests/unit/test_x.py", text))) != []
