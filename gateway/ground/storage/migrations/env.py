"""Alembic's entry: the one place below the doors that imports every room, for their tables."""

from alembic import context

import gateway.records.accounts.tables
import gateway.records.apps.tables
import gateway.records.families.tables
import gateway.records.grants.tables
import gateway.records.hooks.tables
import gateway.records.ledger.tables
import gateway.records.outbox.tables
import gateway.records.owed.tables
import gateway.records.people.tables
import gateway.records.requests.tables
import gateway.records.trace.tables
from gateway.ground.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
