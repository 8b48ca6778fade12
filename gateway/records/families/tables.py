"""The tables of families, codes and tokens."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from gateway.ground.storage.schema import Instant, ResourcesById, Words, metadata

families = Table(
    "families",
    metadata,
    Column("id", String, primary_key=True),
    Column("grant_id", ForeignKey("grants.id"), nullable=False, index=True),
    Column("app_id", ForeignKey("apps.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    Column("authenticated_at", Instant),
    Column("acr", String),
    Column("resources", ResourcesById),
)

family_permissions = Table(
    "family_permissions",
    metadata,
    Column("family_id", ForeignKey("families.id"), primary_key=True),
    Column("permission_id", ForeignKey("permissions.id"), primary_key=True),
)

codes = Table(
    "codes",
    metadata,
    Column("hashed_code", LargeBinary, primary_key=True),
    Column("family_id", ForeignKey("families.id"), nullable=False, index=True),
    Column("request_id", ForeignKey("authorization_requests.id"), nullable=False),
    Column("redirect_uri", String, nullable=False),
    Column("code_challenge", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("redeemed_at", Instant),
    Column("wrong_verifiers", Integer, nullable=False),
    Column("jkt", String),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("hashed_token", LargeBinary, primary_key=True),
    Column("family_id", ForeignKey("families.id"), nullable=False, index=True),
    Column("parent_hash", LargeBinary),
    Column("permission_ids", Words),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("ended_at", Instant),
    Column("jkt", String),
    Column("resources", ResourcesById),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hashed_token", LargeBinary, primary_key=True),
    Column("family_id", ForeignKey("families.id"), nullable=False, index=True),
    Column("parent_hash", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("sealed_answer", LargeBinary),
    Column("jkt", String),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", String, primary_key=True),
    Column("family_id", ForeignKey("families.id"), nullable=False, unique=True),
    Column("grant_id", ForeignKey("grants.id"), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("hashed_secret", LargeBinary, nullable=False),
    Column("last4", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)
