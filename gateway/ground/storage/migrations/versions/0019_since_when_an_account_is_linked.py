"""When a connection was linked, apart from when it was renewed; and which account a way out is to link again."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The log says when; of an account's several connections that of the newest stands at each."""
    op.add_column("link_attempts", sa.Column("unverified_wanted_id", sa.String(), nullable=True))
    op.add_column("connections", sa.Column("linked_at", sa.BigInteger(), nullable=True))
    found = sa.text("SELECT account_id, max(at) AS at FROM ledger_records WHERE kind = 'linked' GROUP BY account_id")
    known = sa.text("UPDATE connections SET linked_at = :at WHERE account_id = :account_id")
    for account_id, at in op.get_bind().execute(found).all():
        op.get_bind().execute(known, {"at": at, "account_id": account_id})


def downgrade() -> None:
    """Undo."""
    op.drop_column("connections", "linked_at")
    op.drop_column("link_attempts", "unverified_wanted_id")
