"""The entry of `quyen`: its groups and the option that all share."""

from pathlib import Path

import click

from gateway.cli import backup, consents, grants, log, register, scopes_commands, service
from gateway.cli.demo.command import demo


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help="read settings from this file first")
@click.version_option(package_name="quyen")
def main(env_file: Path | None) -> None:
    """The permission gateway for messaging platforms."""


main.add_command(demo)
main.add_command(service.serve)
main.add_command(service.migrate)
main.add_command(service.healthcheck)
main.add_command(service.config)
main.add_command(scopes_commands.scopes)
main.add_command(register.app)
main.add_command(register.person)
main.add_command(grants.grant)
main.add_command(consents.consent)
main.add_command(log.log)
main.add_command(backup.backup)
main.add_command(backup.restore)
