"""Files and functions stay small enough to be read."""

import ast
from collections.abc import Iterator

from tests.architecture.tree import Source, list_breaches, list_files, list_python

FILE_LINES = 500
FUNCTION_LINES = 60
NESTING = 3
CODE = (".py", ".html", ".css", ".js", ".sh", ".lua")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def check_file(file: Source) -> Iterator[str]:
    """Refuse a file that is too long; migrations are written once and never read again as a whole."""
    lines = file.text.count("\n")
    if file.path.endswith(CODE) and "/migrations/" not in file.path and lines > FILE_LINES:
        yield f"{lines} lines"


def check_functions(file: Source) -> Iterator[str]:
    """Refuse a function that is too long or too deeply nested."""
    for node in ast.walk(file.syntax):
        if isinstance(node, FUNCTIONS) and "/migrations/" not in file.path:
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"
            if measure_depth(node.body) > NESTING:
                yield f"{node.name} is nested {measure_depth(node.body)} deep"


def measure_depth(statements: list[ast.stmt]) -> int:
    """Count how deep blocks stand in each other; `elif` is no deeper than its `if`, an inner function counts anew."""
    return max((_depth(statement) for statement in statements), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0
    bodies = [getattr(statement, name, []) for name in ("body", "finalbody")]
    bodies += [part.body for part in getattr(statement, "handlers", []) + getattr(statement, "cases", [])]
    inner = max(1 + measure_depth(body) for body in bodies if body) if any(bodies) else 1
    orelse: list[ast.stmt] = getattr(statement, "orelse", [])
    is_elif = isinstance(statement, ast.If) and len(orelse) == 1 and isinstance(orelse[0], ast.If)
    return max(inner, measure_depth(orelse) + (0 if is_elif else 1) if orelse else 0)


def test_no_file_is_too_long() -> None:
    """No code file has more than 500 lines."""
    assert list_breaches(check_file, list_files()) == []


def test_no_function_is_too_long_or_too_deep() -> None:
    """No function has more than 60 lines or blocks nested more than 3 deep."""
    assert list_breaches(check_functions, list_python()) == []


def test_the_rules_bite() -> None:
    """A long file, a long function and a deep one are each found; `elif` and an inner function are not depth."""
    long_function = "def f():\n" + "    x = 1\n" * 60
    deep = "def f():\n for a in b:\n  if a:\n   with a:\n    while a:\n     pass\n"
    flat = "def f():\n if a:\n  pass\n elif b:\n  pass\n elif c:\n  pass\n else:\n  try:\n   g()\n  finally:\n   h()\n"
    inner = "def f():\n for a in b:\n  for c in a:\n   def g():\n    for d in c:\n     for e in d:\n      pass\n"
    assert list(check_file(Source("gateway/x.py", "\n" * 501))) == ["501 lines"]
    assert list(check_functions(Source("x.py", long_function))) == ["f has 61 lines"]
    assert list(check_functions(Source("x.py", deep))) == ["f is nested 4 deep"]
    assert list(check_functions(Source("x.py", flat))) == []
    assert list(check_functions(Source("x.py", inner))) == []
