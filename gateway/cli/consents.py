"""Commands on consents that were given elsewhere, before the gateway stood between (docs/consent-import.md)."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.context import acting, fail, get_settings, json_option, run, show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.cli.consent_file import ConsentFile, Fault
    from gateway.settings import Settings

CHECKED_AT_ONCE = 500
BROUGHT_AT_ONCE = 100
"""How many rows are one transaction: while it runs nobody else writes."""
_FAULTS_TOLD = 100
_OUTCOMES = ("granted", "pending", "there", "kept", "guardian_needed")
_LISTED = ("kept", "guardian_needed")
"""Those whose lines are told: they were not brought in."""


@click.group()
def consent() -> None:
    """Consents that people gave elsewhere."""


@consent.command("import")
@click.option("--file", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", required=True, help="who brings them in: stands in every record, and on each person's page")
@click.option("--dry-run", is_flag=True, help="only check, and say what would become of each row")
@json_option
@click.pass_context
def bring_in(context: click.Context, *, path: Path, by: str, dry_run: bool, as_json: bool) -> None:
    """Bring in consents with their evidence from a CSV file; nothing is done unless every row is good.

    The file's form, with an example, stands in docs/consent-import.md. It may be run again: what is there already is
    not made anew, and whoever decided themself keeps their word.
    """
    from gateway.cli.consent_file import read_consents

    with path.open("rb") as file:
        read = read_consents(file)
    settings = get_settings(context)
    told = run(_import(settings, read, by, is_dry=dry_run)) if not read.faults else _told(read, {}, is_dry=dry_run)
    if as_json:
        show(told, as_json=True)
    elif not told["faults"]:
        lines = {f"{name}_lines": ", ".join(map(str, told[f"{name}_lines"])) or "none" for name in _LISTED}
        show({name: value for name, value in told.items() if name != "faults"} | lines, as_json=False)
    if told["faults"]:
        sys.exit(1) if as_json else fail(_say_faults(told["faults"]))


def _say_faults(faults: list[dict[str, Any]]) -> str:
    from gateway.cli.consent_file import Fault

    lines = [str(Fault(**each)) for each in faults[:_FAULTS_TOLD]]
    more = len(faults) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else []), "nothing was brought in"])


async def _import(settings: "Settings", read: "ConsentFile", by: str, *, is_dry: bool) -> dict[str, Any]:
    """Check every row, and where all are good bring them in, batch by batch."""
    from gateway.cli.consent_file import Fault

    outcomes: dict[int, str] = {}
    faults: list[Fault] = []
    async with acting(settings) as perform:
        with _progress("checking", len(read.rows)) as advance:
            for lines in _batches(read.rows, CHECKED_AT_ONCE):
                answer = await perform("consent check", _arguments(read, by, lines))
                faults += [Fault(lines[each["row"]], each["column"], each["fault"]) for each in answer["faults"]]
                outcomes |= zip(lines, answer["outcomes"], strict=False)
                advance(len(lines))
        if faults or is_dry:
            return _told(read, outcomes, is_dry=is_dry, faults=faults)
        with _progress("bringing in", len(read.rows)) as advance:
            for lines in _batches(read.rows, BROUGHT_AT_ONCE):
                answer = await perform("consent import", _arguments(read, by, lines))
                outcomes |= zip(lines, answer["outcomes"], strict=True)
                advance(len(lines))
    return _told(read, outcomes, is_dry=False)


def _arguments(read: "ConsentFile", by: str, lines: Iterable[int]) -> dict[str, Any]:
    return {"file": read.id, "by": by, "rows": read.list_rows(lines)}


def _batches(lines: Iterable[int], size: int) -> Iterator[list[int]]:
    left = iter(lines)
    while batch := list(islice(left, size)):
        yield batch


def _told(
    read: "ConsentFile", outcomes: dict[int, str], *, is_dry: bool, faults: "Sequence[Fault]" = ()
) -> dict[str, Any]:
    """Return what is printed: of which file, how many rows, and what became, or would become, of how many."""
    known = {} if faults else outcomes
    counted = Counter(known.values())
    return {
        "import": read.id,
        "rows": len(read.rows),
        "dry_run": is_dry,
        **{name: counted[name] for name in _OUTCOMES},
        **{f"{name}_lines": [line for line, outcome in known.items() if outcome == name] for name in _LISTED},
        "faults": [asdict(each) for each in (*read.faults, *faults)],
    }


@contextmanager
def _progress(what: str, total: int) -> "Iterator[Callable[[int], None]]":
    """Show on a terminal how far it is; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
