"""What is true about a token at this moment, read from the authority in one look-up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, bindparam, exists, func, select

from gateway.ground.storage.storage import PointQuery, Storage
from gateway.records.accounts.tables import accounts, connections, standings
from gateway.records.accounts.types import ConnectionState
from gateway.records.apps.tables import apps
from gateway.records.apps.types import AppState
from gateway.records.families.tables import access_tokens, families, family_permissions, refresh_tokens
from gateway.records.grants.tables import grants, permissions
from gateway.records.grants.types import PermissionState
from gateway.terms.ids import AccountId, AppId, AskId, FamilyId, GrantId, PermissionId


@dataclass(frozen=True, slots=True)
class Reach:
    """One permission that the token reaches."""

    id: PermissionId
    ask_id: AskId
    scope: str
    purpose: str
    state: PermissionState
    ends_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Say whether it lets something through now."""
        return self.state is PermissionState.GRANTED and self.ends_at is not None and self.ends_at > now


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A token with everything that a verdict needs: its family, app, account, connection and reach.

    `authenticated_at` and `acr` are of the sign-in that the family rests on. `has_kept_answer`: it came by a refresh
    whose answer is still kept for a retry; its first use destroys that (I3).
    """

    app_id: AppId
    app_name: str
    app_state: AppState
    app_dialect: str | None
    grant_id: GrantId
    account_id: AccountId
    platform: str
    external_id: str
    family_id: FamilyId
    parent_hash: bytes | None
    has_kept_answer: bool
    created_at: datetime
    expires_at: datetime
    is_ended: bool
    standing_lapses_at: datetime | None
    connection_state: ConnectionState | None
    reach: tuple[Reach, ...]
    authenticated_at: datetime | None = None
    acr: str | None = None


_STANDING = (
    select(func.max(standings.c.lapses_at)).where(standings.c.account_id == grants.c.account_id).scalar_subquery()
)
_KEPT = exists().where(
    refresh_tokens.c.hashed_token == access_tokens.c.parent_hash, refresh_tokens.c.sealed_answer.is_not(None)
)
_QUERY = PointQuery(
    select(
        apps.c.id.label("app_id"),
        apps.c.name.label("app_name"),
        apps.c.state.label("app_state"),
        apps.c.dialect,
        grants.c.id.label("grant_id"),
        accounts.c.id.label("account_id"),
        accounts.c.platform,
        accounts.c.external_id,
        families.c.id.label("family_id"),
        access_tokens.c.parent_hash,
        _KEPT.label("has_kept_answer"),
        access_tokens.c.created_at,
        access_tokens.c.expires_at,
        access_tokens.c.ended_at,
        families.c.ended_at.label("family_ended_at"),
        families.c.authenticated_at,
        families.c.acr,
        _STANDING.label("standing_lapses_at"),
        connections.c.state.label("connection_state"),
        access_tokens.c.permission_ids,
        permissions.c.id.label("permission_id"),
        permissions.c.ask_id,
        permissions.c.scope,
        permissions.c.purpose,
        permissions.c.state.label("permission_state"),
        permissions.c.ends_at,
    )
    .select_from(access_tokens)
    .join(families, families.c.id == access_tokens.c.family_id)
    .join(grants, grants.c.id == families.c.grant_id)
    .join(apps, apps.c.id == families.c.app_id)
    .join(accounts, accounts.c.id == grants.c.account_id)
    .outerjoin(connections, connections.c.account_id == accounts.c.id)
    .outerjoin(family_permissions, family_permissions.c.family_id == families.c.id)
    .outerjoin(permissions, (permissions.c.id == family_permissions.c.permission_id) & permissions.c.is_current)
    .where(access_tokens.c.hashed_token == bindparam("hashed_token", type_=LargeBinary()))
)
FIRST_OF_REACH = 20
"""The column with which a permission begins; all before it are the same in every row."""


async def find_token(storage: Storage, hashed_token: bytes) -> TokenFacts | None:
    """Find what is true about the access token with this hash; None if there is none.

    Raises:
        Unavailable: the authority gave no answer; nothing may pass.
    """
    rows = await storage.point(_QUERY, hashed_token=hashed_token)
    if not rows:
        return None
    (app_id, app_name, app_state, dialect, grant_id, account_id, platform, external_id, family_id, *rest) = rows[0]
    parent_hash, has_kept, created_at, expires_at, ended_at, family_ended_at, *rest = rest
    authenticated_at, acr, lapses_at, link_state, subset, *_ = rest
    reach = [_reach(row[FIRST_OF_REACH:]) for row in rows if row[FIRST_OF_REACH] is not None]
    return TokenFacts(
        app_id=app_id,
        app_name=app_name,
        app_state=AppState(app_state),
        app_dialect=dialect,
        grant_id=grant_id,
        account_id=account_id,
        platform=platform,
        external_id=external_id,
        family_id=family_id,
        parent_hash=parent_hash,
        has_kept_answer=bool(has_kept),
        created_at=created_at,
        expires_at=expires_at,
        is_ended=ended_at is not None or family_ended_at is not None,
        standing_lapses_at=lapses_at,
        connection_state=None if link_state is None else ConnectionState(link_state),
        reach=tuple(each for each in reach if subset is None or each.id in subset),
        authenticated_at=authenticated_at,
        acr=acr,
    )


def _reach(columns: tuple[Any, ...]) -> Reach:
    permission_id, ask_id, scope, purpose, state, ends_at = columns
    return Reach(permission_id, ask_id, scope, purpose, PermissionState(state), ends_at)
