"""The section of a model card that says how a detector was calibrated."""

from __future__ import annotations

import re
from collections.abc import Sequence

from blemish.detectors.schema import DetectorSpec

_HEADING = "## As calibrated"


def calibrated_card(card: str, spec: DetectorSpec, caught: Sequence[str] = ()) -> str:
    """The card with thresholds, guarantees and what is known of the defects that are caught.

    Args:
        card: Markdown; a section of an earlier calibration is replaced.
        spec: of the calibrated detector.
        caught: sentences about the fraction of defects that is caught.
    """
    limits = spec.thresholds
    where = {"pixel": limits.pixel, "review": limits.review, "reject": limits.reject}
    told = ", ".join(f"{name} {'none' if value is None else format(value, 'g')}" for name, value in where.items())
    lines = [f"Thresholds: {told} ({limits.source})"]
    if spec.calibration is not None:
        tails = ", by both tails" if spec.calibration.tails == "both" else ""
        scores = f"{len(spec.calibration.scores)} scores ({spec.calibration.source})"
        lines.append(f"p-values against {scores}{tails}")
    lines += caught
    others = re.sub(rf"^{_HEADING}\n.*?(?=^## |\Z)", "", card, flags=re.MULTILINE | re.DOTALL)
    return f"{others.rstrip()}\n\n{_HEADING}\n\n" + "".join(f"- {line}\n" for line in lines)
