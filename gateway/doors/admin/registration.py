"""What an app's registration file holds, and how it becomes records; what does not fit in it is in `fitting.py`."""

from datetime import date
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from gateway.ground.fetching.urls import check_fetchable
from gateway.ground.web.responses import check_redirect_uri
from gateway.records.apps.keys import check_public_keys
from gateway.records.apps.types import (
    Agreement,
    App,
    AppState,
    Ask,
    AskText,
    AuthMethod,
    Basis,
    GrantType,
    Recipient,
)
from gateway.records.apps.wording import Definite, Name, Readable, Told
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy
from gateway.terms.ids import AppId, AskId, PersonId, new_id
from scopes import Catalogue

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


ON_LOOPBACK = "is_on_loopback"
"""In the context of a validation: the gateway is on this machine alone, so that endpoints of apps may be too."""


def _endpoint(value: str, known: ValidationInfo) -> str:
    check_fetchable(value, allow_loopback=bool(known.context and known.context[ON_LOOPBACK]))
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RecipientEntry(_Strict):
    """Someone who receives the data."""

    name: Definite = Field(min_length=2, max_length=200)
    country: str = Field(pattern=r"^[A-Z]{2}$")


class TextEntry(_Strict):
    """What a person reads about an ask, in one language."""

    purpose: Definite = Field(min_length=3, max_length=400)
    refusal_effect: Told = Field(min_length=3, max_length=400)
    why_required: Told = Field("", max_length=400)


def _day(value: object) -> date:
    """Read a day as YAML has it, or as it is written in JSON."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    if type(value) is date:
        return value
    raise ValueError("a day is written 2026-01-05")


class AgreementEntry(_Strict):
    """The contract under which the app works for the accounts that it asks: its number, and its day as `2026-01-05`."""

    number: Definite = Field(min_length=1, max_length=80)
    dated: Annotated[date, BeforeValidator(_day)]


class AskEntry(_Strict):
    """One ask: a scope for a purpose.

    One about other people says why their data may pass; by default only that of who agrees themself. A contract names
    its agreement (R78).
    """

    id: Slug
    scope: str
    purpose: Slug
    required: bool = False
    retention_days: int = Field(ge=0, le=3650)
    recipients: list[RecipientEntry] = Field(min_length=1)
    basis: Literal["own_consent", "contract"] | None = None
    agreement: AgreementEntry | None = None
    vi: TextEntry
    en: TextEntry


def _network(raw: str) -> str:
    """Read an address or a network, such as `203.0.113.7` or `2001:db8::/32`."""
    return str(ip_network(raw))


class AppEntry(_Strict):
    """An app, as its file says; an ask without purpose, refusal effect, retention or recipients is refused (R8)."""

    name: Name = Field(min_length=2, max_length=80)
    legal_entity: Readable = Field(min_length=2, max_length=200)
    address: Readable = Field(min_length=2, max_length=300)
    contact: Readable = Field(min_length=3, max_length=200)
    domain: Readable = Field(min_length=3, max_length=253)
    country: str = Field(pattern=r"^[A-Z]{2}$")
    owner_login: str | None = None
    kind: Literal["confidential", "public"]
    jwks: Annotated[dict[str, Any], AfterValidator(check_public_keys)] | None = None
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False
    authorization_details_types: list[Literal["quyen_ask"]] | None = None
    dialect: str | None = None
    addresses: list[Annotated[str, AfterValidator(_network)]] = Field([], max_length=100)
    may_refresh: bool = True
    manages_itself: bool = False
    may_use_devices: bool = False
    reviewed: bool = False
    redirect_uris: list[Annotated[str, AfterValidator(check_redirect_uri)]] = Field([], max_length=20)
    notice_url: Annotated[str, AfterValidator(_endpoint)] | None = None
    asks: list[AskEntry] = Field(min_length=1, max_length=50)


def records_of(
    entry: AppEntry, catalogue: Catalogue, owner_id: PersonId | None, *, clock: Clock, entropy: Entropy
) -> tuple[App, list[Ask]]:
    """Turn a registration that fits (`fitting.py`) into records."""
    app_id = AppId(new_id("app", entropy))
    now = clock.now()
    app = App(
        id=app_id,
        name=entry.name,
        legal_entity=entry.legal_entity,
        address=entry.address,
        contact=entry.contact,
        domain=entry.domain,
        country=entry.country,
        owner_id=owner_id,
        auth_method=_auth_method(entry),
        jwks=entry.jwks,
        dialect=entry.dialect,
        grant_types=_grant_types(entry),
        redirect_uris=tuple(entry.redirect_uris),
        must_push=entry.require_pushed_authorization_requests,
        binds_tokens=entry.dpop_bound_access_tokens,
        state=AppState.ACTIVE,
        suspended_reason=None,
        reviewed_at=now if entry.reviewed else None,
        created_at=now,
        addresses=tuple(entry.addresses) or None,
        details_types=None if entry.authorization_details_types is None else tuple(entry.authorization_details_types),
    )
    return app, [_ask(each, app_id, catalogue) for each in entry.asks]


def _grant_types(entry: AppEntry) -> tuple[GrantType, ...]:
    wanted = {
        GrantType.CODE: bool(entry.redirect_uris),
        GrantType.DEVICE: entry.may_use_devices,
        GrantType.REFRESH: entry.may_refresh,
        GrantType.CLIENT: entry.manages_itself,
    }
    return tuple(grant_type for grant_type, is_wanted in wanted.items() if is_wanted)


def _auth_method(entry: AppEntry) -> AuthMethod:
    if entry.kind == "public":
        return AuthMethod.NONE
    return AuthMethod.SECRET if entry.jwks is None else AuthMethod.KEY


def _ask(entry: AskEntry, app_id: AppId, catalogue: Catalogue) -> Ask:
    texts = {"vi": AskText(**entry.vi.model_dump()), "en": AskText(**entry.en.model_dump())}
    is_about_others = catalogue.scopes[entry.scope].whose == "subject"
    return Ask(
        id=AskId(entry.id),
        app_id=app_id,
        scope=entry.scope,
        scope_version=catalogue.scopes[entry.scope].version,
        purpose=entry.purpose,
        texts=texts,
        is_required=entry.required,
        retention_days=entry.retention_days,
        recipients=tuple(Recipient(each.name, each.country) for each in entry.recipients),
        basis=Basis(entry.basis or Basis.OWN_CONSENT) if is_about_others else None,
        agreement=Agreement(entry.agreement.number, entry.agreement.dated) if entry.agreement else None,
    )
