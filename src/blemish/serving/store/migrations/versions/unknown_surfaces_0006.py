"""Verdicts are ranked anew: an unknown surface comes before what is unusable."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNUSABLE = 2  # the rank that it had


def upgrade() -> None:
    """Make room at the third place."""
    op.execute(sa.text(f"UPDATE findings SET verdict_rank = verdict_rank + 1 WHERE verdict_rank >= {_UNUSABLE}"))


def downgrade() -> None:
    """Unknown surfaces stand beside what is unusable; the others move back."""
    op.execute(sa.text(f"UPDATE findings SET verdict_rank = verdict_rank - 1 WHERE verdict_rank > {_UNUSABLE}"))
