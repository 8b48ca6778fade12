"""The tables of arrivals (the hash of what names an event at its platform) and of where platforms tell."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, UniqueConstraint

from gateway.ground.storage.schema import Instant, metadata

hook_arrivals = Table(
    "hook_arrivals",
    metadata,
    Column("hashed_name", LargeBinary, primary_key=True),
    Column("forget_at", Instant, nullable=False, index=True),
)

hook_points = Table(
    "hook_points",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("account_id"),
)

hook_registrations = Table(
    "hook_registrations",
    metadata,
    Column("point_id", ForeignKey("hook_points.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("upstream_id", String, nullable=False),
    Column("registered_at", Instant, nullable=False),
)
