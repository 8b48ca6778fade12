"""The tables of people and sessions."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

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
    Column("acr", String),
    Column("last_seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
