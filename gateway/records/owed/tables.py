"""The table of owed entries, empty whenever the journal's disk is well."""

from sqlalchemy import Column, Integer, LargeBinary, Table

from gateway.ground.storage.schema import metadata

owed_entries = Table(
    "owed_entries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("entry", LargeBinary, nullable=False),
)
