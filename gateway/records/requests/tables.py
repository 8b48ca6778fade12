"""The table of authorization requests."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from gateway.ground.storage.schema import Instant, Words, metadata

authorization_requests = Table(
    "authorization_requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("app_id", ForeignKey("apps.id"), nullable=False, index=True),
    Column("ask_ids", Words, nullable=False),
    Column("redirect_uri", String),
    Column("state", String),
    Column("code_challenge", String),
    Column("jkt", String),
    Column("grant_id", ForeignKey("grants.id")),
    Column("person_id", ForeignKey("people.id")),
    Column("shown_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("pushed_until", Instant),
    Column("prompts", Words, nullable=False),
    Column("max_age_seconds", Integer),
    Column("acr_values", Words, nullable=False),
    Column("login_hint", String),
    Column("account_id", ForeignKey("accounts.id")),
    Column("looked_at", Instant),
    Column("refused_at", Instant),
)
