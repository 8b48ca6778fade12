"""The table of arrivals: the hash of what names an event at its platform, and since when it is known."""

from sqlalchemy import Column, LargeBinary, Table

from gateway.ground.storage.schema import Instant, metadata

hook_arrivals = Table(
    "hook_arrivals",
    metadata,
    Column("hashed_name", LargeBinary, primary_key=True),
    Column("taken_at", Instant, nullable=False, index=True),
)
