"""The table of trace lines."""

from sqlalchemy import Column, Index, Integer, String, Table, literal_column

from gateway.ground.storage.schema import Instant, Words, metadata
from gateway.records.trace.types import CALL_NOT_OPENED

trace_lines = Table(
    "trace_lines",
    metadata,
    Column("id", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("app_id", String),
    Column("grant_id", String),
    Column("account_id", String),
    Column("family_id", String),
    Column("platform", String, nullable=False),
    Column("route", String, nullable=False),
    Column("ask_ids", Words, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", String),
    Column("status", Integer),
    Column("upstream_status", Integer),
    Column("subjects", Integer, nullable=False),
    Column("withheld", Integer, nullable=False),
    Column("closed_at", Instant),
    Column("batch_seq", Integer, index=True),
    Column("by_evidence", Integer),
    Index(None, "grant_id", "opened_at"),
    Index(None, "app_id", "opened_at"),
    Index(None, "opened_at", "id"),
)

is_not_opened = trace_lines.c.reason == literal_column(f"'{CALL_NOT_OPENED}'")
"""Written out, for an index on some lines is used only where the question has the same words."""
Index(
    "ix_trace_lines_not_opened",
    trace_lines.c.grant_id,
    trace_lines.c.opened_at,
    sqlite_where=is_not_opened,
    postgresql_where=is_not_opened,
)
