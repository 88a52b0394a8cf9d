"""Refuse changes to the trail on PostgreSQL too; on SQLite the first revision does."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse UPDATE, DELETE and TRUNCATE of the trail."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE FUNCTION trail_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'lines of the trail are never changed' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER trail_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse_change()"
    )


def downgrade() -> None:
    """Allow them again."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TRIGGER trail_no_change ON trail")
    op.execute("DROP FUNCTION trail_refuse_change()")
