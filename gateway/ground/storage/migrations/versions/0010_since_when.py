"""Since when an app is suspended, and a connection linked; what happened to an app as a whole has an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The log says since when; of what a restore suspended anew nobody knows it.

    Of an account's several connections it says so of the newest: the others have that time too.
    """
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
    op.drop_index("ix_ledger_records_of_app", "ledger_records")
    op.drop_column("apps", "suspended_at")
