"""Reviews may hold a corrected mask."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mask_sha", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_column("mask_sha")
