"""The papers as the tests read them: Markdown files, their code, their links, the commands that they name."""

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePath

import click

from gateway.cli.main import main
from tests.architecture.tree import ROOT, Source, list_files

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)
SHELL_PROMPT = ".venv/bin/"


@lru_cache(maxsize=1)
def list_papers() -> tuple[Source, ...]:
    """Return every Markdown file of the tree."""
    return tuple(file for file in list_files() if file.path.endswith(".md"))


def read_paper(path: str) -> str:
    """Return one paper's text."""
    return next(file.text for file in list_papers() if file.path == path)


def list_fences(text: str, language: str | None = None) -> list[str]:
    """Return the fenced blocks (of one language, if it is named), without their fences."""
    return [block for found, block in FENCE.findall(text) if language in {None, found}]


def list_code(text: str) -> Iterator[str]:
    """Yield each line of fenced blocks and each inline piece of code."""
    for block in list_fences(text):
        yield from (line.strip() for line in block.splitlines() if line.strip())
    yield from INLINE.findall(FENCE.sub("", text))


def list_rows(text: str) -> list[list[str]]:
    """Return the cells of every row of every table, without heads' rules."""
    rows = [[cell.strip() for cell in row.split(" | ")] for row in ROW.findall(text)]
    return [row for row in rows if not set("".join(row)) <= set("-|")]


def list_commands(text: str, program: str) -> list[list[str]]:
    """Return each command line of `program` that a text names, as words after the program's name."""
    lines = [line.split(" #")[0].removeprefix(SHELL_PROMPT) for line in list_code(text)]
    return [shlex.split(line)[1:] for line in lines if line == program or line.startswith(f"{program} ")]


def list_dead_links(paper: Source) -> Iterator[str]:
    """Yield the relative links of a paper that lead nowhere."""
    for target in LINK.findall(FENCE.sub("", paper.text)):
        path = target.partition("#")[0]
        if path and "://" not in path and not (ROOT / PurePath(paper.path).parent / path).exists():
            yield f"links {target}"


def list_dead_paths(paper: Source) -> Iterator[str]:
    """Yield the paths of the tree that a paper names and that are not there."""
    for code in list_code(paper.text):
        path = code.partition("::")[0].partition(" ")[0]
        is_ours = path.startswith(("gateway/", "scopes/", "tests/", "docs/", "tools/")) and "<" not in path
        if is_ours and not (ROOT / path).exists():
            yield f"names {code}"


def find_fault(words: list[str]) -> str | None:
    """Find what is wrong with a `quyen` command line: a command or an option that does not exist."""
    command: click.Command = main
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            option = _find_option(command, word)
            if option is None and word not in {"--help", "--version"}:
                return f"{command.name} has no option {word}"
            if option is not None and not option.is_flag:
                next(rest, "")
        elif isinstance(command, click.Group):
            inner = command.get_command(click.Context(command), word)
            if inner is None:
                return f"{command.name} has no command {word}"
            command = inner
    return None


def _find_option(command: click.Command, name: str) -> click.Option | None:
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return next((option for option in options if name in option.opts), None)
