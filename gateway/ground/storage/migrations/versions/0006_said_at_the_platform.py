"""What somebody took back at the platform is decided by no person here; they are found by the id of their sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _let_decided_by_be_null(is_null=True)
    op.create_index(op.f("ix_profile_pairs_login_subject"), "profile_pairs", ["login_subject"])


def downgrade() -> None:
    """Undo; not where something was taken back so: without its row, what somebody said no to would pass again."""
    told = op.get_bind().execute(sa.text("SELECT count(*) FROM permissions WHERE decided_by IS NULL")).scalar_one()
    if told:
        raise RuntimeError(f"{told} permissions were ended at a platform: the schema before has no room for them")
    op.drop_index(op.f("ix_profile_pairs_login_subject"), table_name="profile_pairs")
    _let_decided_by_be_null(is_null=False)


def _let_decided_by_be_null(*, is_null: bool) -> None:
    """Change the column. SQLite makes the table anew, and what points into it stands aside meanwhile."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("permissions", "decided_by", existing_type=sa.String(), nullable=is_null)
        return
    op.execute(sa.text("CREATE TEMPORARY TABLE aside AS SELECT * FROM family_permissions"))
    op.execute(sa.text("DELETE FROM family_permissions"))
    with op.batch_alter_table("permissions") as batch_op:
        batch_op.alter_column("decided_by", existing_type=sa.String(), nullable=is_null)
    op.execute(sa.text("INSERT INTO family_permissions SELECT * FROM aside"))
    op.execute(sa.text("DROP TABLE aside"))
