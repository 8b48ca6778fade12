"""What only one place may do: SQL, units of work, the environment, reading JSON that comes in."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import Rule, Source, list_breaches, list_python

SQL_PLACES = [
    "gateway/ground/storage",
    "gateway/records",
    "gateway/authority/facts.py",  # the verdict's one look-up joins rooms, so it can stand in none of them
    "gateway/authority/holders.py",  # so does the one of whoever may be told of an event
    "gateway/authority/bases.py",  # and that of people's own words
]
UNIT_PLACES = [
    "gateway/acts",
    "gateway/ground/storage",
    "gateway/records/trace",  # the two writers that stand beside the acts
    "gateway/records/people/seen.py",
]
JSON_PLACES = [
    "gateway/doors/admin/socket.py",  # once the strict parser has read the command, and what our own server answers
    "gateway/doors/person/chosen.py",  # what none but the vault can have written
    "gateway/doors/oauth/assertions.py",  # whose an assertion claims to be; whether it is theirs is judged after
]
LOOSE_PARSERS = {"json.loads", "json.load", "orjson.loads", "msgspec.json.decode"}
DATABASES = {"sqlalchemy", "sqlite3", "aiosqlite", "asyncpg", "alembic", "psycopg"}
STATEMENT = re.compile(
    r"^\s*(SELECT\s(.+\sFROM|\d+)|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\b", re.DOTALL
)
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}


def check_sql(file: Source) -> Iterator[str]:
    """SQL stands in the ground's storage and in the rooms of the records; nobody else imports a database library."""
    if file.is_in(*SQL_PLACES):
        return
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"line {node.lineno} imports {name}" for name in modules if name.split(".")[0] in DATABASES)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield f"line {node.lineno} holds SQL"
        elif isinstance(node, ast.Attribute) and node.attr == "exec_driver_sql":
            yield f"line {node.lineno} runs SQL"


def check_units(file: Source) -> Iterator[str]:
    """Only acts open a unit of work (`.unit(...)`), so only acts change records; two writers stand beside them."""
    if file.is_in(*UNIT_PLACES):
        return
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "unit":
            yield f"line {node.lineno} opens a unit of work"


def check_environment(file: Source) -> Iterator[str]:
    """Only gateway/settings/reading.py reads the environment, by whatever spelling."""
    if file.is_in("gateway/settings/reading.py"):
        return
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT and ast.unparse(node.value) in {"os", "posix"}:
            yield f"line {node.lineno} reads the environment"
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (f"line {node.lineno} imports {a.name}" for a in node.names if a.name in ENVIRONMENT)


def check_json(file: Source) -> Iterator[str]:
    """Doors read JSON by `scopes/strict_json.py`: a name twice, NaN, endless depth are nowhere taken for one thing."""
    if not file.is_in("gateway/doors") or file.is_in(*JSON_PLACES):
        return
    for node in ast.walk(file.syntax):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if ast.unparse(node.func) in LOOSE_PARSERS or node.func.attr in {
            "model_validate_json",
            "validate_json",
            "json",
        }:
            yield f"line {node.lineno} reads JSON by another parser"


@pytest.mark.parametrize("rule", [check_sql, check_units, check_environment, check_json])
def test_the_walls_stand(rule: Rule) -> None:
    """No file of the product does what only one place may do."""
    assert list_breaches(rule, list_python("gateway", "scopes")) == []


@pytest.mark.parametrize(
    "rule,path,text",
    [
        (check_sql, "gateway/doors/oauth/token.py", "import sqlalchemy as sa"),
        (check_sql, "gateway/authority/verdict.py", "from sqlalchemy.ext.asyncio import AsyncEngine"),
        (check_sql, "gateway/cli/log.py", "import sqlite3"),
        (check_sql, "gateway/acts/decide.py", "q = 'SELECT 1 FROM grants'"),
        (check_sql, "gateway/server/health.py", "await connection.exec_driver_sql(words)"),
        (check_sql, "gateway/server/health.py", "q = 'SELECT 1'"),
        (check_units, "gateway/doors/person/consent.py", "async with storage.unit() as unit: pass"),
        (check_sql, "gateway/authority/verdict.py", "import asyncpg"),
        (check_units, "gateway/records/people/store.py", "async with storage.unit() as unit: pass"),
        (check_units, "gateway/cli/grant.py", "x = await self.storage.unit(write=True).__aenter__()"),
        (check_environment, "gateway/server.py", "import os\nx = os.environ['A']"),
        (check_environment, "gateway/cli/demo.py", "from os import getenv"),
        (check_environment, "scopes/load.py", "import os\nx = os.getenv('A')"),
        (check_json, "gateway/doors/management/notices.py", "x = Wanted.model_validate_json(body)"),
        (check_json, "gateway/doors/person/verify.py", "x = orjson.loads(raw)"),
        (check_json, "gateway/doors/calls/door.py", "async def f(request):\n    return await request.json()"),
    ],
)
def test_the_walls_bite(rule: Rule, path: str, text: str) -> None:
    """Each forbidden form is found where it is forbidden."""
    assert list(rule(Source(path, text))) != []


@pytest.mark.parametrize(
    "rule,path,text",
    [
        (check_sql, "gateway/records/grants/tables.py", "import sqlalchemy as sa"),
        (check_sql, "gateway/doors/person/consent.py", "label = 'Select an account'"),
        (check_units, "gateway/acts/decide.py", "async with storage.unit() as unit: pass"),
        (check_environment, "gateway/settings/reading.py", "import os\nx = os.environ"),
        (check_json, "gateway/doors/person/verify.py", "x = strict_json.parse(raw)"),
        (check_json, "gateway/records/trace/batches.py", "x = orjson.loads(raw)"),
    ],
)
def test_the_walls_have_their_doors(rule: Rule, path: str, text: str) -> None:
    """The places that may, may."""
    assert list(rule(Source(path, text))) == []
