"""The tables of people, the identities that a provider proves, sessions, and ways out to the provider."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from gateway.ground.storage.schema import Instant, Words, metadata

people = Table(
    "people",
    metadata,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("roles", Words, nullable=False),
    Column("hashed_password", String),
    Column("created_at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hashed_token", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("authenticated_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("acr", String),
    Column("issuer", String),
    Column("subject", String),
    Column("sid", String),
    Index(None, "issuer", "subject"),
    Index(None, "issuer", "sid"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("linked_by", String, nullable=False),
    Column("linked_at", Instant, nullable=False),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("hashed_state", LargeBinary, primary_key=True),
    Column("hashed_browser", LargeBinary, nullable=False),
    Column("purpose", String, nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("max_age_seconds", Integer),
    Column("sealed_secrets", LargeBinary, nullable=False),
    Column("return_to", String, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
)

provider_logouts = Table(
    "provider_logouts",
    metadata,
    Column("hashed_jti", LargeBinary, primary_key=True),
    Column("ends_at", Instant, nullable=False, index=True),
)
