"""The look-ups that an OAuth endpoint makes at each call, compiled once and answered by the authority itself."""

from typing import Any

from sqlalchemy import LargeBinary, String, bindparam, select

from gateway.ground.storage.points import PointQuery
from gateway.ground.storage.storage import Storage
from gateway.records.apps.own_tokens import OwnScope, OwnToken
from gateway.records.apps.store import read_app
from gateway.records.apps.tables import app_secrets, apps, asks, own_tokens
from gateway.records.apps.types import App, AppSecret
from gateway.terms.ids import AppId, AskId

_APP_ID = bindparam("app_id", type_=String())
_APP = PointQuery(select(apps).where(apps.c.id == _APP_ID))
_SECRETS = PointQuery(
    select(app_secrets)
    .where(app_secrets.c.app_id == _APP_ID, app_secrets.c.ended_at.is_(None))
    .order_by(app_secrets.c.number)
)
_ASKS = PointQuery(select(asks.c.id).where(asks.c.app_id == _APP_ID).order_by(asks.c.position))
_OWN_TOKEN = PointQuery(
    select(own_tokens).where(own_tokens.c.hashed_token == bindparam("hashed_token", type_=LargeBinary()))
)


async def find_app(storage: Storage, app_id: str) -> App | None:
    """Find an app by its client_id, which may be anything that a stranger sent.

    Raises:
        Unavailable: no answer, as for the others here.
    """
    rows = await _rows(storage, _APP, app_id=app_id)
    return read_app(rows[0]) if rows else None


async def list_live_secrets(storage: Storage, app_id: str) -> list[AppSecret]:
    """List the secrets that open the app's door now, oldest first."""
    return [AppSecret(**row) for row in await _rows(storage, _SECRETS, app_id=app_id)]


async def list_ask_ids(storage: Storage, app_id: AppId) -> list[AskId]:
    """List the names of what the app asks for, in the order in which it registered."""
    return [AskId(row["id"]) for row in await _rows(storage, _ASKS, app_id=app_id)]


async def find_own_token(storage: Storage, hashed_token: bytes) -> OwnToken | None:
    """Find a token for an app's own affairs, alive or not."""
    rows = await _rows(storage, _OWN_TOKEN, hashed_token=hashed_token)
    if not rows:
        return None
    return OwnToken(**{**rows[0], "scopes": tuple(OwnScope(each) for each in rows[0]["scopes"])})


async def _rows(storage: Storage, query: PointQuery, **values: Any) -> list[dict[str, Any]]:
    names = query.statement.selected_columns.keys()
    return [dict(zip(names, row, strict=True)) for row in await storage.point(query, **values)]
