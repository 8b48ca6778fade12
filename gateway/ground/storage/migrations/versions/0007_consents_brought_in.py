"""The trace counts those in an answer whose consent was brought in; of a permission, 0006 lets nobody have decided."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("trace_lines", sa.Column("by_evidence", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Undo; not where something was brought in: the program before knows no such basis."""
    brought = op.get_bind().execute(sa.text("SELECT count(*) FROM permissions WHERE basis = 'imported'")).scalar_one()
    if brought:
        raise RuntimeError(f"{brought} permissions were brought in: the schema before has no room for them")
    op.drop_column("trace_lines", "by_evidence")
