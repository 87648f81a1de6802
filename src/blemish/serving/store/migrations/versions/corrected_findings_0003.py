"""Findings hold what was measured of their correction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMES = ("corrected_sha", "corrected_thumb_sha", "corrected_record")


def upgrade() -> None:
    """Add the columns. A correction from before stays a mask among the reviews until it is made again."""
    with op.batch_alter_table("findings", schema=None) as batch_op:
        for name in _NAMES[:2]:
            batch_op.add_column(sa.Column(name, sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column(_NAMES[2], sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove them."""
    with op.batch_alter_table("findings", schema=None) as batch_op:
        for name in _NAMES:
            batch_op.drop_column(name)
