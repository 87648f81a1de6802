"""Which width counts at each point: the mask's, or the photo's.

A mask's edges are good to its rounding, a fraction of a pixel, if whoever drew it saw the crack well. That is enough
for cracks of 2 px and more. Thinner ones are mostly rounding, and there the photo's grey levels are asked.

If the mask is plainly a threshold of this very photo, the grey levels hold what thresholding rounded away. Then they
correct the mask by up to half a pixel at any width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.bundle import LineBundle, Values
from blemish.measurement.photo_widths import photo_widths, threshold_levels
from blemish.measurement.profiles import Edges

# Up to the first width (by the mask) the photo alone decides, from the second on the mask; between, a mixture.
PHOTO_ALONE_PX, MASK_ALONE_PX = 2.0, 2.5
# The most that a photo corrects a mask that is its own threshold.
ROUNDING_PX = 0.5
# A photo that shows this much more darkness than the mask shows more than the crack: a stain, a shadow.
EXCESS_PX = 1.5
# Standard deviation of the smoothing of widths along a crack: what is shorter is rounding of the mask.
SMOOTH_PX = 3.0


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths along all lines, each float64 (M,), in pixels.

    Attributes:
        chosen: what counts, NaN where nothing is known.
        by_mask: from the mask's edges alone, NaN where there are none.
        by_photo: from grey levels alone, where they were used; NaN elsewhere.
    """

    chosen: Values
    by_mask: Values
    by_photo: Values


def choose_widths(
    bundle: LineBundle,
    edges: Edges,
    clear: NDArray[np.bool_],
    photo: NDArray[np.uint8] | None,
    mask: NDArray[np.uint8],
) -> Widths:
    """Widths by mask and photo, smoothed along the cracks.

    Args:
        bundle: the centre lines.
        edges: where the mask ends across them.
        clear: bool (M,), points whose profile is whole and meets no other crack.
        photo: uint8 (H, W), grey; None measures the mask alone.
        mask: uint8 (H, W), 255 inside.
    """
    by_mask = np.where(clear, bundle.smooth(np.where(clear, edges.width_px, np.nan), SMOOTH_PX), np.nan)
    nothing = np.full(len(by_mask), np.nan)
    if photo is None:
        return Widths(by_mask, by_mask, nothing)
    levels = threshold_levels(photo, mask)
    raw = photo_widths(photo, bundle, edges, clear, levels)
    by_photo = np.where(clear, bundle.smooth(raw, SMOOTH_PX), np.nan)
    known = np.isfinite(by_photo) & (by_photo <= by_mask + EXCESS_PX)
    alone = np.clip((MASK_ALONE_PX - by_mask) / (MASK_ALONE_PX - PHOTO_ALONE_PX), 0.0, 1.0)
    corrected = by_mask
    if levels is not None:
        corrected = by_mask + np.clip(by_photo - by_mask, -ROUNDING_PX, ROUNDING_PX)
    else:
        known &= alone > 0
    chosen = np.where(known, alone * by_photo + (1.0 - alone) * corrected, by_mask)
    return Widths(chosen, by_mask, np.where(known, by_photo, np.nan))
