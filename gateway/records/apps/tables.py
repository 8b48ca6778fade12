"""The tables of apps, their secrets and their asks."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from gateway.ground.storage.schema import Instant, Json, OneOf, Words, metadata
from gateway.records.apps.types import AppOrigin, AppState, AuthMethod, Basis

apps = Table(
    "apps",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("legal_entity", String, nullable=False),
    Column("address", String, nullable=False),
    Column("contact", String, nullable=False),
    Column("domain", String, nullable=False),
    Column("country", String, nullable=False),
    Column("owner_id", ForeignKey("people.id"), index=True),
    Column("auth_method", OneOf(AuthMethod), nullable=False),
    Column("jwks", Json),
    Column("dialect", String),
    Column("grant_types", Words, nullable=False),
    Column("redirect_uris", Words, nullable=False),
    Column("must_push", Boolean, nullable=False),
    Column("binds_tokens", Boolean, nullable=False),
    Column("details_types", Words),
    Column("addresses", Words),
    Column("state", OneOf(AppState), nullable=False),
    Column("suspended_reason", String),
    Column("suspended_at", Instant),
    Column("reviewed_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("origin", OneOf(AppOrigin), nullable=False),
)

app_secrets = Table(
    "app_secrets",
    metadata,
    Column("id", String, primary_key=True),
    Column("app_id", ForeignKey("apps.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("hashed_secret", LargeBinary, nullable=False, unique=True),
    Column("last4", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("app_id", "number"),
)

upstream_apps = Table(
    "upstream_apps",
    metadata,
    Column("id", String, primary_key=True),
    Column("app_id", ForeignKey("apps.id"), nullable=False),
    Column("platform", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("brought_at", Instant, nullable=False),
    Column("sealed_event_key", LargeBinary),
    UniqueConstraint("app_id", "platform"),
    UniqueConstraint("platform", "external_id"),
)

spent_assertions = Table(
    "spent_assertions",
    metadata,
    Column("app_id", ForeignKey("apps.id"), primary_key=True),
    Column("hashed_jti", LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False, index=True),
)

asks = Table(
    "asks",
    metadata,
    Column("app_id", ForeignKey("apps.id"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("scope", String, nullable=False),
    Column("scope_version", Integer, nullable=False),
    Column("purpose", String, nullable=False),
    Column("texts", Json, nullable=False),
    Column("is_required", Boolean, nullable=False),
    Column("retention_days", Integer),
    Column("recipients", Json, nullable=False),
    Column("basis", OneOf(Basis)),
    Column("agreement", Json),
    UniqueConstraint("app_id", "scope", "purpose"),
)

own_tokens = Table(
    "own_tokens",
    metadata,
    Column("hashed_token", LargeBinary, primary_key=True),
    Column("app_id", ForeignKey("apps.id"), nullable=False, index=True),
    Column("scopes", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("jkt", String),
)

app_statements = Table(
    "app_statements",
    metadata,
    Column("id", String, primary_key=True),
    Column("app_id", ForeignKey("apps.id"), nullable=False, index=True),
    Column("content", Json, nullable=False),
    Column("digest", String, nullable=False),
    Column("identity", String, nullable=False),
    Column("said_at", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("fresh_until", Instant),
    Column("is_current", Boolean, nullable=False),
)

Index(
    "uq_app_statements_current",
    app_statements.c.app_id,
    unique=True,
    sqlite_where=app_statements.c.is_current,
    postgresql_where=app_statements.c.is_current,
)

granted_statements = Table(
    "granted_statements",
    metadata,
    Column("grant_id", ForeignKey("grants.id"), primary_key=True),
    Column("statement_id", ForeignKey("app_statements.id"), nullable=False, index=True),
)
