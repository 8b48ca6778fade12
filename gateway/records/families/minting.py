"""Minting: fresh tokens and the answer that carries them to the app."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import orjson

from gateway.ground.vault.tokens import ACCESS, REFRESH, hashed, new_token
from gateway.records.families.types import ACCESS_LASTS, REFRESH_IDLE, AccessToken, RefreshToken
from gateway.terms.entropy import Entropy
from gateway.terms.ids import AskId, FamilyId, GrantId, PermissionId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details, Resources, covers, in_common


class Given(Protocol):
    """What is known of a permission wherever it is read."""

    @property
    def id(self) -> PermissionId:
        """Which one."""
        ...

    @property
    def ask_id(self) -> AskId:
        """For which ask."""
        ...

    @property
    def scope(self) -> str:
        """Of which scope."""
        ...

    @property
    def purpose(self) -> str:
        """For which purpose."""
        ...

    @property
    def ends_at(self) -> datetime | None:
        """Until when; None for one that was refused."""
        ...

    @property
    def resources(self) -> Resources:
        """To which resources it is narrowed."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """One ask that a token opens, as the answer names it; `resources` are those that it is narrowed to."""

    permission_id: PermissionId
    ask_id: AskId
    scope: str
    purpose: str
    ends_at: datetime
    resources: Resources = None


@dataclass(frozen=True, slots=True)
class FamilyHolding:
    """What tokens are minted for: a family of a grant, the account by its own id on its platform, and the asks held.

    Of these, `paused` are the ones that tokens reach and that open nothing before they are shared again.
    """

    family_id: FamilyId
    grant_id: GrantId
    platform: str
    external_account_id: str
    held: tuple[Held, ...]
    paused: frozenset[PermissionId] = frozenset()
    is_narrowed: bool = False

    @property
    def live(self) -> tuple[Held, ...]:
        """What of it may be used now: what the answer lists."""
        return tuple(each for each in self.held if each.permission_id not in self.paused)


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


def mint(holding: FamilyHolding, terms: Terms, entropy: Entropy) -> Minted:
    """Make an access token of 15 minutes and, if the app may, a refresh token; neither outlives what is held.

    Returns:
        The rows to store and the JSON of RFC 6749 section 5.1 with `grant_id` and `authorization_details`. It lists
        what may be used now, as introspection does: of a grant that is paused, nothing. The tokens reach what is paused
        all the same, and calls say `paused`: a pause is no end (R37).
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
        resources=_resources(holding) if holding.is_narrowed else None,
    )
    answer: dict[str, Any] = {
        "access_token": raw_access,
        "token_type": token_type(access.jkt),
        "expires_in": max(int((access.expires_at - now).total_seconds()), 0),
        "scope": " ".join(unique(each.scope for each in holding.live)),
        "grant_id": holding.grant_id,
        "authorization_details": details_of(holding.live, holding.external_account_id),
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


def narrowed(holding: FamilyHolding, ask_ids: frozenset[AskId] | None) -> FamilyHolding:
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


def detailed(holding: FamilyHolding, details: Details | None, *, is_rest_named: bool = False) -> FamilyHolding:
    """Return less of what is held: the asks and resources that the app's details name (RFC 9396 section 6).

    Args:
        holding: what is held.
        details: what is wanted; None is all of it. An ask without resources is wanted for all that there are.
        is_rest_named: what the details do not name is wanted too, because `scope` named it.

    Raises:
        Refusal: `invalid_authorization_details`: more is wanted than is held, or of another account.
    """
    if details is None:
        return holding
    wanted, held = details.resources, {each.ask_id: each for each in holding.held}
    is_less = all(ask_id in held and covers(held[ask_id].resources, wanted[ask_id]) for ask_id in wanted)
    if not is_less or details.account not in {None, holding.external_account_id}:
        raise Refusal("invalid_authorization_details", "more was asked than was granted")
    narrower = (replace(each, resources=wanted.get(each.ask_id, each.resources)) for each in holding.held)
    chosen = tuple(each for each in narrower if is_rest_named or each.ask_id in wanted)
    return replace(holding, held=chosen, is_narrowed=True)


def _resources(holding: FamilyHolding) -> dict[PermissionId, frozenset[str]] | None:
    return {each.permission_id: each.resources for each in holding.held if each.resources is not None} or None


def token_type(jkt: str | None) -> str:
    """Return the type of an access token, by the key that it is bound to."""
    return "Bearer" if jkt is None else "DPoP"


def details_of(held: Iterable[Held], external_account_id: str) -> list[dict[str, Any]]:
    """Name each ask held, as `authorization_details` of type `quyen_ask` (RFC 9396)."""
    return [
        {
            "type": "quyen_ask",
            "ask": each.ask_id,
            "scope": each.scope,
            "purpose": each.purpose,
            "account": external_account_id,
            **({} if each.resources is None else {"resources": sorted(each.resources)}),
        }
        for each in held
    ]


def list_held(
    given: Iterable[Given],
    registered: Sequence[AskId],
    less: Mapping[PermissionId, frozenset[str]] | None = None,
) -> tuple[Held, ...]:
    """List what is held of the permissions given, in the order of `in_order`; `less` narrows some of them further."""
    narrower = less or {}
    held = (
        Held(p.id, p.ask_id, p.scope, p.purpose, p.ends_at, in_common(p.resources, narrower.get(p.id)))
        for p in given
        if p.ends_at is not None
    )
    return in_order(held, registered)


def in_order(held: Iterable[Held], registered: Sequence[AskId]) -> tuple[Held, ...]:
    """Order asks as the app registered them: the ids of permissions are random, and no app should see chance."""
    places = {ask_id: place for place, ask_id in enumerate(registered)}
    return tuple(sorted(held, key=lambda each: (places.get(each.ask_id, len(places)), each.ask_id)))


def unique(words: Iterable[str]) -> list[str]:
    """Keep each word once, in the order of first sight."""
    return list(dict.fromkeys(words))


def check_target(holding: FamilyHolding, platform: str | None) -> None:
    """Check that tokens are wanted for the platform that they are for (RFC 8707); None: it was not said.

    Raises:
        Refusal: `invalid_target`.
    """
    if platform not in {None, holding.platform}:
        raise Refusal("invalid_target", "the grant is for another API than resource names")
