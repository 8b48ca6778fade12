"""The papers are true: commands run, links lead somewhere, what is named exists, what is generated is fresh."""

import ast
import re
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from gateway.cli.config_docs import list_settings, render_settings
from gateway.doors.calls.problems import PROBLEMS
from gateway.doors.management.problems import PROBLEMS as OWN_PROBLEMS
from gateway.doors.oauth.authorize import PAGE_STATUS
from gateway.doors.oauth.errors import ERRORS
from gateway.doors.person.errors import STATUS
from gateway.server.rounds import ROUNDS
from scopes import load_catalogue, render_docs
from tests.architecture.papers import (
    INLINE,
    find_fault,
    list_code,
    list_commands,
    list_dead_links,
    list_dead_paths,
    list_fences,
    list_papers,
    list_rows,
    read_paper,
)
from tests.architecture.reasons import list_reasons
from tests.architecture.test_tests import list_tests
from tests.architecture.tree import ROOT, Rule, Source, list_breaches, list_files, list_python

HARMLESS = {"--help", "scopes check", "scopes list"}
SETTING = re.compile(r"\bQUYEN_[A-Z_]*[A-Z]\b")
PAPER = re.compile(r"(?<![\w*./-])[\w./-]+\.md\b")
PROMISE = re.compile(r"(?<![\w/+=-])[IR][1-9][0-9]?(?![\w/+=-])")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
PICTURE_BYTES = 250_000
PICTURE_WIDTH = 1280
SCREEN_LINES = 60
CALL_CELLS = 5
FLOORS_OF_ROOMS = ("doors", "platforms", "records", "ground")


def list_made() -> list[list[str]]:
    """Return every `make` command line of the papers."""
    return [words for paper in list_papers() for words in list_commands(paper.text, "make")]


def test_settings_are_what_the_command_prints() -> None:
    """docs/configuration.md is what `quyen config docs` prints."""
    assert read_paper("docs/configuration.md") == render_settings()


def test_scopes_are_what_the_command_prints() -> None:
    """docs/scopes.md is what `quyen scopes docs` prints."""
    assert read_paper("docs/scopes.md") == render_docs(load_catalogue())


@pytest.mark.parametrize("command", ["config docs", "scopes docs"])
def test_the_generators_are_commands(command: str) -> None:
    """Both generators run by the command line and print the page, with nothing set in the environment."""
    page = {"config docs": "docs/configuration.md", "scopes docs": "docs/scopes.md"}[command]
    run = subprocess.run(
        [sys.executable, "-m", "gateway.cli", *command.split()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == read_paper(page)


def test_readme_commands_run() -> None:
    """Every line of a `sh` block of the README is run if it is harmless, and is else one of ours to start."""
    lines = [line for block in list_fences(read_paper("README.md"), "sh") for line in block.splitlines()]
    run = [line.removeprefix("quyen ") for line in lines if line.startswith("quyen ")]
    assert set(run) == HARMLESS
    assert [line for line in lines if not line.startswith(("quyen ", "make "))] == []
    for line in run:
        subprocess.run([sys.executable, "-m", "gateway.cli", *line.split()], cwd=ROOT, capture_output=True, check=True)


def test_commands_exist() -> None:
    """Every `quyen` command that a paper names exists, with the options that stand there."""
    found = [(paper.path, words) for paper in list_papers() for words in list_commands(paper.text, "quyen")]
    assert len(found) > 20
    assert [(path, words) for path, words in found if find_fault(words)] == []


def test_make_targets_exist() -> None:
    """Every `make` target that a paper names exists."""
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    assert {"demo", "test"} <= {words[0] for words in list_made() if words}
    assert [words for words in list_made() if words and words[0] not in targets] == []


@pytest.mark.parametrize("rule", [list_dead_links, list_dead_paths])
def test_nothing_named_is_missing(rule: Rule) -> None:
    """Every relative link of a paper leads somewhere, and every path of the tree that it names is there."""
    assert list_breaches(rule, list_papers()) == []


def test_settings_that_papers_name_exist() -> None:
    """No paper names a setting that there is not."""
    known = {*list_settings(), "QUYEN_DEMO_PORT"}
    known |= {f"{name}_FILE" for name in known}
    named = {name for paper in list_papers() for name in SETTING.findall(paper.text)}
    assert named - known == set()


def test_code_names_only_settings_that_exist() -> None:
    """The Dockerfile and the demo's own settings name no setting that there is not."""
    known = {*list_settings(), "QUYEN_DEMO_PORT"}
    known |= {f"{name}_FILE" for name in known}
    places = [file for file in list_files() if file.path in {"Dockerfile", "gateway/cli/demo/files.py"}]
    assert {name for file in places for name in SETTING.findall(file.text)} - known == set()


def test_every_problem_is_documented() -> None:
    """docs/errors.md has a row for each code of a call, with its status, Zalo's code and Matrix' errcode."""
    rows = {row[0].strip("`"): row[1:4] for row in list_rows(read_paper("docs/errors.md")) if len(row) == CALL_CELLS}
    wanted = {code: [str(row.status), str(row.zalo), f"`{row.matrix}`"] for code, row in PROBLEMS.items()}
    assert {code: rows.get(code) for code in wanted} == wanted


def test_every_error_of_oauth_and_pages_is_documented() -> None:
    """docs/errors.md has a row for each reason of the OAuth endpoints and of the pages, as their tables tell it."""
    rows = list_rows(read_paper("docs/errors.md"))
    oauth = [[f"`{reason}`", f"`{row.error}`", str(row.status)] for reason, row in ERRORS.items()]
    pages = [[f"`{reason}`", str(int(status))] for reason, status in STATUS.items()]
    assert [row for row in oauth + pages if row not in rows] == []


def test_the_two_lists_of_pages_are_the_code() -> None:
    """docs/errors.md lists the pages, and those of authorize, as the two tables tell them, and no page more."""
    _, _, pages = read_paper("docs/errors.md").partition("## Pages")
    others, _, authorize = pages.partition("| page of authorize |")
    without_row = {"unreadable": 400, "internal": 500, "no_verdict": 503, "not_settled": 503}
    for listed, told in ((list_rows(others)[1:], {**STATUS, **without_row}), (list_rows(authorize), PAGE_STATUS)):
        assert {row[0].strip("`"): int(row[1]) for row in listed} == told


def test_every_problem_of_own_affairs_is_documented() -> None:
    """docs/errors.md has a row for each code of `/v1`, with its status and its English."""
    rows = list_rows(read_paper("docs/errors.md"))
    wanted = [[f"`{code}`", str(row.status), row.en] for code, row in OWN_PROBLEMS.items()]
    assert [row for row in wanted if row not in rows] == []


def test_every_refusal_is_documented() -> None:
    """Every reason that the gateway refuses for stands in docs/errors.md."""
    reasons = {reason for file in list_python("gateway") for reason in list_reasons(file.syntax)}
    assert len(reasons) > 30
    named = set(list_code(read_paper("docs/errors.md")))
    assert reasons - named == set()


def test_every_round_is_documented() -> None:
    """docs/runbook.md lists what the server does again and again, with its pause: `/readyz` tells it by that name."""
    rows = [row[:2] for row in list_rows(read_paper("docs/runbook.md")) if row[1].endswith(" s")]
    assert rows == [[f"`{each.name}`", f"{each.seconds} s"] for each in ROUNDS]


def test_symbols_stand_where_the_list_says() -> None:
    """Every symbol of the list in docs/architecture.md is defined in the file beside it."""
    rows = [row for row in list_rows(read_paper("docs/architecture.md")) if len(row) == 3 and row[1].endswith(".py`")]
    listed = [(row[0].strip("`"), row[1].strip("`")) for row in rows]
    assert len(listed) > 40
    sources = {file.path: file for file in list_python("gateway", "scopes")}
    assert [(name, path) for name, path in listed if name not in list_defined(sources[path])] == []


def test_every_number_is_explained() -> None:
    """What always holds (I) and what is owed (R) stand in docs/architecture.md: all that a file names, and no more."""
    rows = {row[0] for row in list_rows(read_paper("docs/architecture.md")) if PROMISE.fullmatch(row[0])}
    others = [file.text for file in list_files() if file.path.endswith((".py", ".md", ".html", ".css", ".js", ".toml"))]
    paper = read_paper("docs/architecture.md")
    named = {name for text in others if text != paper for name in PROMISE.findall(text)}
    assert rows == named


def test_every_room_is_placed() -> None:
    """docs/architecture.md names every floor, and every room of a floor that it lists by room."""
    text = read_paper("docs/architecture.md")
    parts = {tuple(file.path.split("/")[1:3]) for file in list_python("gateway") if file.path.count("/") > 2}
    rooms = {f"gateway/{floor}/{room}" for floor, room in parts if floor in FLOORS_OF_ROOMS}
    rooms = {room for room in rooms if not room.startswith("gateway/records/")} | {"gateway/records/grants"}
    assert [room for room in sorted(rooms) if room not in text] == []
    floors = {f"gateway/{floor}" for floor, _ in parts}
    assert [floor for floor in sorted(floors) if f"`{floor}`" not in text] == []


def test_decisions_are_short_and_numbered() -> None:
    """Each decision has its number, fits a screen, and says context, decision and consequences."""
    decisions = [paper for paper in list_papers() if paper.path.startswith("docs/adr/")]
    numbers = [paper.path.removeprefix("docs/adr/")[:4] for paper in decisions]
    assert numbers == [f"{n:04}" for n in range(1, len(decisions) + 1)]
    for number, paper in zip(numbers, decisions, strict=True):
        assert paper.text.startswith(f"# {number} ")
        assert paper.text.count("\n") <= SCREEN_LINES
        assert [part for part in ("Context", "Decision", "Consequences") if f"**{part}.**" not in paper.text] == []


def test_every_library_has_a_reason() -> None:
    """Each library of production has a row in the list, or stands there as not used; no row is left over."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    libraries = {re.split(r"[\[>=<]", line)[0] for line in project["dependencies"]}
    text = read_paper("docs/adr/0010-one-list-of-libraries.md")
    reasons = {row[0].strip("`") for row in list_rows(text) if row[0].startswith("`")}
    assert reasons - libraries == set()
    assert libraries - set(list_code(text)) == set()


def test_every_threat_is_shown_or_owned_up() -> None:
    """Each threat has its own id, a mitigation and a test that exists, or stands among those that no test shows yet."""
    text = read_paper("docs/threat-model.md")
    told, _, open_ones = text.partition("## Not shown by a test yet")
    rows = [row for row in list_rows(told) if row[0].startswith("T-")]
    ids = [row[0] for row in rows]
    assert len(ids) == len(set(ids)) > 40
    tests = {f"{file.path}::{test.name}" for file in list_python("tests") for test in list_tests(file)}
    unshown = [row[0] for row in rows if not set(INLINE.findall(row[4])) & tests]
    assert [threat for threat in unshown if threat not in open_ones] == []
    assert [name for row in rows for name in INLINE.findall(row[4]) if name not in tests] == []
    assert [row[0] for row in rows if row[1] not in "STRIDE" or not row[3]] == []


def test_every_room_at_risk_has_its_threats() -> None:
    """The threat model has a part for each door, for what keeps or reaches something below, and for the stand-ins."""
    parts = set(re.findall(r"^## (.+)$", read_paper("docs/threat-model.md"), re.MULTILINE))
    doors = {file.path.split("/")[2] for file in list_python("gateway/doors") if file.path.count("/") > 2}
    wanted = {f"doors/{door}" for door in doors} | {"acts and records", "vault", "ledger", "platforms", "sandbox"}
    assert wanted - parts == set()


def test_screenshots_are_there() -> None:
    """The README's pictures are real, wide enough to read and small enough to load."""
    for name in ("consent", "permissions"):
        picture = (ROOT / "docs" / "screenshots" / f"{name}.png").read_bytes()
        width, height = struct.unpack(">II", picture[16:24])
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < PICTURE_BYTES
        assert width == PICTURE_WIDTH
        assert height > PICTURE_WIDTH // 2


def test_the_drawing_stands_alone() -> None:
    """The picture is well-formed, says itself in words, follows light and dark, and fetches or runs nothing."""
    text = (ROOT / "docs" / "picture.svg").read_text()
    names = {element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()}  # noqa: S314 - our own
    assert {"title", "desc", "style"} <= names
    assert names & {"script", "image", "foreignObject", "a"} == set()
    assert "prefers-color-scheme: dark" in text
    assert text.count("http") == 1


def test_only_our_own_papers_are_named() -> None:
    """A reader finds every paper that a file names: it is one of the repository."""
    files = [file for file in list_files() if not file.is_in("tests/architecture")]  # where papers are invented
    assert list_breaches(list_absent_papers, files) == []


def test_the_rules_bite() -> None:
    """A dead link, a missing path, a command and an option that do not exist are each found, and true ones pass."""
    paper = Source("docs/x.md", "[a](y.md) [b](adr) `gateway/nothing.py` `gateway/settings/settings.py`")
    assert list(list_dead_links(paper)) == ["links y.md"]
    assert list(list_dead_paths(paper)) == ["names gateway/nothing.py"]
    assert list(list_absent_papers(Source("x.py", "# design.md, adr/0001-x.md; docs/runbook.md"))) == [
        "names adr/0001-x.md",
        "names design.md",
    ]
    assert find_fault(["log", "burn"]) == "log has no command burn"
    assert find_fault(["log", "verify", "--loud"]) == "verify has no option --loud"
    assert find_fault(["--env-file", ".demo/env", "log", "verify", "--json"]) is None
    assert list_commands("```\nquyen serve\n```\n`.venv/bin/quyen log`", "quyen") == [["serve"], ["log"]]


def list_absent_papers(file: Source) -> Iterator[str]:
    """Yield the papers that a file names and that the repository does not hold."""
    held = {paper.path.rpartition("/")[2] for paper in list_papers()}
    yield from (f"names {name}" for name in sorted(PAPER.findall(file.text)) if name.rpartition("/")[2] not in held)


def list_defined(file: Source) -> set[str]:
    """Return the names that a module defines at its top."""
    defined = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in file.syntax.body if isinstance(node, defined)}
    targets: list[ast.expr] = [node.target for node in file.syntax.body if isinstance(node, ast.AnnAssign)]
    targets += [target for node in file.syntax.body if isinstance(node, ast.Assign) for target in node.targets]
    return names | {target.id for target in targets if isinstance(target, ast.Name)}
