"""Minting: fresh tokens and the answer that carries them to the app."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from gateway.ground.vault.tokens import ACCESS, REFRESH, hashed, new_token
from gateway.records.families.types import ACCESS_LASTS, REFRESH_IDLE, AccessToken, RefreshToken
from gateway.terms.entropy import Entropy
from gateway.terms.ids import AskId, FamilyId, GrantId, PermissionId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Held:
    """One ask that a token opens, as the answer names it."""

    permission_id: PermissionId
    ask_id: AskId
    scope: str
    purpose: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """What tokens are minted for: a family of a grant, the account by its own id on its platform, and the asks held."""

    family_id: FamilyId
    grant_id: GrantId
    platform: str
    external_account_id: str
    held: tuple[Held, ...]
    is_narrowed: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms tokens are minted.

    Args:
        at: now.
        may_refresh: a refresh token comes with it.
        parent_hash: of the refresh token that is spent for them, if any.
        access_jkt, refresh_jkt: thumbprints of the keys that they are bound to, if any.
    """

    at: datetime
    may_refresh: bool
    parent_hash: bytes | None = None
    access_jkt: str | None = None
    refresh_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """New tokens as rows, and the one answer that holds them in the clear."""

    access: AccessToken
    refresh: RefreshToken | None
    answer: bytes


def mint(holding: Holding, terms: Terms, entropy: Entropy) -> Minted:
    """Make an access token of 15 minutes and, if the app may, a refresh token; neither outlives what is held.

    Returns:
        The rows to store and the JSON of RFC 6749 section 5.1 with `grant_id` and `authorization_details`.
    """
    now, last = terms.at, max(each.ends_at for each in holding.held)
    raw_access = new_token(ACCESS, entropy)
    access = AccessToken(
        hashed_token=hashed(raw_access),
        family_id=holding.family_id,
        parent_hash=terms.parent_hash,
        permission_ids=frozenset(each.permission_id for each in holding.held) if holding.is_narrowed else None,
        created_at=now,
        expires_at=min(now + ACCESS_LASTS, last),
        ended_at=None,
        jkt=terms.access_jkt,
    )
    answer: dict[str, Any] = {
        "access_token": raw_access,
        "token_type": token_type(access.jkt),
        "expires_in": max(int((access.expires_at - now).total_seconds()), 0),
        "scope": " ".join(unique(each.scope for each in holding.held)),
        "grant_id": holding.grant_id,
        "authorization_details": details_of(holding.held, holding.external_account_id),
    }
    refresh = None
    if terms.may_refresh:
        raw_refresh = new_token(REFRESH, entropy)
        refresh = RefreshToken(
            hashed_token=hashed(raw_refresh),
            family_id=holding.family_id,
            parent_hash=terms.parent_hash,
            created_at=now,
            expires_at=min(now + REFRESH_IDLE, last),
            used_at=None,
            sealed_answer=None,
            jkt=terms.refresh_jkt,
        )
        answer["refresh_token"] = raw_refresh
    return Minted(access, refresh, orjson.dumps(answer))


def narrowed(holding: Holding, ask_ids: frozenset[AskId] | None) -> Holding:
    """Return less of what is held: the asks named; None is all of it.

    Raises:
        Refusal: `invalid_scope`: more was asked than is held.
    """
    if ask_ids is None:
        return holding
    if not ask_ids <= {each.ask_id for each in holding.held}:
        raise Refusal("invalid_scope", "more was asked than was granted")
    held = tuple(each for each in holding.held if each.ask_id in ask_ids)
    return replace(holding, held=held, is_narrowed=True)


def token_type(jkt: str | None) -> str:
    """Return the type of an access token, by the key that it is bound to."""
    return "Bearer" if jkt is None else "DPoP"


def details_of(held: Iterable[Held], external_account_id: str) -> list[dict[str, str]]:
    """Name each ask held, as `authorization_details` of type `quyen_ask` (RFC 9396)."""
    return [
        {
            "type": "quyen_ask",
            "ask": each.ask_id,
            "scope": each.scope,
            "purpose": each.purpose,
            "account": external_account_id,
        }
        for each in held
    ]


def in_order(held: Iterable[Held], registered: Sequence[AskId]) -> tuple[Held, ...]:
    """Order asks as the app registered them: the ids of permissions are random, and no app should see chance."""
    places = {ask_id: place for place, ask_id in enumerate(registered)}
    return tuple(sorted(held, key=lambda each: (places.get(each.ask_id, len(places)), each.ask_id)))


def unique(words: Iterable[str]) -> list[str]:
    """Keep each word once, in the order of first sight."""
    return list(dict.fromkeys(words))


def check_target(holding: Holding, platform: str | None) -> None:
    """Check that tokens are wanted for the platform that they are for (RFC 8707); None: it was not said.

    Raises:
        Refusal: `invalid_target`.
    """
    if platform not in {None, holding.platform}:
        raise Refusal("invalid_target", "the grant is for another API than resource names")
