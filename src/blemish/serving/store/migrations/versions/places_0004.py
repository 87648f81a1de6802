"""Findings may say which place they show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and indexes by which images of one place, or of one name, are found."""
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place", sa.String(length=255), nullable=True))
        batch_op.create_index(batch_op.f("ix_findings_place"), ["place"], unique=False)
        batch_op.create_index("findings_image", ["image"], unique=False)


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index("findings_image")
        batch_op.drop_index(batch_op.f("ix_findings_place"))
        batch_op.drop_column("place")
