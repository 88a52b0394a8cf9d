"""Keep the name of the store a database belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of one row."""
    op.create_table(
        "stores",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_stores_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_stores")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("stores")
