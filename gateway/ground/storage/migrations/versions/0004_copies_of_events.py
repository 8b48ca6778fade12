"""Copies of platforms' events wait for their apps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("version", existing_type=sa.Integer(), nullable=True)
    op.create_table(
        "hook_arrivals",
        sa.Column("hashed_name", sa.LargeBinary(), nullable=False),
        sa.Column("forget_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hashed_name", name=op.f("pk_hook_arrivals")),
    )
    op.create_index(op.f("ix_hook_arrivals_forget_at"), "hook_arrivals", ["forget_at"])
    op.create_table(
        "hook_points",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_hook_points_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_points")),
        sa.UniqueConstraint("account_id", name=op.f("uq_hook_points_account_id")),
    )
    op.create_table(
        "hook_registrations",
        sa.Column("point_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("upstream_id", sa.String(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["point_id"], ["hook_points.id"], name=op.f("fk_hook_registrations_point_id_hook_points")
        ),
        sa.PrimaryKeyConstraint("point_id", "name", name=op.f("pk_hook_registrations")),
    )
    op.create_table(
        "event_lanes",
        sa.Column("grant_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_event_lanes")),
    )
    op.create_index(op.f("ix_event_lanes_next_try_at"), "event_lanes", ["next_try_at"])
    op.create_table(
        "event_copies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("grant_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("rests_on", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_copies")),
        sa.UniqueConstraint("grant_id", "number", name=op.f("uq_event_copies_grant_id_number")),
    )
    op.create_index(op.f("ix_event_copies_created_at"), "event_copies", ["created_at"])


def downgrade() -> None:
    """Undo; what the delivery log says of events goes too."""
    op.drop_index(op.f("ix_event_copies_created_at"), "event_copies")
    op.drop_table("event_copies")
    op.drop_index(op.f("ix_event_lanes_next_try_at"), "event_lanes")
    op.drop_table("event_lanes")
    op.drop_table("hook_registrations")
    op.drop_table("hook_points")
    op.drop_index(op.f("ix_hook_arrivals_forget_at"), "hook_arrivals")
    op.drop_table("hook_arrivals")
    op.execute("DELETE FROM outbox WHERE version IS NULL")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("version", existing_type=sa.Integer(), nullable=False)
