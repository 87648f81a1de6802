"""Masks that are mostly white, as inverted ones are: said by ``data check`` and at the start of every training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from blemish.datasets.sample import Sample
from blemish.errors import ImageError
from blemish.images import image_size_px

MOSTLY_WHITE = "more than half white (is white the defect?)"
ALL_WHITE = "white all over (inverted, or no mask at all?)"


def white_question(fraction: float) -> str | None:
    """What to ask about a mask of which this fraction is defective; None where nothing is strange."""
    if fraction == 1:
        return ALL_WHITE
    return MOSTLY_WHITE if fraction > 0.5 else None


def white_mask_warnings(samples: Sequence[Sample]) -> list[str]:
    """A sentence for each `white_question` that masks of these samples raise. Every mask is read.

    Raises:
        DataError: a mask cannot be read or does not fit its image.
    """
    with ThreadPoolExecutor() as pool:
        questions = list(pool.map(_question, samples))
    warnings = []
    for question in (ALL_WHITE, MOSTLY_WHITE):
        names = [sample.path.name for sample, asked in zip(samples, questions, strict=True) if asked == question]
        if names:
            of = f"The masks of {len(names)} images are" if len(names) > 1 else "The mask of 1 image is"
            such = "such as" if len(names) > 1 else "namely"
            warnings.append(f'{of} {question}, {such} that of "{names[0]}".')
    return warnings


def _question(sample: Sample) -> str | None:
    if not sample.masks:
        return None
    try:
        size_px = image_size_px(sample.path)
    except ImageError:  # whoever reads its pixels reports it
        return None
    return white_question(float(np.mean(sample.read_mask(*size_px))))
