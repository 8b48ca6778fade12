"""Since when an app is suspended stands beside why; what happened to an app as a whole has an index of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The log says since when; of what a restore suspended anew nobody knows it."""
    op.add_column("apps", sa.Column("suspended_at", sa.BigInteger(), nullable=True))
    alone = sa.text("grant_id IS NULL")
    columns = ["app_id", "seq"]
    op.create_index("ix_ledger_records_of_app", "ledger_records", columns, sqlite_where=alone, postgresql_where=alone)
    op.execute(
        sa.text(
            "UPDATE apps SET suspended_at = (SELECT max(at) FROM ledger_records"
            " WHERE app_id = apps.id AND grant_id IS NULL AND kind = 'app_suspended')"
            " WHERE state = 'suspended' AND suspended_reason <> 'before_restore'"
        )
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_ledger_records_of_app", "ledger_records")
    op.drop_column("apps", "suspended_at")
