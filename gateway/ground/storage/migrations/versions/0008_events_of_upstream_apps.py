"""An upstream app that an app brought may tell events, under a key of its own; a copy says through which it came."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Copies that wait came through the gateway's own upstream app."""
    op.add_column("upstream_apps", sa.Column("sealed_event_key", sa.LargeBinary(), nullable=True))
    op.add_column("event_copies", sa.Column("brought_id", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Undo. Copies that came through an app's own upstream app are gone."""
    op.execute(sa.text("DELETE FROM event_copies WHERE brought_id <> ''"))
    op.drop_column("event_copies", "brought_id")
    op.drop_column("upstream_apps", "sealed_event_key")
