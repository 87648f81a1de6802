"""The verdict on an image."""

from __future__ import annotations

from typing import Literal, get_args

Verdict = Literal["reject", "review", "unusable", "pass"]
"""``pass`` below every threshold, ``review`` and ``reject`` from theirs on, ``unusable`` where the image is too dark,
blurred or small for any of these."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""All verdicts, the one to look at first in front."""
