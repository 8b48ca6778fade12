"""Commands on people and apps."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gateway.cli.context import act, fail, get_settings, json_option, reading, run, show

if TYPE_CHECKING:
    from gateway.settings import Settings

ROLES = ("owner", "follower", "developer", "operator")
"""Those that can do something here; `guardian` is not begun (docs/roadmap.md), rows that say it stay readable."""


@click.group()
def person() -> None:
    """People, and how they sign in."""


@person.command("create")
@click.option("--login", required=True)
@click.option("--name", help="what pages show; default: the login")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@click.option("--password-file", required=True, type=click.File(encoding="utf-8"), help="`-` reads standard input")
@json_option
@click.pass_context
def create(  # noqa: PLR0913 - each is an option
    context: click.Context,
    *,
    login: str,
    name: str | None,
    roles: tuple[str, ...],
    password_file: TextIO,
    as_json: bool,
) -> None:
    """Add a person."""
    password = password_file.read().rstrip("\n")
    arguments = {"login": login, "name": name or login, "roles": list(roles), "password": password}
    show(act(context, "person create", arguments), as_json=as_json)


@person.command("role")
@click.argument("login")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@json_option
@click.pass_context
def role(context: click.Context, *, login: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Replace what a person may be."""
    show(act(context, "person role", {"login": login, "roles": list(roles)}), as_json=as_json)


@person.command("link")
@click.argument("login")
@click.option("--subject", required=True, help="who they are at the provider: its `sub`, never an e-mail address")
@click.option("--issuer", help="default: QUYEN_OIDC__ISSUER")
@click.pass_context
def link(context: click.Context, login: str, subject: str, issuer: str | None) -> None:
    """Tie an identity at the provider to a person, staff too: they sign in with it from now on."""
    arguments = {"login": login, "issuer": _issuer(context, issuer), "subject": subject}
    show(act(context, "person link", arguments), as_json=False)


@person.command("unlink")
@click.argument("login")
@click.option("--subject", required=True, help="who they are at the provider")
@click.option("--issuer", help="default: QUYEN_OIDC__ISSUER")
@click.pass_context
def unlink(context: click.Context, login: str, subject: str, issuer: str | None) -> None:
    """Take an identity from a person; the sessions that rest on it end."""
    arguments = {"login": login, "issuer": _issuer(context, issuer), "subject": subject}
    show(act(context, "person unlink", arguments), as_json=False)


def _issuer(context: click.Context, issuer: str | None) -> str:
    if issuer is not None:
        return issuer
    wanted = get_settings(context).oidc
    if wanted is None:
        fail("QUYEN_OIDC__ISSUER is not set: say --issuer")
    return wanted.issuer


@click.group()
def app() -> None:
    """Apps: register, list, rotate their secrets, suspend and resume them, their own apps at a platform."""


@app.command("register")
@click.option("--file", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_context
def register(context: click.Context, path: Path, as_json: bool) -> None:  # noqa: FBT001
    """Register an app from a YAML file; prints its client_id and, once, its secret.

    The file's form, with an example, stands in docs/apps.md: name, legal_entity, address, contact, domain, country,
    kind, redirect_uris, and asks (id, scope, purpose, retention_days, recipients, and words in vi and en).
    """
    from scopes import CatalogueError
    from scopes.source import Source

    try:
        entry = Source(path).value
    except (CatalogueError, UnicodeDecodeError) as error:
        fail(f"{path}: {error}")
    show(act(context, "app register", {"app": entry}), as_json=as_json)


@app.command("list")
@json_option
@click.pass_context
def list_apps(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List the apps."""
    rows = run(_apps(get_settings(context)))
    show(rows, as_json=as_json, columns=("client_id", "name", "state", "reviewed", "asks"))


async def _apps(settings: "Settings") -> list[dict[str, Any]]:
    from gateway.records.apps import store as apps
    from gateway.records.apps import upstreams

    async with reading(settings) as storage, storage.read() as connection:
        brought = await upstreams.list_all(connection)
        return [
            {
                "client_id": each.id,
                "name": each.name,
                "state": each.state.value,
                "reviewed": each.is_reviewed,
                "asks": [ask.wire_name for ask in await apps.list_asks(connection, each.id)],
                "upstream_apps": {one.platform: one.external_id for one in brought if one.app_id == each.id},
            }
            for each in await apps.list_all(connection)
        ]


@app.command("rotate-secret")
@click.argument("client_id")
@json_option
@click.pass_context
def rotate_secret(context: click.Context, client_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Give an app a new secret; the one before stays alive beside it."""
    show(act(context, "app rotate-secret", {"client_id": client_id}), as_json=as_json)


@app.command("suspend")
@click.argument("client_id")
@click.option("--reason", required=True, help="stands in the log for good, also in what is exported: name nobody")
@json_option
@click.pass_context
def suspend(context: click.Context, *, client_id: str, reason: str, as_json: bool) -> None:
    """Stop every call of an app, at once."""
    show(act(context, "app suspend", {"client_id": client_id, "reason": reason}), as_json=as_json)


@app.command("resume")
@click.argument("client_id")
@json_option
@click.pass_context
def resume(context: click.Context, client_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Let a suspended app work again; what was withdrawn meanwhile stays withdrawn."""
    show(act(context, "app resume", {"client_id": client_id}), as_json=as_json)


@app.command("bring-upstream")
@click.argument("client_id")
@click.option("--platform", required=True, help="zalo")
@click.option("--upstream-app", required=True, help="its id at the platform")
@click.option("--secret-file", required=True, type=click.File(encoding="utf-8"), help="`-` reads standard input")
@click.option("--event-key-file", type=click.File(encoding="utf-8"), help="the OA Secret Key that signs its events")
@click.option("--no-events", is_flag=True, help="forget that key: events of the upstream app are heard no more")
@json_option
@click.pass_context
def bring_upstream(  # noqa: PLR0913 - each is an option
    context: click.Context,
    *,
    client_id: str,
    platform: str,
    upstream_app: str,
    secret_file: TextIO,
    event_key_file: TextIO | None,
    no_events: bool,
    as_json: bool,
) -> None:
    """Let an app's calls go through its own app at a platform; accounts are linked under it first.

    Said again with the same id it has another secret; with another id the one before is removed. Its events are heard
    at /hooks/PLATFORM/ID of the API's address once the key that signs them is said; what is not said stays as it was.
    """
    if event_key_file is not None and no_events:
        raise click.UsageError("either --event-key-file or --no-events")
    arguments = {"client_id": client_id, "platform": platform, "upstream_app": upstream_app}
    arguments["secret"] = secret_file.read().rstrip("\n")
    if no_events:
        arguments["event_key"] = ""
    elif event_key_file is not None:
        arguments["event_key"] = _get_key(event_key_file)
    show(act(context, "app bring-upstream", arguments), as_json=as_json)


def _get_key(event_key_file: TextIO) -> str:
    """Read the key; a file without one would take it away unasked."""
    key = event_key_file.read().rstrip("\n")
    if not key:
        fail("--event-key-file: there is no key in it")
    return key


@app.command("remove-upstream")
@click.argument("client_id")
@click.option("--platform", required=True, help="zalo")
@json_option
@click.pass_context
def remove_upstream(context: click.Context, *, client_id: str, platform: str, as_json: bool) -> None:
    """Remove an app's own app at a platform, with every connection through it; the gateway's own serves again."""
    show(act(context, "app remove-upstream", {"client_id": client_id, "platform": platform}), as_json=as_json)
