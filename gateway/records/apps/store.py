"""Questions and changes on apps, secrets and asks."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, Select, String, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.rows import list_readable, reading
from gateway.records.apps.tables import app_secrets, apps, asks, spent_assertions
from gateway.records.apps.types import (
    Agreement,
    App,
    AppOrigin,
    AppSecret,
    AppState,
    Ask,
    AskText,
    AuthMethod,
    Basis,
    GrantType,
    Recipient,
)
from gateway.terms.ids import AppId, AskId, PersonId

ONE_APP = select(apps).where(apps.c.id == bindparam("app_id", type_=String()))
LIVE_SECRETS = (
    select(app_secrets)
    .where(app_secrets.c.app_id == bindparam("app_id", type_=String()), app_secrets.c.ended_at.is_(None))
    .order_by(app_secrets.c.number)
)
ASK_IDS = Prepared(
    select(asks.c.id).where(asks.c.app_id == bindparam("app_id", type_=String())).order_by(asks.c.position)
)
"""What both a page and a call ask."""


def read_app(row: RowMapping | dict[str, Any]) -> App:
    """Read a row of the table."""
    with reading(f"apps {row['id']}"):
        return _app(row)


def _app(row: RowMapping | dict[str, Any]) -> App:
    fields: dict[str, Any] = {**row, "state": AppState(row["state"]), "auth_method": AuthMethod(row["auth_method"])}
    fields["origin"] = AppOrigin(row["origin"])
    fields["grant_types"] = tuple(GrantType(each) for each in row["grant_types"])
    return App(**fields)


def _ask(row: RowMapping) -> Ask:
    with reading(f"asks {row['app_id']}/{row['id']}"):
        return _read_ask(row)


def _read_ask(row: RowMapping) -> Ask:
    fields: dict[str, Any] = {name: value for name, value in row.items() if name != "position"}
    fields["texts"] = {language: AskText(**text) for language, text in row["texts"].items()}
    fields["recipients"] = tuple(Recipient(**recipient) for recipient in row["recipients"])
    fields["basis"] = Basis(row["basis"]) if row["basis"] else None
    fields["agreement"] = _agreement(row["agreement"]) if row["agreement"] else None
    return Ask(**fields)


def _agreement(kept: dict[str, str]) -> Agreement:
    return Agreement(kept["number"], date.fromisoformat(kept["dated"]))


async def find(connection: AsyncConnection, app_id: str, *, lock: bool = False) -> App | None:
    """Find an app by its client_id, which may be anything that a stranger sent; `lock` holds the row."""
    query = ONE_APP.with_for_update(key_share=True) if lock else ONE_APP
    row = (await connection.execute(query, {"app_id": app_id})).mappings().first()
    return read_app(row) if row else None


async def find_owned(connection: AsyncConnection, app_id: str, owner_id: PersonId) -> App | None:
    """Find an app of this developer's; another's is as unknown as none."""
    query = select(apps).where(apps.c.id == app_id, apps.c.owner_id == owner_id)
    row = (await connection.execute(query)).mappings().first()
    return read_app(row) if row else None


async def list_all(connection: AsyncConnection, owner_id: PersonId | None = None) -> list[App]:
    """List all apps that can be read, or those of one developer, oldest first."""
    query = select(apps).order_by(apps.c.created_at, apps.c.id)
    if owner_id is not None:
        query = query.where(apps.c.owner_id == owner_id)
    try:
        return [read_app(row) for row in (await connection.execute(query)).mappings()]
    except Unreadable:
        ids = (await connection.execute(query.with_only_columns(apps.c.id))).scalars().all()
        return await list_readable(ids, lambda each: find(connection, each), kind="app")


async def list_asks(connection: AsyncConnection, app_id: AppId) -> list[Ask]:
    """List what the app asks for and can be read, in the order in which it registered."""
    query = select(asks).where(asks.c.app_id == app_id).order_by(asks.c.position)
    try:
        return [_ask(row) for row in (await connection.execute(query)).mappings()]
    except Unreadable:
        ids = await list_ask_ids(connection, app_id)
        return await list_readable(ids, lambda each: _get_ask(connection, app_id, each), kind=f"ask of {app_id}")


async def _get_ask(connection: AsyncConnection, app_id: AppId, ask_id: AskId) -> Ask:
    query = select(asks).where(asks.c.app_id == app_id, asks.c.id == ask_id)
    return _ask((await connection.execute(query)).mappings().one())


async def list_ask_ids(connection: AsyncConnection, app_id: AppId) -> list[AskId]:
    """List the names of what the app asks for, in the order in which it registered."""
    return [AskId(row["id"]) for row in await ASK_IDS.rows(connection, app_id=app_id)]


async def list_asking(connection: AsyncConnection, ask_ids: Collection[str]) -> dict[AskId, list[AppId]]:
    """Name the apps that registered asks of these names; an ask's name is its app's own."""
    found: dict[AskId, list[AppId]] = {}
    for app_id, ask_id in await connection.execute(select(asks.c.app_id, asks.c.id).where(asks.c.id.in_(ask_ids))):
        found.setdefault(AskId(ask_id), []).append(AppId(app_id))
    return found


async def add(connection: AsyncConnection, app: App, registered: list[Ask]) -> None:
    """Add an app with its asks."""
    await connection.execute(insert(apps).values(**{name: getattr(app, name) for name in app.__slots__}))
    for position, ask in enumerate(registered):
        await add_ask(connection, ask, position)


async def add_ask(connection: AsyncConnection, ask: Ask, position: int) -> None:
    """Add an ask at a place in the register's order."""
    fields = {name: getattr(ask, name) for name in ask.__slots__}
    fields["texts"] = {language: asdict(text) for language, text in ask.texts.items()}
    fields["recipients"] = [asdict(recipient) for recipient in ask.recipients]
    if ask.agreement is not None:
        fields["agreement"] = {"number": ask.agreement.number, "dated": ask.agreement.dated.isoformat()}
    await connection.execute(insert(asks).values(**fields, position=position))


async def describe(connection: AsyncConnection, app: App) -> None:
    """Write anew what a dynamic app says of itself; its state, and when it came, stay as they are."""
    said = ("name", "contact", "auth_method", "jwks", "grant_types", "redirect_uris", "must_push", "binds_tokens")
    values = {name: getattr(app, name) for name in (*said, "details_types")}
    await connection.execute(update(apps).where(apps.c.id == app.id).values(**values))


async def list_unused(
    connection: AsyncConnection, before: datetime, used: Sequence[Select[Any]], *, most: int
) -> list[AppId]:
    """List dynamic apps that came before `before` and are in none of the selects `used`, the oldest `most`.

    A suspended one stays: whoever was stopped does not come back as someone new.
    """
    query = select(apps.c.id).where(
        apps.c.origin != AppOrigin.OPERATOR.value,
        apps.c.state == AppState.ACTIVE.value,
        apps.c.created_at < before,
        *(apps.c.id.not_in(each) for each in used),
    )
    return [AppId(row.id) for row in await connection.execute(query.order_by(apps.c.created_at).limit(most))]


async def remove(connection: AsyncConnection, app_id: AppId) -> None:
    """Forget an app with its asks and secrets; refused by the database where anything else rests on it."""
    for table in (spent_assertions, app_secrets, asks):
        await connection.execute(delete(table).where(table.c.app_id == app_id))
    await connection.execute(delete(apps).where(apps.c.id == app_id))


async def set_state(
    connection: AsyncConnection, app_id: AppId, state: AppState, reason: str | None, *, since: datetime | None = None
) -> bool:
    """Suspend or resume an app; False if it was in that state already. `since`: None where nobody knows."""
    known = apps.c.id == app_id, apps.c.state != state
    values = {"state": state, "suspended_reason": reason, "suspended_at": since}
    changed = await connection.execute(update(apps).where(*known).values(**values))
    return changed.rowcount == 1


async def add_secret(connection: AsyncConnection, secret: AppSecret) -> None:
    """Add a client secret."""
    await connection.execute(insert(app_secrets).values(**{name: getattr(secret, name) for name in secret.__slots__}))


async def end_secrets(connection: AsyncConnection, app_id: AppId, keep: int, now: datetime) -> list[AppSecret]:
    """End all live secrets of the app but the `keep` newest, and return them."""
    live = await list_live_secrets(connection, app_id)
    ended = live[: max(len(live) - keep, 0)]
    for secret in ended:
        await end_secret(connection, secret.hashed_secret, now)
    return ended


async def end_secret(connection: AsyncConnection, hashed_secret: bytes, now: datetime) -> bool:
    """End one secret; False if it is unknown, or over."""
    live = app_secrets.c.hashed_secret == hashed_secret, app_secrets.c.ended_at.is_(None)
    return (await connection.execute(update(app_secrets).where(*live).values(ended_at=now))).rowcount == 1


async def list_live_secrets(connection: AsyncConnection, app_id: AppId) -> list[AppSecret]:
    """List the secrets that open the app's door now, oldest first."""
    rows = await connection.execute(LIVE_SECRETS, {"app_id": app_id})
    return [AppSecret(**row) for row in rows.mappings()]


async def list_secrets(connection: AsyncConnection, app_id: AppId) -> list[AppSecret]:
    """List every secret that the app ever had, newest first."""
    query = select(app_secrets).where(app_secrets.c.app_id == app_id)
    rows = await connection.execute(query.order_by(app_secrets.c.number.desc()))
    return [AppSecret(**row) for row in rows.mappings()]


async def add_spent(connection: AsyncConnection, app_id: AppId, hashed_jti: bytes, expires_at: datetime) -> None:
    """Note that an app's assertion was used; the same one again is refused by the table."""
    row = {"app_id": app_id, "hashed_jti": hashed_jti, "expires_at": expires_at}
    await connection.execute(insert(spent_assertions).values(row))


async def forget_spent(connection: AsyncConnection, now: datetime) -> int:
    """Forget the assertions that are refused for their own time by now; return how many."""
    return (await connection.execute(delete(spent_assertions).where(spent_assertions.c.expires_at <= now))).rowcount


async def count_asks(connection: AsyncConnection, app_ids: Sequence[AppId]) -> dict[AppId, int]:
    """Count what each app asks for."""
    query = select(asks.c.app_id, func.count()).where(asks.c.app_id.in_(app_ids)).group_by(asks.c.app_id)
    return {AppId(row[0]): row[1] for row in await connection.execute(query)}
