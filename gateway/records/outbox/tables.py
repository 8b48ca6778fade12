"""The tables of endpoints, signing keys, notices and copies of events.

What the outbox holds of an event is its line in the delivery log. The copy itself waits in `event_copies`, a table of
its own, so that a backup can leave it out (I6), and in a lane, one for each grant, which keeps the order.

A notice names app and grant without a foreign key: it is written while the log's head is held, and PostgreSQL would
then lock the app's row, which other acts hold when they ask for the head.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from gateway.ground.storage.schema import Instant, metadata

notice_endpoints = Table(
    "notice_endpoints",
    metadata,
    Column("app_id", ForeignKey("apps.id"), primary_key=True),
    Column("url", String, nullable=False),
    Column("state", String, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

notice_keys = Table(
    "notice_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("app_id", ForeignKey("apps.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("public_key", String, nullable=False),
    Column("last4", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("app_id", "number"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String, primary_key=True),
    Column("app_id", String, nullable=False),
    Column("grant_id", String),
    Column("version", Integer),
    Column("event", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("outcome", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("grant_id", "version"),
)

Index(None, outbox.c.state, outbox.c.next_try_at)
Index(None, outbox.c.app_id, outbox.c.created_at)

event_lanes = Table(
    "event_lanes",
    metadata,
    Column("grant_id", String, primary_key=True),
    Column("app_id", String, nullable=False),
    Column("newest", BigInteger, nullable=False),
    Column("next_try_at", Instant, index=True),
    Column("leased_until", Instant),
)

event_copies = Table(
    "event_copies",
    metadata,
    Column("id", String, primary_key=True),
    Column("grant_id", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("rests_on", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("brought_id", String, nullable=False, server_default=""),
    UniqueConstraint("grant_id", "number"),
)
