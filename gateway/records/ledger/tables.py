"""The tables of the grant log. The code only inserts, and moves the head; what else is changed is found, not barred."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from gateway.ground.storage.schema import Instant, metadata

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("peaks", JSON, nullable=False),
)

ledger_records = Table(
    "ledger_records",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("grant_id", String),
    Column("version", Integer, nullable=False),
    Column("app_id", String),
    Column("account_id", String),
    Column("actor_kind", String, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("canonical", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Index("uq_ledger_records_grant_version", "grant_id", "version", unique=True),
    Index(None, "app_id", "seq"),
    Index(None, "actor_id", "seq"),
    Index(None, "at"),
)

Index(
    "ix_ledger_records_of_app",
    ledger_records.c.app_id,
    ledger_records.c.seq,
    sqlite_where=ledger_records.c.grant_id.is_(None),
    postgresql_where=ledger_records.c.grant_id.is_(None),
)
"""What happened to an app and not to one of its grants: few among very many."""

ledger_parts = Table(
    "ledger_parts",
    metadata,
    Column("record_id", ForeignKey("ledger_records.record_id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("person_id", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "person_id"),
)

ledger_nodes = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

ledger_checkpoints = Table(
    "ledger_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("signed_at", Instant, nullable=False),
)

ledger_keys = Table(
    "ledger_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("origin", String, nullable=False),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("verifier_key", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("language", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("first_shown_at", Instant, nullable=False),
)
