"""An app and its asks, as the rest of the house sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from gateway.terms.ids import AppId, AskId, PersonId

ADVERTISING = frozenset({"advertising", "marketing"})
"""The purposes that are always an item of their own, and never the price of anything else (R10)."""


class AppState(StrEnum):
    """Whether the app may do anything at all."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class AppOrigin(StrEnum):
    """Who put the app into the register: an operator, or the app itself, by RFC 7591 or by a document at its id."""

    OPERATOR = "operator"
    ITSELF = "itself"
    DOCUMENT = "document"


class AuthMethod(StrEnum):
    """How the app proves to the OAuth endpoints that it is itself; `none` is a public client."""

    NONE = "none"
    SECRET = "client_secret"
    KEY = "private_key_jwt"


class GrantType(StrEnum):
    """What an app may exchange for tokens, if it registered it (RFC 7591 section 2)."""

    CODE = "authorization_code"
    REFRESH = "refresh_token"
    CLIENT = "client_credentials"
    """For the app's own affairs alone (`own_tokens.py`)."""
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Basis(StrEnum):
    """Why data about other people may pass under an ask: what the app registered, told wherever the ask stands.

    `own_consent`: each of them agreed. `contract`: the app works for the account under an agreement; each may object.
    `imported` is never that of an ask: a person's own permission has it, whose consent was brought in (ADR 0039).
    """

    OWN_CONSENT = "own_consent"
    CONTRACT = "contract"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Agreement:
    """The contract under which an app works for an account: its number, and the day of it (R78)."""

    number: str
    dated: date


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives the data, and the ISO 3166 code of the country where."""

    name: str
    country: str


@dataclass(frozen=True, slots=True)
class AskText:
    """What a person reads about an ask, in one language."""

    purpose: str
    refusal_effect: str
    why_required: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One scope for one purpose, as the app registered it: the unit of consent.

    `purpose` is the slug on the wire; `texts` holds `vi` and `en`. `retention_days` 0 means that nothing is kept, None
    that the app did not say; no recipients mean the same. `basis` is of an ask about other people, None of one about
    the account itself; where such an ask does not say, it is `own_consent`. `agreement` stands with `contract` alone.
    """

    id: AskId
    app_id: AppId
    scope: str
    scope_version: int
    purpose: str
    texts: Mapping[str, AskText]
    is_required: bool
    retention_days: int | None
    recipients: tuple[Recipient, ...]
    basis: Basis | None = None
    agreement: Agreement | None = None

    @property
    def meaning(self) -> tuple[int, str | None]:
        """What of it makes it another ask when it changes: the version of its scope, and the basis."""
        return self.scope_version, self.basis

    @property
    def platform(self) -> str:
        """The slug of the platform that it is about: the first word of its scope's id."""
        return self.scope.partition(".")[0]

    @property
    def is_advertising(self) -> bool:
        """Say whether it is about advertising or marketing."""
        return self.purpose in ADVERTISING

    @property
    def wire_name(self) -> str:
        """The unambiguous name of the ask in a `scope` parameter."""
        return f"{self.scope}#{self.purpose}"


BEFORE_RESTORE = "before_restore"
"""Stands as the reason of a suspension that the journal holds and a restored database lost: the words were lost too."""


@dataclass(frozen=True, slots=True)
class App:
    """A third-party OAuth client. `id` is its client_id; `dialect` is the platform whose header it may use.

    `must_push`: its authorization requests come by RFC 9126 only. `binds_tokens`: it gets no bearer tokens (RFC 9449).
    `jwks` is its public key set where it proves itself by a key (RFC 7517), else None. `details_types` are the types of
    `authorization_details` that it registered (RFC 9396 section 10); None: it did not say, and may use any. `addresses`
    are the networks from which alone it may call; None: from anywhere. `suspended_at` is since when it is suspended;
    None of one that is not, or of which nobody knows that any more (`BEFORE_RESTORE`).
    """

    id: AppId
    name: str
    legal_entity: str
    address: str
    contact: str
    domain: str
    country: str
    owner_id: PersonId | None
    auth_method: AuthMethod
    jwks: Mapping[str, Any] | None
    dialect: str | None
    grant_types: tuple[GrantType, ...]
    redirect_uris: tuple[str, ...]
    must_push: bool
    binds_tokens: bool
    state: AppState
    suspended_reason: str | None
    reviewed_at: datetime | None
    created_at: datetime
    origin: AppOrigin = AppOrigin.OPERATOR
    details_types: tuple[str, ...] | None = None
    addresses: tuple[str, ...] | None = None
    suspended_at: datetime | None = None

    @property
    def is_dynamic(self) -> bool:
        """Say whether nobody but the app itself put it into the register."""
        return self.origin is not AppOrigin.OPERATOR

    @property
    def is_nameless(self) -> bool:
        """Say whether it is called by what stands in for a name that it did not give (`stand_in_name`)."""
        return self.is_dynamic and self.name == stand_in_name(self.id, self.domain, self.redirect_uris)

    @property
    def is_confidential(self) -> bool:
        """Say whether the app can prove that it is itself."""
        return self.auth_method is not AuthMethod.NONE

    @property
    def may_refresh(self) -> bool:
        """Say whether the app gets refresh tokens."""
        return GrantType.REFRESH in self.grant_types

    @property
    def may_manage_itself(self) -> bool:
        """Say whether the app gets tokens for its own affairs; only one that can prove itself does."""
        return self.is_confidential and GrantType.CLIENT in self.grant_types

    @property
    def may_use_devices(self) -> bool:
        """Say whether the app may ask from devices that have no browser (RFC 8628)."""
        return GrantType.DEVICE in self.grant_types

    @property
    def is_reviewed(self) -> bool:
        """Say whether an operator checked who stands behind the app."""
        return self.reviewed_at is not None


@dataclass(frozen=True, slots=True)
class AppSecret:
    """A client secret, known by its hash; two may live at once while one replaces the other."""

    id: str
    app_id: AppId
    number: int
    """1 for the app's first secret; the order of secrets, whatever the machine's clock did."""
    hashed_secret: bytes
    last4: str
    created_at: datetime
    ended_at: datetime | None


def stand_in_name(app_id: AppId, host: str, redirect_uris: tuple[str, ...]) -> str:
    """Return what an app is called that gives no name: its own domain, the one that it returns to, or its id."""
    return host or urlsplit(redirect_uris[0]).hostname or app_id
