"""Families of tokens, codes and tokens: hashes, times and what they point at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.terms.ids import AppId, CredentialId, FamilyId, GrantId, PermissionId, PersonId, RequestId

CODE_LASTS = timedelta(seconds=60)
ACCESS_LASTS = timedelta(minutes=15)
REFRESH_IDLE = timedelta(days=30)
VERIFIER_TRIES = 5


@dataclass(frozen=True, slots=True)
class Family:
    """One authorization's chain of tokens. It reaches `permission_ids` and nothing that was granted later.

    `authenticated_at` and `acr` are of the sign-in that the decision rests on; None where nobody signed in for it.
    `resources` are those of a permission that it reaches, where they are fewer than the permission's own.
    """

    id: FamilyId
    grant_id: GrantId
    app_id: AppId
    person_id: PersonId
    permission_ids: frozenset[PermissionId]
    created_at: datetime
    ended_at: datetime | None
    authenticated_at: datetime | None = None
    acr: str | None = None
    resources: Mapping[PermissionId, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, known by its hash. `jkt` is the thumbprint of the key that alone may redeem it, if any."""

    hashed_code: bytes
    family_id: FamilyId
    request_id: RequestId
    redirect_uri: str
    code_challenge: str
    expires_at: datetime
    redeemed_at: datetime | None
    wrong_verifiers: int
    jkt: str | None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token, known by its hash. `permission_ids` None means all that its family reaches.

    `resources` are those of a permission, where the app wanted fewer this once than its family reaches.

    `jkt` is the thumbprint of the key that every call must prove (RFC 9449); None: a bearer token.
    """

    hashed_token: bytes
    family_id: FamilyId
    parent_hash: bytes | None
    permission_ids: frozenset[PermissionId] | None
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    jkt: str | None
    resources: Mapping[PermissionId, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, known by its hash.

    `sealed_answer` is the token answer that its use produced, sealed under a key that only the token itself yields; it
    is destroyed when one of the new tokens is first used (I3). `jkt` is the key that a public app must prove to use it.
    """

    hashed_token: bytes
    family_id: FamilyId
    parent_hash: bytes | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    sealed_answer: bytes | None
    jkt: str | None


@dataclass(frozen=True, slots=True)
class Credential:
    """A grant-bound credential: an id and a secret that a person made for one grant, known by the secret's hash.

    It stands for one family of that grant: what ends the family ends it too. `ended_at` is the family's own.
    """

    id: CredentialId
    family_id: FamilyId
    grant_id: GrantId
    person_id: PersonId
    name: str
    hashed_secret: bytes = field(repr=False)
    last4: str
    created_at: datetime
    last_used_at: datetime | None
    ended_at: datetime | None
