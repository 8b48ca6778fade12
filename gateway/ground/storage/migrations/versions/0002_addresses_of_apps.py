"""Apps of a platform's dialect name the addresses that they call from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("apps", sa.Column("addresses", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("apps", "addresses")
