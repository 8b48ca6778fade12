"""Commands on the catalogue: the one that `QUYEN_CATALOGUE` names, else the one that comes with the program."""

from typing import TYPE_CHECKING

import click

from gateway.cli.context import fail, get_catalogue, json_option, show

if TYPE_CHECKING:
    from pathlib import Path

    from scopes import Catalogue


@click.group()
def scopes() -> None:
    """The catalogue of scopes."""


@scopes.command("list")
@json_option
@click.pass_context
def list_scopes(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List the scopes of every platform."""
    rows = [
        {"scope": each.id, "version": each.version, "whose": each.whose, "name": each.name.vi}
        for each in _get_catalogue(context).scopes.values()
    ]
    show(rows, as_json=as_json, columns=("scope", "version", "whose", "name"))


@scopes.command("check")
@click.pass_context
def check(context: click.Context) -> None:
    """Check the catalogue's files; say each fault with file and line."""
    catalogue = _get_catalogue(context)
    click.echo(f"{len(catalogue.scopes)} scopes of {len(catalogue.platforms)} platforms hold")


@scopes.command("docs")
@click.pass_context
def docs(context: click.Context) -> None:
    """Print the catalogue as `docs/scopes.md`."""
    from scopes.docs import render_docs

    click.echo(render_docs(_get_catalogue(context)), nl=False)


def _get_catalogue(context: click.Context) -> "Catalogue":
    from gateway.settings import SettingsRefused, find_catalogue

    env_file: Path | None = context.find_root().params.get("env_file")
    try:
        return get_catalogue(find_catalogue(env_file=env_file))
    except SettingsRefused as refused:
        fail(str(refused))
