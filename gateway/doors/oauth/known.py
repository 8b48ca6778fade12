"""What a token stands for at this moment, of either kind, dead or alive: read from the records, judged by the clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.acts import House
from gateway.authority.facts import Reach, find_token
from gateway.authority.verdict import check_token, list_live
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.tokens import hashed
from gateway.records.accounts import store as accounts
from gateway.records.apps import callers
from gateway.records.apps import store as apps
from gateway.records.apps.types import AppState
from gateway.records.families import store as families
from gateway.records.families.minting import Held, in_order
from gateway.records.grants import store as grants
from gateway.records.grants.types import Permission
from gateway.terms.ids import AccountId, AppId, AskId, GrantId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token that was issued here.

    `standing` is what a refresh would still give, paused asks too (empty for an access token); `live` is what may be
    used now, and is empty for a dead token. Both are in the order in which the app registered its asks. Whose the token
    is, the caller must judge. `jkt` is the thumbprint of the key that it is bound to.
    """

    is_access: bool
    app_id: AppId
    grant_id: GrantId
    account_id: AccountId
    platform: str
    external_id: str
    created_at: datetime
    expires_at: datetime
    jkt: str | None
    standing: tuple[Held, ...]
    live: tuple[Held, ...]
    authenticated_at: datetime | None
    acr: str | None


async def find_known(house: House, raw_token: str, now: datetime) -> KnownToken | None:
    """Find what a token stands for; None if none like it was ever issued.

    Raises:
        Unavailable: no answer.
    """
    return await _find_access(house, raw_token, now) or await find_refresh(house.storage, raw_token, now)


async def _find_access(house: House, raw_token: str, now: datetime) -> KnownToken | None:
    facts = await find_token(house.storage, hashed(raw_token), denied=house.in_flight.denied)
    if facts is None:
        return None
    try:
        live = _held(list_live(check_token(facts, now), now), await callers.list_ask_ids(house.storage, facts.app_id))
    except Refusal:
        live = ()
    return KnownToken(
        is_access=True,
        app_id=facts.app_id,
        grant_id=facts.grant_id,
        account_id=facts.account_id,
        platform=facts.platform,
        external_id=facts.external_id,
        created_at=facts.created_at,
        expires_at=facts.expires_at,
        jkt=facts.jkt,
        standing=(),
        live=live,
        authenticated_at=facts.authenticated_at,
        acr=facts.acr,
    )


async def find_refresh(storage: Storage, raw_token: str, now: datetime) -> KnownToken | None:
    """Find what a refresh token stands for; None if none like it was ever issued.

    Raises:
        Unavailable: no answer.
    """
    async with storage.read() as connection:
        token = await families.find_refresh(connection, hashed(raw_token))
        family = await families.find(connection, token.family_id) if token else None
        grant = await grants.find(connection, family.grant_id) if family else None
        account = await accounts.find(connection, grant.account_id) if grant else None
        app = await apps.find(connection, grant.app_id) if grant else None
        if token is None or family is None or grant is None or account is None or app is None:
            return None
        is_dead = token.used_at is not None or token.expires_at <= now or family.ended_at is not None
        reached = [] if is_dead else [p for p in grant.permissions if p.id in family.permission_ids]
        is_idle = app.state is not AppState.ACTIVE or not await accounts.has_standing(connection, account.id, now)
        registered = await apps.list_ask_ids(connection, app.id)
    return KnownToken(
        is_access=False,
        app_id=family.app_id,
        grant_id=grant.id,
        account_id=account.id,
        platform=account.platform,
        external_id=account.external_id,
        created_at=token.created_at,
        expires_at=token.expires_at,
        jkt=token.jkt,
        standing=_held((p for p in reached if p.is_standing(now)), registered),
        live=() if is_idle else _held((p for p in reached if p.is_live(now)), registered),
        authenticated_at=family.authenticated_at,
        acr=family.acr,
    )


def _held(found: Iterable[Reach | Permission], registered: Sequence[AskId]) -> tuple[Held, ...]:
    held = (Held(p.id, p.ask_id, p.scope, p.purpose, p.ends_at) for p in found if p.ends_at is not None)
    return in_order(held, registered)
