"""The tables of accounts, connections, standings and link attempts."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from gateway.ground.storage.schema import Instant, metadata

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

connections = Table(
    "connections",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("upstream_app", String, nullable=False),
    Column("state", String, nullable=False),
    Column("lost_reason", String),
    Column("sealed_credential", LargeBinary, nullable=False),
    Column("generation", Integer, nullable=False),
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
