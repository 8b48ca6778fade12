"""Who may be told of an event of an account at this moment: apps with live permissions, in one look-up."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.authority.facts import REACH, STANDING, Reach, reach_of
from gateway.ground.storage.listed import each_of, listed
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.records.accounts.tables import accounts
from gateway.records.apps.tables import apps, upstream_apps
from gateway.records.apps.types import AppState
from gateway.records.grants.tables import grants, permissions
from gateway.records.grants.types import PermissionState
from gateway.records.outbox.tables import notice_endpoints
from gateway.records.outbox.types import EndpointState
from gateway.terms.ids import GATEWAYS_OWN, AccountId, AppId, GrantId, PermissionId, UpstreamAppId


@dataclass(frozen=True, slots=True)
class Holder:
    """One grant of the account, with what stands in it and the app that holds it.

    `reach` leaves out what is narrowed to resources: no event says which it is about. `brought_id` is the upstream app
    through which the app's calls go: what another one tells of the same account is not for it.
    """

    grant_id: GrantId
    app_id: AppId
    app_state: AppState
    app_dialect: str | None
    account_id: AccountId
    platform: str
    external_id: str
    standing_lapses_at: datetime | None
    brought_id: UpstreamAppId
    reach: tuple[Reach, ...]

    def list_live(self, scopes: Collection[str], now: datetime) -> list[Reach]:
        """List what lets something of these scopes through now; nothing of an app or account that may not be told."""
        if self.app_state is not AppState.ACTIVE or self.standing_lapses_at is None or self.standing_lapses_at <= now:
            return []
        return [each for each in self.reach if each.scope in scopes and each.is_live(now)]


_OWN = (upstream_apps.c.app_id == apps.c.id) & (upstream_apps.c.platform == accounts.c.platform)
_THROUGH = func.coalesce(upstream_apps.c.id, GATEWAYS_OWN)
"""Its own upstream app if it brought one, else the gateway's: there is no falling back (ADR 0036)."""
_SELECT = (
    select(
        grants.c.id.label("grant_id"),
        apps.c.id.label("app_id"),
        apps.c.state.label("app_state"),
        apps.c.dialect.label("app_dialect"),
        accounts.c.id.label("account_id"),
        accounts.c.platform,
        accounts.c.external_id,
        STANDING.label("standing_lapses_at"),
        _THROUGH.label("brought_id"),
        *REACH,
    )
    .join(apps, apps.c.id == grants.c.app_id)
    .join(accounts, accounts.c.id == grants.c.account_id)
    .join(permissions, permissions.c.grant_id == grants.c.id)
    .outerjoin(upstream_apps, _OWN)
    .where(permissions.c.is_current, permissions.c.state == PermissionState.GRANTED.value)
    .where(permissions.c.resources.is_(None))
)
_LISTENING = Prepared(
    _SELECT.join(notice_endpoints, notice_endpoints.c.app_id == apps.c.id)
    .where(notice_endpoints.c.state == EndpointState.LIVE.value, grants.c.account_id == bindparam("of_account"))
    .where(bindparam("heard_through") == _THROUGH)
    .order_by(grants.c.id, permissions.c.id)
)
_NAMED = each_of("held_accounts")
_HELD = Prepared(
    select(grants.c.id)
    .select_from(_NAMED)
    .join(grants, grants.c.account_id == _NAMED.c.value)
    .join(notice_endpoints, notice_endpoints.c.app_id == grants.c.app_id)
    .order_by(grants.c.id)
    .with_for_update(read=True, of=grants)
)
_OF_GRANT = Prepared(_SELECT.where(grants.c.id == bindparam("of_grant")).order_by(permissions.c.id))
_REACH = tuple(column.name for column in REACH)


async def hold_listening(connection: AsyncConnection, account_ids: Collection[AccountId]) -> None:
    """Hold the grants under which events of these accounts may be kept, until the unit ends, before they are read.

    An act that ends one waits, and finds the copies that were kept beside it; or it was first, and is seen.
    """
    await _HELD.rows(connection, held_accounts=listed(sorted(account_ids)))


async def list_listening(
    connection: AsyncConnection,
    account_id: AccountId,
    *,
    brought_id: UpstreamAppId = GATEWAYS_OWN,
    denied: Collection[PermissionId] = (),
) -> list[Holder]:
    """List the grants of an account whose apps have an endpoint to be told at, in the order in which they are locked.

    Args:
        connection: of the unit of work.
        account_id: whose.
        brought_id: through which upstream app it is told; an app hears what the one that it uses tells, and no other.
        denied: permissions under which nothing passes, although the database does not know of it.
    """
    return _holders(await _LISTENING.rows(connection, of_account=account_id, heard_through=brought_id), denied)


async def find_holder(storage: Storage, grant_id: GrantId, *, denied: Collection[PermissionId] = ()) -> Holder | None:
    """Find what stands in one grant; None where nothing does.

    Raises:
        Unavailable: the authority gave no answer; nothing may pass.
    """
    rows = await storage.point(_OF_GRANT, of_grant=grant_id)
    found = _holders([dict(zip(_OF_GRANT.names, row, strict=True)) for row in rows], denied)
    return found[0] if found else None


def _holders(rows: Iterable[Mapping[str, Any]], denied: Collection[PermissionId]) -> list[Holder]:
    holders = []
    for _, group in groupby(rows, key=lambda row: row["grant_id"]):
        of_grant = list(group)
        shared: dict[str, Any] = {name: value for name, value in of_grant[0].items() if name not in _REACH}
        shared["app_state"] = AppState(shared["app_state"])
        reach = (reach_of(tuple(row[name] for name in _REACH)) for row in of_grant)
        holders.append(Holder(**shared, reach=tuple(each for each in reach if each.id not in denied)))
    return holders
