"""A family's code is found by the family: people see where each authorization of an app answers to."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_codes_family_id", "codes", ["family_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_codes_family_id", "codes")
