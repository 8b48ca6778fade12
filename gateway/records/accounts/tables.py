"""The tables of accounts, connections, standings and link attempts."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table, UniqueConstraint

from gateway.ground.storage.schema import Blob, Instant, OneOf, Whole, metadata
from gateway.records.accounts.types import ConnectionState

accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    Column("platform", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("linked_at", Instant, nullable=False),
    Column("parent_id", ForeignKey("accounts.id")),
    UniqueConstraint("platform", "external_id"),
    Index(None, "parent_id", "platform"),  # without a parent: linked by people; with one: a follower of it
)

profile_pairs = Table(
    "profile_pairs",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("login_subject", String, primary_key=True, index=True),
    Column("subject_id", String, nullable=False),
    Column("noted_at", Instant, nullable=False),
)

revocations = Table(
    "revocations",
    metadata,
    Column("hashed_name", LargeBinary, primary_key=True),
    Column("platform", String, nullable=False),
    Column("upstream_app", String, nullable=False),
    Column("login_subject", String, nullable=False, index=True),
    Column("subject_id", String, nullable=False),
    Column("event", String, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("forget_at", Instant, nullable=False, index=True),
)

connections = Table(
    "connections",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("upstream_app", String, nullable=False),
    Column("state", OneOf(ConnectionState), nullable=False),
    Column("lost_reason", String),
    Column("sealed_credential", Blob, nullable=False),
    Column("generation", Whole, nullable=False),
    Column("credential_expires_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Column("brought_id", String, nullable=False, server_default=""),
    Column("linked_at", Instant),
    UniqueConstraint("account_id", "brought_id"),
)

standings = Table(
    "standings",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("role", String, nullable=False),
    Column("proven_how", String, nullable=False),
    Column("proven_at", Instant, nullable=False),
    Column("lapses_at", Instant, nullable=False),
    UniqueConstraint("account_id", "person_id"),
    Index(None, "person_id"),
)

link_attempts = Table(
    "link_attempts",
    metadata,
    Column("hashed_state", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("platform", String, nullable=False),
    Column("sealed_verifier", LargeBinary, nullable=False),
    Column("return_to", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("brought_id", String, nullable=False, server_default=""),
    Column("unverified_wanted_id", String),
)
