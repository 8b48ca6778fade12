"""The tables of authorization requests and of the codes of devices that wait for one."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from gateway.ground.storage.schema import Instant, ResourcesById, Words, metadata

authorization_requests = Table(
    "authorization_requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("app_id", ForeignKey("apps.id"), nullable=False, index=True),
    Column("ask_ids", Words, nullable=False),
    Column("redirect_uri", String),
    Column("state", String),
    Column("code_challenge", String),
    Column("jkt", String),
    Column("grant_id", ForeignKey("grants.id")),
    Column("person_id", ForeignKey("people.id")),
    Column("shown_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("pushed_until", Instant),
    Column("prompts", Words, nullable=False),
    Column("max_age_seconds", Integer),
    Column("acr_values", Words, nullable=False),
    Column("login_hint", String),
    Column("account_id", ForeignKey("accounts.id")),
    Column("looked_at", Instant),
    Column("refused_at", Instant),
    Column("resources", ResourcesById),
    Column("account_named", String),
)

Index(
    "ix_authorization_requests_undecided",
    authorization_requests.c.expires_at,
    sqlite_where=authorization_requests.c.decided_at.is_(None),
    postgresql_where=authorization_requests.c.decided_at.is_(None),
)

device_codes = Table(
    "device_codes",
    metadata,
    Column("hashed_code", LargeBinary, primary_key=True),
    Column("hashed_user_code", LargeBinary, nullable=False, unique=True),
    Column("request_id", ForeignKey("authorization_requests.id"), nullable=False, unique=True),
    Column("address", String, nullable=False),
    Column("interval_seconds", Integer, nullable=False),
    Column("polled_at", Instant),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("family_id", ForeignKey("families.id")),
    Column("redeemed_at", Instant),
)
