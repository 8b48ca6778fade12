"""What every command shares: reading the settings, acting by the server or alone, printing, and ending with a code."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
import orjson

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.ground.storage.storage import Storage
    from gateway.settings import Settings
    from scopes import Catalogue

T = TypeVar("T")
_WIDTH = 320  # ids are never cut; a narrow terminal wraps the line


def fail(message: str) -> NoReturn:
    """Say on stderr why nothing was done, and end with 1."""
    click.echo(message, err=True)
    sys.exit(1)


def get_settings(context: click.Context) -> "Settings":
    """Read the settings for this command, or end with 1 and one sentence for each fault."""
    from gateway.settings import SettingsRefused, read_settings

    env_file: Path | None = context.find_root().params.get("env_file")
    try:
        return read_settings(env_file=env_file)
    except SettingsRefused as refused:
        fail(str(refused))


def get_catalogue(folder: "Path | None") -> "Catalogue":
    """Load the catalogue, or end with 1 and each fault with its file and line."""
    from scopes import CatalogueError, load_catalogue

    try:
        return load_catalogue(folder)
    except CatalogueError as error:
        fail(str(error))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; what is refused or unavailable ends with 1. The log goes to stderr, beside no JSON."""
    import structlog

    from gateway.ground.storage.disk import DiskBroken
    from gateway.ground.vault.journal import JournalDamaged
    from gateway.ground.vault.sealing import Unsealable
    from gateway.server.database import AlreadyRunning, Damaged
    from gateway.server.house import OlderThanSigned
    from gateway.terms.refusal import Refusal, Unavailable
    from scopes import CatalogueError

    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    try:
        return asyncio.run(coroutine)
    except Refusal as refusal:
        fail(f"{refusal.reason}: {refusal.detail}".removesuffix(": "))
    except Unavailable as unavailable:
        done = (
            "it was done, and not everything knows it yet"
            if unavailable.reason == "not_settled"
            else "nothing was done"
        )
        fail(f"{unavailable.what} gave no answer; {done}")
    except JournalDamaged as damaged:
        fail(f"the tombstone journal is damaged: {damaged}; nothing opens until someone has looked at it")
    except (AlreadyRunning, CatalogueError, Damaged, DiskBroken, OlderThanSigned, Unsealable) as error:
        fail(str(error))


@asynccontextmanager
async def reading(settings: "Settings") -> AsyncIterator["Storage"]:
    """Open the database for reading alone; a running server is not disturbed, and nothing is migrated."""
    from gateway.ground.storage.storage import Storage

    storage = Storage(settings.database_url)
    try:
        yield storage
    finally:
        await storage.close()


def act(context: click.Context, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Act: through the server that runs on this database, else on the database itself."""
    from gateway.doors.admin.socket import ask
    from gateway.server.alone import perform_alone
    from gateway.server.places import admin_socket_path

    settings = get_settings(context)
    answer = ask(admin_socket_path(settings), command, dict(arguments))
    if answer is None:
        return run(perform_alone(settings, command, dict(arguments)))
    return _done(answer)


@asynccontextmanager
async def acting(settings: "Settings") -> AsyncIterator[Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]]:
    """Act several times: through the server while one runs on this database, else on a house that is opened once."""
    from gateway.doors.admin.commands import perform
    from gateway.doors.admin.socket import ask
    from gateway.server.alone import opened_door
    from gateway.server.places import admin_socket_path

    async with AsyncExitStack() as stack:
        doors: list[Any] = []

        async def run_one(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
            answer = None if doors else ask(admin_socket_path(settings), command, dict(arguments))
            if answer is not None:
                return _done(answer)
            if not doors:
                doors.append(await stack.enter_async_context(opened_door(settings)))
            return await perform(doors[0], command, dict(arguments))

        yield run_one


def _done(answer: Mapping[str, Any]) -> dict[str, Any]:
    if "ok" not in answer:
        fail(f"{answer['error']}: {answer['detail']}".removesuffix(": "))
    done: dict[str, Any] = answer["ok"]
    return done


def show(value: Any, *, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print one object or a list of them: JSON for programs, a table or `name: value` lines for people.

    What is not there (a public app has no secret) is null for programs, and no line.
    """
    if as_json:
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())
        return
    if isinstance(value, Mapping):
        for name, each in value.items():
            if each is not None:
                click.echo(f"{name}: {each}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in value:
        table.add_row(*[str(row.get(column, "")) for column in columns])
    Console(width=_WIDTH, soft_wrap=True).print(table)


json_option = click.option("--json", "as_json", is_flag=True, help="print JSON")
