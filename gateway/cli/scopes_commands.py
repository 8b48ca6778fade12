"""Commands on the catalogue."""

import click

from gateway.cli.context import fail, json_option, show


@click.group()
def scopes() -> None:
    """The catalogue of scopes."""


@scopes.command("list")
@json_option
def list_scopes(as_json: bool) -> None:  # noqa: FBT001
    """List the scopes of every platform."""
    from scopes import load_catalogue

    rows = [
        {"scope": each.id, "version": each.version, "whose": each.whose, "name": each.name.vi}
        for each in load_catalogue().scopes.values()
    ]
    show(rows, as_json=as_json, columns=("scope", "version", "whose", "name"))


@scopes.command("check")
def check() -> None:
    """Check the catalogue's files; say each fault with file and line."""
    from scopes import CatalogueError, load_catalogue

    try:
        catalogue = load_catalogue()
    except CatalogueError as error:
        fail(str(error))
    click.echo(f"{len(catalogue.scopes)} scopes of {len(catalogue.platforms)} platforms hold")


@scopes.command("docs")
def docs() -> None:
    """Print the catalogue as `docs/scopes.md`."""
    from scopes import load_catalogue
    from scopes.docs import render_docs

    click.echo(render_docs(load_catalogue()), nl=False)
