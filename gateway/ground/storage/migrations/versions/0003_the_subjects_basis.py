"""Asks say on what basis data about other people passes; people have profiles of their own, beside the account's."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("asks", sa.Column("basis", sa.String(), nullable=True))
    op.add_column("asks", sa.Column("agreement", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("permissions", sa.Column("basis", sa.String(), nullable=True))
    parent = sa.ForeignKey("accounts.id", name=op.f("fk_accounts_parent_id"))
    op.add_column("accounts", sa.Column("parent_id", sa.String(), parent, nullable=True), inline_references=True)
    op.create_table(
        "profile_pairs",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("login_subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_profile_pairs_account_id")),
        sa.PrimaryKeyConstraint("account_id", "login_subject", name=op.f("pk_profile_pairs")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("profile_pairs")
    op.drop_column("accounts", "parent_id")
    op.drop_column("permissions", "basis")
    op.drop_column("asks", "agreement")
    op.drop_column("asks", "basis")
