"""The tree as the architecture tests read it: every file that is, or is about to be, in the repository."""

import ast
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One text file: its path from the root, its text and, for Python, its syntax tree."""

    path: str
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        """Parse the file."""
        return ast.parse(self.text, self.path)

    def is_in(self, *folders: str) -> bool:
        """Tell whether the file is one of, or stands below one of, `folders`."""
        return any(self.path == folder or self.path.startswith(f"{folder}/") for folder in folders)


Rule = Callable[[Source], Iterable[str]]


@lru_cache(maxsize=1)
def list_files() -> tuple[Source, ...]:
    """Return every text file that git knows or would add."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    paths = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(source for path in sorted(set(paths)) if path for source in _read(path))


def list_python(*folders: str) -> list[Source]:
    """Return the Python files below `folders` (all, where none is named)."""
    return [file for file in list_files() if file.path.endswith(".py") and (not folders or file.is_in(*folders))]


def list_breaches(rule: Rule, files: Iterable[Source]) -> list[str]:
    """Return what breaks a rule, as `path: what`."""
    return [f"{file.path}: {what}" for file in files for what in rule(file)]


def list_imports(module: ast.Module) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, at any depth of the code."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _read(path: str) -> Iterator[Source]:
    try:
        yield Source(path, (ROOT / path).read_text())
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return  # a picture; a file that is deleted but not committed; a link to a folder
