"""Commands that run the service: serve, migrate, healthcheck, config."""

import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException

import click

from gateway.cli.context import fail, get_catalogue, get_settings, json_option, run, show

_ANSWER_SECONDS = 5


@click.command()
@click.pass_context
def serve(context: click.Context) -> None:
    """Serve people, OAuth and calls until SIGTERM or Ctrl-C."""
    from gateway.server.memory import give_back_large_blocks
    from gateway.server.running import serve as serve_gateway

    give_back_large_blocks()
    settings = get_settings(context)
    try:
        run(serve_gateway(settings))
    except OSError as error:
        fail(f"cannot listen: {error.strerror or error}")


@click.command()
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the database to the newest schema."""
    from gateway.server.alone import migrate_alone

    run(migrate_alone(get_settings(context)))
    click.echo("the database is at the newest schema")


@click.command()
@click.pass_context
def healthcheck(context: click.Context) -> None:
    """Ask the running server whether it is ready; exit 0 if it is."""
    host, _, port = get_settings(context).listen.rpartition(":")
    reachable = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - listened on, not bound here
    try:
        with closing(HTTPConnection(reachable, int(port), timeout=_ANSWER_SECONDS)) as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        fail(f"no answer: {error}")
    click.echo(body)
    sys.exit(0 if answer.status == 200 else 1)


@click.group()
def config() -> None:
    """Settings: check them, print them without secrets, or print their reference."""


@config.command("check")
@click.pass_context
def check(context: click.Context) -> None:
    """Check the settings, and the catalogue that they name; nothing is opened or connected to."""
    get_catalogue(get_settings(context).catalogue)
    click.echo("the settings hold")


@config.command("print")
@click.pass_context
@json_option
def print_settings(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Print the settings in force; secrets are starred."""
    show(get_settings(context).model_dump(mode="json"), as_json=as_json)


@config.command("docs")
def docs() -> None:
    """Print the reference of all settings as `docs/configuration.md`."""
    from gateway.cli.config_docs import render_settings

    click.echo(render_settings(), nl=False)
