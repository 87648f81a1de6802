"""One tail or both? Chosen without any real defect: from normal images and the same with painted defects.

A painted defect is one of `blemish.synthesis.painted_defects`, the same for every detector. Half of the normal images
say what is usual; the others are to be told from the painted ones. Both tails are taken where unusualness ranks the
painted ones clearly better than the score itself does: a detector that already ranks them on top would only lose half
of its false alarms to the lower side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blemish.calibration import Tails, unusualness
from blemish.detectors import Detector
from blemish.evaluation import auroc
from blemish.images import ReadOptions, read_image
from blemish.synthesis.painted_defects import paint_defect

_CLEARLY = 0.02
_MAX_IMAGES = 100
_MIN_IMAGES = 20
_MIN_SIDE_PX = 16


@dataclass(frozen=True, slots=True)
class ChosenTails:
    """What was chosen, and why in a sentence."""

    tails: Tails
    why: str


def choose_tails(
    detector: Detector, images: Sequence[Path], scores: Sequence[float], options: ReadOptions
) -> ChosenTails:
    """Choose the tails for a detector.

    Args:
        detector: without calibration.
        images: normal images that did not train it.
        scores: its raw scores of them, in their order.
        options: how images are read.
    """
    if len(images) < _MIN_IMAGES or min(scores) == max(scores):
        return ChosenTails("upper", f"The upper tail: too few normal images to choose by, {_MIN_IMAGES} are needed.")
    usual, normal = np.asarray(scores[::2]), np.asarray(scores[1::2])
    if usual.min() == usual.max():
        return ChosenTails("upper", "The upper tail: half of the normal images score the same.")
    found = (_painted_score(detector, path, options) for path in images[1::2][:_MAX_IMAGES])
    painted = np.array([score for score in found if score is not None])
    if not painted.size:
        return ChosenTails("upper", "The upper tail: the images are too small to paint defects on.")
    values = np.concatenate([normal, painted])
    is_painted = np.arange(values.size) >= normal.size
    one, two = auroc(values, is_painted) or 0.0, auroc(unusualness(values, usual), is_painted) or 0.0
    tails: Tails = "both" if two > one + _CLEARLY else "upper"
    chosen = "Both tails" if tails == "both" else "The upper tail"
    return ChosenTails(
        tails, f"{chosen}: painted defects are ranked with AUROC {one:.2f} by the score, {two:.2f} by both tails."
    )


def _painted_score(detector: Detector, path: Path, options: ReadOptions) -> float | None:
    # Seeded by its name, so that an image gets the same defect whatever detector is asked.
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:8], "big"))
    pixels = read_image(path, detector.read_options(options))
    return detector.score(paint_defect(pixels, rng)[0])[0] if min(pixels.shape[:2]) >= _MIN_SIDE_PX else None
