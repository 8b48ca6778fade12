"""An authorization request, waiting for a person, and the code of a device that waits for it (RFC 8628)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.terms.ids import AccountId, AppId, AskId, FamilyId, GrantId, PersonId, RequestId

REQUEST_LASTS = timedelta(minutes=30)
PUSHED_LASTS = timedelta(seconds=90)
DEVICE_LASTS = timedelta(minutes=10)
POLL_SECONDS = 5
"""How long a device waits between two polls, and how much longer for each that came too soon (RFC 8628, 3.5)."""


class RequestKind(StrEnum):
    """Who opened the request: an app by a browser or from a device, or the person from Quản lý quyền.

    Of kind `subject`: the one whom the data is about, by a link that names what is asked (ADR 0032).
    """

    AUTHORIZE = "authorize"
    DEVICE = "device"
    RECONSIDER = "reconsider"
    SUBJECT = "subject"


class Prompt(StrEnum):
    """What an app may want the person to be asked (OpenID Connect Core 1.0, 3.1.2.1)."""

    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is asked, checked already: the redirect URI is registered, the asks are the app's, the challenge is S256.

    A request of kind `reconsider` has no redirect URI; its decision returns to the page of `grant_id`. One of kind
    `device` has none either: the device asks for its tokens itself, and the person has confirmed its code first.
    `person_id` is who opened the screen first; nobody else can see it after. `shown_at` is when they saw it last.
    `jkt` is the thumbprint of the key to which the app binds its code (RFC 9449 section 10).
    `pushed_until` is how long its request_uri leads to the screen; None: it was not pushed (RFC 9126).
    `prompts`, `max_age_seconds`, `acr_values` and `login_hint` are what the app wants of the sign-in and the screen.
    `account_id` is the account that the person chose first, where they hold several; `looked_at` is when they asked to
    see again what they had refused; `refused_at` is when they gave nothing, which is remembered (R17).
    `resources` are those that an ask is wanted for, where not for all; `account_named` is the one account that the app
    asks about, by the platform's own id (RFC 9396).
    """

    id: RequestId
    kind: RequestKind
    app_id: AppId
    ask_ids: tuple[AskId, ...]
    redirect_uri: str | None
    state: str | None
    code_challenge: str | None
    jkt: str | None
    grant_id: GrantId | None
    person_id: PersonId | None
    shown_at: datetime | None
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    pushed_until: datetime | None
    prompts: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str | None = None
    account_id: AccountId | None = None
    looked_at: datetime | None = None
    refused_at: datetime | None = None
    resources: Mapping[AskId, frozenset[str]] | None = None
    account_named: str | None = None

    @property
    def is_from_app(self) -> bool:
        """Say whether an app opened it, which then hears what comes of it."""
        return self.kind in {RequestKind.AUTHORIZE, RequestKind.DEVICE}

    @property
    def narrowed_to(self) -> Mapping[AskId, frozenset[str]]:
        """The asks that are wanted for some resources only."""
        return self.resources or {}

    @property
    def is_full(self) -> bool:
        """Say whether the whole screen is wanted, with what stands to be decided anew."""
        return Prompt.CONSENT in self.prompts

    def is_about(self, account_id: AccountId, external_id: str) -> bool:
        """Say whether it may be decided for an account: the one that the person chose, and that the app named."""
        return self.account_id in {None, account_id} and self.account_named in {None, external_id}

    def is_open(self, now: datetime) -> bool:
        """Say whether it still takes an answer."""
        return self.decided_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """The code by which a device asks what came of its request, known by its hash; `hashed_user_code` is an HMAC.

    `address` is where the request came from, as limits count it. `polled_at` is when the device asked last.
    `family_id` is what was given; None: nothing so far. `redeemed_at` is when the device got its tokens.
    """

    hashed_code: bytes
    hashed_user_code: bytes
    request_id: RequestId
    address: str
    interval_seconds: int
    polled_at: datetime | None
    expires_at: datetime
    family_id: FamilyId | None = None
    redeemed_at: datetime | None = None

    def is_too_soon(self, now: datetime) -> bool:
        """Say whether the device waits too little between two polls."""
        return self.polled_at is not None and now < self.polled_at + timedelta(seconds=self.interval_seconds)
