"""Accounts that people linked, and the followers of one of them, are found without reading past everybody else."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_accounts_parent_id_platform", "accounts", ["parent_id", "platform"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_accounts_parent_id_platform", "accounts")
