"""The tables of grants and permissions."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from gateway.ground.storage.schema import Instant, OneOf, ResourceIds, Whole, metadata
from gateway.records.grants.types import PermissionState

grants = Table(
    "grants",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("app_id", ForeignKey("apps.id"), nullable=False, index=True),
    Column("version", Whole, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("account_id", "app_id"),
)

permissions = Table(
    "permissions",
    metadata,
    Column("id", String, primary_key=True),
    Column("grant_id", ForeignKey("grants.id"), nullable=False, index=True),
    Column("ask_id", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("scope_version", Integer, nullable=False),
    Column("purpose", String, nullable=False),
    Column("state", OneOf(PermissionState), nullable=False),
    Column("decided_by", ForeignKey("people.id")),
    Column("decided_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("ended_at", Instant),
    Column("is_current", Boolean, nullable=False),
    Column("resources", ResourceIds),
    Column("basis", String),
)

Index(
    "uq_permissions_current",
    permissions.c.grant_id,
    permissions.c.ask_id,
    unique=True,
    sqlite_where=permissions.c.is_current,
    postgresql_where=permissions.c.is_current,
)
Index(None, permissions.c.state, permissions.c.ends_at)
