"""What somebody took back at a platform is kept until accounts say as whom they know them."""

import sqlalchemy as sa
from alembic import op

from gateway.ground.storage.schema import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "revocations",
        sa.Column("hashed_name", sa.LargeBinary(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("upstream_app", sa.String(), nullable=False),
        sa.Column("login_subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.Column("forget_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hashed_name", name=op.f("pk_revocations")),
    )
    op.create_index(op.f("ix_revocations_login_subject"), "revocations", ["login_subject"])
    op.create_index(op.f("ix_revocations_forget_at"), "revocations", ["forget_at"])


def downgrade() -> None:
    """Undo. What is still to end for somebody who is not known yet is lost."""
    op.drop_table("revocations")
