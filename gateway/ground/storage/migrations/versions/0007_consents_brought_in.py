"""A consent that was given elsewhere may be brought in: nobody decided on it here, and the trace counts such people."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _let_decided_by_be_null()
    op.add_column("trace_lines", sa.Column("by_evidence", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Undo; not where something was brought in: the schema before has no room for it, and the log tells of it.

    That nobody may have decided stays possible: the program before never writes it.
    """
    brought = op.get_bind().execute(sa.text("SELECT count(*) FROM permissions WHERE basis = 'imported'")).scalar_one()
    if brought:
        raise RuntimeError(f"{brought} permissions were brought in: the schema before has no room for them")
    op.drop_column("trace_lines", "by_evidence")


def _let_decided_by_be_null() -> None:
    """Change the column, where it is not so yet. SQLite makes the table anew: what points into it stands aside."""
    columns = {column["name"]: column for column in sa.inspect(op.get_bind()).get_columns("permissions")}
    if columns["decided_by"]["nullable"]:
        return
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("permissions", "decided_by", existing_type=sa.String(), nullable=True)
        return
    op.execute(sa.text("CREATE TEMPORARY TABLE aside AS SELECT * FROM family_permissions"))
    op.execute(sa.text("DELETE FROM family_permissions"))
    with op.batch_alter_table("permissions") as batch_op:
        batch_op.alter_column("decided_by", existing_type=sa.String(), nullable=True)
    op.execute(sa.text("INSERT INTO family_permissions SELECT * FROM aside"))
    op.execute(sa.text("DROP TABLE aside"))
