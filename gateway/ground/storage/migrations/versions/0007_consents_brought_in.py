"""A consent that was given elsewhere may be brought in: nobody decided on it here, and the trace counts such people."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("permissions") as batch_op:
        batch_op.alter_column("decided_by", existing_type=sa.String(), nullable=True)
    op.add_column("trace_lines", sa.Column("by_evidence", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Undo. What was brought in is gone."""
    op.drop_column("trace_lines", "by_evidence")
    op.execute(sa.text("DELETE FROM permissions WHERE decided_by IS NULL"))
    with op.batch_alter_table("permissions") as batch_op:
        batch_op.alter_column("decided_by", existing_type=sa.String(), nullable=False)
