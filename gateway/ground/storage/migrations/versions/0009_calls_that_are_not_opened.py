"""Calls that a platform does not open are found among the lines of a grant without reading them all."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOT_OPENED = sa.text("reason = 'call_not_opened'")


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_trace_lines_not_opened",
        "trace_lines",
        ["grant_id", "opened_at"],
        sqlite_where=_NOT_OPENED,
        postgresql_where=_NOT_OPENED,
    )


def downgrade() -> None:
    """Undo. The lines stay, with a reason that the program before has no words of its own for."""
    op.drop_index("ix_trace_lines_not_opened", "trace_lines")
