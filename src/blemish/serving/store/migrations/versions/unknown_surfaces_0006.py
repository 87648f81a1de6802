"""Verdicts are ranked anew: an unknown surface comes before what is unusable."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room at the third place, which unusable images had."""
    op.execute(sa.text("UPDATE findings SET verdict_rank = verdict_rank + 1 WHERE verdict_rank >= 2"))


def downgrade() -> None:
    """Unknown surfaces stand beside what is unusable; the others move back."""
    op.execute(sa.text("UPDATE findings SET verdict_rank = verdict_rank - 1 WHERE verdict_rank > 2"))
