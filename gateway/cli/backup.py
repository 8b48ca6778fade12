"""Commands that copy the embedded database and put a copy back."""

from pathlib import Path

import click

from gateway.cli.context import fail, get_settings, run


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(context: click.Context, target: Path) -> None:
    """Copy the database to TARGET, as of one moment; the server may run. Keys and journal are not in it."""
    from gateway.server.backups import back_up
    from gateway.terms.refusal import Refusal

    try:
        size_bytes = back_up(get_settings(context), target)
    except Refusal as refusal:
        fail(f"{refusal.reason}: {refusal.detail}")
    click.echo(f"{target}: {size_bytes} bytes")


@click.command()
@click.argument("source", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--in-place", is_flag=True, help="the database was put back by other means; make it safe to serve")
@click.pass_context
def restore(context: click.Context, source: Path | None, in_place: bool) -> None:  # noqa: FBT001 - click hands it so
    """Put the copy SOURCE in the database's place. Every token ends; what was narrowed since waits to be confirmed."""
    from gateway.server.backups import put_back

    if (source is None) == (not in_place):
        raise click.UsageError("give SOURCE, or --in-place")
    done = run(put_back(get_settings(context), source))
    click.echo(
        f"restored: {done.records_lost} records of the log were lost, {done.families_ended} token families ended"
    )
