"""Known images that are mixed into the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of known images, and what tells their copies."""
    op.create_table(
        "known",
        sa.Column("finding_id", sa.String(length=32), nullable=False),
        sa.Column("truth", sa.String(length=16), nullable=False),
        sa.Column("added_by", sa.String(length=255), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("finding_id"),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("known_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("known_truth", sa.String(length=16), nullable=True))
        batch_op.create_index(batch_op.f("ix_findings_known_id"), ["known_id"], unique=False)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_findings_known_id"))
        batch_op.drop_column("known_truth")
        batch_op.drop_column("known_id")
    op.drop_table("known")
