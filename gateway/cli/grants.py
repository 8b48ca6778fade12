"""Commands on grants."""

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.context import act, fail, get_settings, json_option, reading, run, show

if TYPE_CHECKING:
    from gateway.settings import Settings


@click.group()
def grant() -> None:
    """Grants: what accounts decided about apps."""


@grant.command("list")
@json_option
@click.pass_context
def list_grants(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List every grant."""
    rows = run(_grants(get_settings(context)))
    show(rows, as_json=as_json, columns=("grant_id", "account", "app", "version", "live"))


@grant.command("show")
@click.argument("grant_id")
@json_option
@click.pass_context
def show_grant(context: click.Context, grant_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Show one grant with each permission."""
    found = [row for row in run(_grants(get_settings(context))) if row["grant_id"] == grant_id]
    if not found:
        fail(f"no grant {grant_id}")
    if as_json:
        show(found[0], as_json=True)
        return
    permissions = found[0].pop("permissions")
    show(found[0], as_json=False)
    show(permissions, as_json=False, columns=("ask", "scope", "purpose", "state", "ends_at"))


@grant.command("withdraw")
@click.argument("grant_id")
@click.option("--ask", help="only this ask; default: the whole grant")
@json_option
@click.pass_context
def withdraw(context: click.Context, *, grant_id: str, ask: str | None, as_json: bool) -> None:
    """End a grant, or one ask of it, at once."""
    show(act(context, "grant withdraw", {"grant_id": grant_id, "ask": ask}), as_json=as_json)


async def _grants(settings: "Settings") -> list[dict[str, Any]]:
    from gateway.records.accounts import store as accounts
    from gateway.records.grants import store as grants
    from gateway.terms.clock import SystemClock

    now = SystemClock().now()
    rows: list[dict[str, Any]] = []
    async with reading(settings) as storage, storage.read() as connection:
        for each in await grants.list_all(connection):
            account = await accounts.find(connection, each.account_id)
            rows.append(
                {
                    "grant_id": each.id,
                    "account": f"{account.platform} {account.external_id}" if account else each.account_id,
                    "app": each.app_id,
                    "version": each.version,
                    "live": len(each.live(now)),
                    "permissions": [
                        {
                            "ask": p.ask_id,
                            "scope": p.scope,
                            "purpose": p.purpose,
                            "state": p.state.value,
                            "ends_at": p.ends_at.isoformat() if p.ends_at else None,
                        }
                        for p in each.permissions
                    ],
                }
            )
    return rows
