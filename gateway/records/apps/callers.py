"""The look-ups that an OAuth endpoint makes at each call, prepared, and answered by the database, never a copy."""

from typing import Any

from sqlalchemy import LargeBinary, bindparam, select

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.records.apps.own_tokens import OwnScope, OwnToken
from gateway.records.apps.store import ASK_IDS, LIVE_SECRETS, ONE_APP, read_app
from gateway.records.apps.tables import own_tokens
from gateway.records.apps.types import App, AppSecret
from gateway.terms.ids import AppId, AskId

_APP = Prepared(ONE_APP)
_SECRETS = Prepared(LIVE_SECRETS)
_OWN_TOKEN = Prepared(
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
    return [AskId(row["id"]) for row in await _rows(storage, ASK_IDS, app_id=app_id)]


async def find_own_token(storage: Storage, hashed_token: bytes) -> OwnToken | None:
    """Find a token for an app's own affairs, alive or not."""
    rows = await _rows(storage, _OWN_TOKEN, hashed_token=hashed_token)
    if not rows:
        return None
    return OwnToken(**{**rows[0], "scopes": tuple(OwnScope(each) for each in rows[0]["scopes"])})


async def _rows(storage: Storage, query: Prepared, **values: Any) -> list[dict[str, Any]]:
    return [dict(zip(query.names, row, strict=True)) for row in await storage.point(query, **values)]
