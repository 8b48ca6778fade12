"""Commands on the grant log."""

import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import orjson

from gateway.cli.context import fail, get_settings, json_option, reading, run, show

if TYPE_CHECKING:
    from gateway.records.ledger.verification import Bad, Finding
    from gateway.settings import Settings

_PAGE = 50


@click.group()
def log() -> None:
    """The grant log: search, export, verify, checkpoint."""


@log.command("verify")
@json_option
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Verify every record, part, node and checkpoint, and that what stands equals the log; exit 1 on a fault.

    Compared with the log: records and their columns, sealed parts, the tree, the
    checkpoints here and outside, the texts that were shown, grants and their
    permissions, sealed trace lines, families of tokens that a record ended, who
    may decide for an account (standings), and connections to accounts.
    Not compared, for no record holds it: a connection's credential, its renewals
    and their times; people and their identities, accounts, apps and their asks,
    tokens and keys themselves. Every act on them has its record. Standings and
    connections of accounts about which a record of an older program tells neither
    are compared once a newer record tells of them.

    Records at the end that are not signed yet are counted, and are no fault: the next decision signs them.
    """
    finding = run(_verify(get_settings(context)))
    if as_json:
        bad = [asdict(each) for each in finding.bad]
        told = {"ok": finding.is_ok, "size": finding.size, "unsigned": finding.unsigned}
        show(told | {"root": finding.root.hex(), "bad": bad}, as_json=True)
    else:
        click.echo(f"{finding.size} records, root {finding.root.hex()}")
        click.echo("\n".join(_told(finding)))
    sys.exit(0 if finding.is_ok else 1)


def _told(finding: "Finding") -> list[str]:
    """Tell the faults, and how many more of the tree and its checkpoints follow from the records that are named."""
    tail = [_unsigned(finding)] * bool(finding.unsigned)
    if finding.is_ok:
        return ["the log holds", *tail]
    named = [each for each in finding.bad if not each.follows]
    following = len(finding.bad) - len(named)
    lines = [
        f"{len(named)} fault{'s' if len(named) != 1 else ''}:",
        *(f"  {_place(each)}{each.reason}" for each in named),
    ]
    more = f"  and {following} in the tree and its checkpoints, which follow from the above (--json lists them)"
    return lines + [more] * bool(following) + tail


def _unsigned(finding: "Finding") -> str:
    count = "1 record is" if finding.unsigned == 1 else f"{finding.unsigned} records are"
    return f"{count} not signed yet, from seq {finding.signed_size + 1}"


def _place(bad: "Bad") -> str:
    seq = "" if bad.seq is None else f"seq {bad.seq}  "
    return seq if bad.record_id is None else f"{seq}record {bad.record_id}  "


@log.command("checkpoint")
@click.pass_context
def checkpoint(context: click.Context) -> None:
    """Print the newest signed checkpoint; and on stderr the public keys that `docs/verify.py` takes.

    They are the key of the log, under which the checkpoint verifies, and the key of receipts.
    """
    note, keys = run(_checkpoint(get_settings(context)))
    click.echo("\n".join(keys), err=True)
    click.echo(note, nl=False)


@log.command("export")
@click.option("--output", type=click.File("wb"), default="-", help="a file; default: standard output")
@click.pass_context
def export(context: click.Context, output: Any) -> None:
    """Export the log as NDJSON for `docs/verify.py`: canonical records, free of personal data, and checkpoints."""
    run(_export(get_settings(context), output))


def _bytes(value: Any) -> bytes:
    """Return a column's bytes; what was changed to another type goes out as text, and is found bad."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@log.command("search")
@click.option("--app", help="client_id")
@click.option("--grant", help="grant id")
@click.option("--limit", default=_PAGE, show_default=True, type=click.IntRange(1, 1000))
@json_option
@click.pass_context
def search(context: click.Context, *, app: str | None, grant: str | None, limit: int, as_json: bool) -> None:
    """List records, newest first."""
    rows = run(_search(get_settings(context), app, grant, limit=limit))
    show(rows, as_json=as_json, columns=("seq", "record_id", "at", "kind", "actor", "app", "grant", "version"))


async def _verify(settings: "Settings") -> "Finding":
    from gateway.acts.verify_log import verify_log
    from gateway.server.house import log_parts

    async with reading(settings) as storage:
        parts = await log_parts(settings, storage)
        return await verify_log(storage, parts.key, parts.person_keys, checkpoints=parts.checkpoints)


async def _checkpoint(settings: "Settings") -> tuple[str, list[str]]:
    from gateway.records.ledger import reading as ledger
    from gateway.server.house import log_parts

    async with reading(settings) as storage:
        parts = await log_parts(settings, storage)
        async with storage.read() as connection:
            newest = await ledger.newest_checkpoint(connection)
    if newest is None:
        fail("nothing was signed yet")
    return newest[1], [key.text() for key in (parts.key, *parts.receipt_keys)]


async def _export(settings: "Settings", output: Any) -> None:
    from gateway.server.house import log_parts

    async with reading(settings) as storage:
        parts = await log_parts(settings, storage)
        output.write(orjson.dumps({"type": "header", "format": 1, "origin": parts.key.name}) + b"\n")
        async with storage.read() as connection:
            async for line in _lines(connection):
                output.write(orjson.dumps(line) + b"\n")


async def _lines(connection: Any) -> AsyncIterator[dict[str, Any]]:
    from gateway.ground.storage.schema import as_shown
    from gateway.records.ledger import reading as ledger

    async for row in ledger.iterate(connection):
        seq = row["seq"] if isinstance(row["seq"], int) else as_shown(row["seq"])
        named = {"seq": seq, "record_id": as_shown(row["record_id"]), "leaf_hash": _bytes(row["leaf_hash"]).hex()}
        yield {"type": "record", **named, "bytes": b64encode(_bytes(row["canonical"])).decode()}
    for note in await ledger.list_checkpoints(connection):
        yield {"type": "checkpoint", "note": note}


async def _search(settings: "Settings", app: str | None, grant: str | None, *, limit: int) -> list[dict[str, Any]]:
    from gateway.records.ledger import reading as ledger
    from gateway.records.ledger.entries import Damaged
    from gateway.terms.ids import AppId, GrantId
    from gateway.terms.instants import is_credible

    wanted = ledger.Search(
        app_id=None if app is None else AppId(app), grant_ids=None if grant is None else [GrantId(grant)]
    )
    async with reading(settings) as storage, storage.read() as connection:
        return [
            {"seq": each.seq, "record_id": each.record_id, "kind": "changed"}
            | ({"at": each.at.isoformat()} if is_credible(each.at) else {})
            if isinstance(each, Damaged)
            else {
                "seq": each.seq,
                "record_id": each.record_id,
                "at": each.at.isoformat(),
                "kind": each.kind.value,
                "actor": f"{each.actor.kind.value} {each.actor.id}",
                "app": each.app_id,
                "grant": each.grant_id,
                "version": each.version,
                "facts": dict(each.facts),
            }
            for each in await ledger.list_entries(connection, wanted, limit)
        ]
