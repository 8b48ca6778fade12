"""What is true about a token at this moment, read from the authority in one look-up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, bindparam, exists, func, select

from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.rows import note_damaged
from gateway.ground.storage.storage import Storage
from gateway.records.accounts.tables import accounts, standings
from gateway.records.apps.tables import apps, upstream_apps
from gateway.records.apps.types import AppState
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.families.tables import access_tokens, families, family_permissions, refresh_tokens
from gateway.records.grants.tables import grants, permissions
from gateway.records.grants.types import PermissionState
from gateway.terms.ids import AccountId, AppId, AskId, FamilyId, GrantId, PermissionId
from gateway.terms.resources import Resources, in_common


@dataclass(frozen=True, slots=True)
class Reach:
    """One permission that the token reaches; `resources` are those that it reaches by it.

    `basis` is why data about other people passes by it (`records.apps.types.Basis`); None: it did not say.
    """

    id: PermissionId
    ask_id: AskId
    scope: str
    purpose: str
    state: PermissionState
    ends_at: datetime | None
    resources: Resources = None
    basis: str | None = None

    def is_live(self, now: datetime) -> bool:
        """Say whether it lets something through now."""
        return self.state is PermissionState.GRANTED and self.ends_at is not None and self.ends_at > now


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A token with everything that a verdict needs: its family, app, account and reach.

    `authenticated_at` and `acr` are of the sign-in that the family rests on. `has_kept_answer`: it came by a refresh
    whose answer is still kept for a retry; its first use destroys that (I3). `jkt`: the thumbprint of the key that each
    call must prove; None: a bearer token. `upstream` is the app's own at the platform, if it brought one: its calls go
    through that alone.
    """

    app_id: AppId
    app_state: AppState
    app_dialect: str | None
    app_addresses: tuple[str, ...] | None
    grant_id: GrantId
    account_id: AccountId
    platform: str
    external_id: str
    family_id: FamilyId
    parent_hash: bytes | None
    has_kept_answer: bool
    jkt: str | None
    created_at: datetime
    expires_at: datetime
    is_ended: bool
    standing_lapses_at: datetime | None
    reach: tuple[Reach, ...]
    authenticated_at: datetime | None = None
    acr: str | None = None
    upstream: UpstreamApp | None = None


STANDING = (
    select(func.max(standings.c.lapses_at)).where(standings.c.account_id == grants.c.account_id).scalar_subquery()
)
"""Until when somebody may decide for the account of a grant."""
REACH = (
    permissions.c.id.label("permission_id"),
    permissions.c.ask_id,
    permissions.c.scope,
    permissions.c.purpose,
    permissions.c.state.label("permission_state"),
    permissions.c.ends_at,
    permissions.c.resources,
    permissions.c.basis,
)
"""What a look-up selects of a permission for `reach_of`, last and in this order."""
_KEPT = exists().where(
    refresh_tokens.c.hashed_token == access_tokens.c.parent_hash, refresh_tokens.c.sealed_answer.is_not(None)
)
_QUERY = Prepared(
    select(
        apps.c.id.label("app_id"),
        apps.c.state.label("app_state"),
        apps.c.dialect,
        apps.c.addresses.label("app_addresses"),
        grants.c.id.label("grant_id"),
        accounts.c.id.label("account_id"),
        accounts.c.platform,
        accounts.c.external_id,
        families.c.id.label("family_id"),
        access_tokens.c.parent_hash,
        _KEPT.label("has_kept_answer"),
        access_tokens.c.jkt,
        access_tokens.c.created_at,
        access_tokens.c.expires_at,
        access_tokens.c.ended_at,
        families.c.ended_at.label("family_ended_at"),
        families.c.authenticated_at,
        families.c.acr,
        STANDING.label("standing_lapses_at"),
        access_tokens.c.permission_ids,
        access_tokens.c.resources.label("token_resources"),
        families.c.resources.label("family_resources"),
        upstream_apps.c.id.label("upstream_id"),
        upstream_apps.c.external_id.label("upstream_external_id"),
        upstream_apps.c.sealed_secret,
        upstream_apps.c.brought_at,
        *REACH,
    )
    .select_from(access_tokens)
    .join(families, families.c.id == access_tokens.c.family_id)
    .join(grants, grants.c.id == families.c.grant_id)
    .join(apps, apps.c.id == families.c.app_id)
    .join(accounts, accounts.c.id == grants.c.account_id)
    .outerjoin(upstream_apps, (upstream_apps.c.app_id == apps.c.id) & (upstream_apps.c.platform == accounts.c.platform))
    .outerjoin(family_permissions, family_permissions.c.family_id == families.c.id)
    .outerjoin(permissions, (permissions.c.id == family_permissions.c.permission_id) & permissions.c.is_current)
    .where(access_tokens.c.hashed_token == bindparam("hashed_token", type_=LargeBinary()))
)
_GRANT = Prepared(
    select(families.c.grant_id)
    .join(access_tokens, access_tokens.c.family_id == families.c.id)
    .where(access_tokens.c.hashed_token == bindparam("hashed_token", type_=LargeBinary()))
)
_REACH = _QUERY.names.index(REACH[0].name)


def reach_of(columns: tuple[Any, ...], *narrowings: Mapping[PermissionId, frozenset[str]]) -> Reach:
    """Read the columns `REACH` of a row; what stands above the permission narrows it further."""
    permission_id, ask_id, scope, purpose, state, ends_at, resources, basis = columns
    for narrowing in narrowings:
        resources = in_common(resources, narrowing.get(permission_id))
    return Reach(permission_id, ask_id, scope, purpose, PermissionState(state), ends_at, resources, basis)


async def find_token(
    storage: Storage, hashed_token: bytes, *, denied: Collection[PermissionId] = ()
) -> TokenFacts | None:
    """Find what is true about the access token with this hash; None if there is none.

    Args:
        storage: the authority.
        hashed_token: of the token that was sent.
        denied: permissions that it does not reach, although the database does not know of it (`CallsInFlight.denied`).

    Raises:
        Unavailable: the authority gave no answer, or one that cannot be read; nothing may pass.
    """
    try:
        rows = await storage.point(_QUERY, hashed_token=hashed_token)
    except Unreadable as unreadable:
        for (grant_id,) in await storage.point(_GRANT, hashed_token=hashed_token):
            note_damaged("grant", grant_id, unreadable)
        raise
    if not rows:
        return None
    first = dict(zip(_QUERY.names, rows[0], strict=True))
    subset = first["permission_ids"]
    above = (first["family_resources"] or {}, first["token_resources"] or {})
    reach = [reach_of(row[_REACH:], *above) for row in rows if row[_REACH] is not None]
    return TokenFacts(
        app_id=first["app_id"],
        app_state=AppState(first["app_state"]),
        app_dialect=first["dialect"],
        app_addresses=first["app_addresses"],
        grant_id=first["grant_id"],
        account_id=first["account_id"],
        platform=first["platform"],
        external_id=first["external_id"],
        family_id=first["family_id"],
        parent_hash=first["parent_hash"],
        has_kept_answer=bool(first["has_kept_answer"]),
        jkt=first["jkt"],
        created_at=first["created_at"],
        expires_at=first["expires_at"],
        is_ended=first["ended_at"] is not None or first["family_ended_at"] is not None,
        standing_lapses_at=first["standing_lapses_at"],
        reach=tuple(each for each in reach if (subset is None or each.id in subset) and each.id not in denied),
        authenticated_at=first["authenticated_at"],
        acr=first["acr"],
        upstream=_upstream(first),
    )


def _upstream(row: Mapping[str, Any]) -> UpstreamApp | None:
    if row["upstream_id"] is None:
        return None
    whose = row["upstream_id"], row["app_id"], row["platform"]
    return UpstreamApp(*whose, row["upstream_external_id"], row["sealed_secret"], row["brought_at"])
