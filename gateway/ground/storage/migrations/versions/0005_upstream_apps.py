"""An app may bring its own app at a platform; a connection is to an account through one upstream app."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was linked before is linked through the gateway's own upstream app."""
    op.create_table(
        "upstream_apps",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("brought_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_upstream_apps_app_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_apps")),
        sa.UniqueConstraint("app_id", "platform", name=op.f("uq_upstream_apps_app_id_platform")),
        sa.UniqueConstraint("platform", "external_id", name=op.f("uq_upstream_apps_platform_external_id")),
    )
    with op.batch_alter_table("link_attempts") as batch_op:
        batch_op.add_column(sa.Column("brought_id", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("connections") as batch_op:
        batch_op.add_column(sa.Column("brought_id", sa.String(), nullable=False, server_default=""))
        batch_op.drop_constraint(batch_op.f("uq_connections_account_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_connections_account_id_brought_id"), ["account_id", "brought_id"]
        )


def downgrade() -> None:
    """Undo. What was linked through an app's own upstream app is gone."""
    op.execute(sa.text("DELETE FROM connections WHERE brought_id <> ''"))
    with op.batch_alter_table("connections") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_connections_account_id_brought_id"), type_="unique")
        batch_op.drop_column("brought_id")
        batch_op.create_unique_constraint(batch_op.f("uq_connections_account_id"), ["account_id"])
    with op.batch_alter_table("link_attempts") as batch_op:
        batch_op.drop_column("brought_id")
    op.drop_table("upstream_apps")
