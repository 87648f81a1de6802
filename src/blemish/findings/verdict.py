"""The verdict on an image."""

from __future__ import annotations

from typing import Literal, get_args

Verdict = Literal["reject", "review", "unknown surface", "unusable", "pass"]
"""``pass`` below every threshold, ``review`` and ``reject`` from theirs on, ``unknown surface`` where the image shows
something that the detector was not made for, ``unusable`` where it is too dark, blurred or small for any of these."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""All verdicts, the one to look at first in front."""

UNDECIDED: frozenset[Verdict] = frozenset({"unknown surface", "unusable"})
"""Those that say nothing about defects, and that few inspections give."""
