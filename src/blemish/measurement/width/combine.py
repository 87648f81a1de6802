"""Which width counts at each point: the mask's, or the image's.

A mask's edges are good to its rounding, a fraction of a pixel, if whoever drew it saw the crack well. That is enough
for cracks of 2 px and more. Thinner ones are mostly rounding, and there the image's grey levels are asked. A detector
outlines thin cracks too wide, rather than miss them: there the image is asked up to 4 px.

Where a crack is a clear dark line in the image, just where the mask is, the grey levels hold what the mask rounded
away. Then they correct the mask by up to half a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Polylines, Values
from blemish.measurement.width.contrast import threshold_levels
from blemish.measurement.width.grey_levels import image_widths
from blemish.measurement.width.profiles import Edges


class Trust(NamedTuple):
    """Up to the first width (by the mask) the image alone decides, from the second on the mask; between, a mixture."""

    image_alone_px: float
    mask_alone_px: float


GIVEN_MASK = Trust(2.0, 2.5)
# From concrete-crack's outlines on drawn images (seeds 100 to 159): the most that leaves wider cracks as they were.
DETECTORS_MASK = Trust(3.0, 4.0)
# The most that an image corrects a mask.
ROUNDING_PX = 0.5
# An image that shows this much more darkness than the mask shows more than the crack: a stain, a shadow.
EXCESS_PX = 0.6
# Standard deviation of the smoothing of widths along a crack: what is shorter is rounding of the mask. Cracks wider
# than NARROW_PX, and fully from WIDE_PX on, need less: their edges vary by more than rounding.
SMOOTH_PX, SMOOTH_WIDE_PX = 5.0, 1.5
NARROW_PX, WIDE_PX = 2.0, 4.0
# The same for widths by the image, whose noise is larger.
SMOOTH_IMAGE_PX = 6.0


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths along all lines, each float64 (M,), in pixels.

    Attributes:
        chosen: what counts, NaN where nothing is known.
        by_mask: from the mask's edges alone, NaN where there are none.
        by_image: from grey levels alone, where they were used; NaN elsewhere.
    """

    chosen: Values
    by_mask: Values
    by_image: Values


def choose_widths(
    polylines: Polylines,
    edges: Edges,
    clear: NDArray[np.bool_],
    image: NDArray[np.uint8] | None,
    mask: NDArray[np.uint8],
    trust: Trust = GIVEN_MASK,
) -> Widths:
    """Widths by mask and image, smoothed along the cracks.

    Args:
        polylines: the centre lines.
        edges: where the mask ends across them.
        clear: bool (M,), points whose profile is whole and meets no other crack.
        image: uint8 (H, W), grey; None measures the mask alone.
        mask: uint8 (H, W), 255 inside.
        trust: from which width on the mask is believed.
    """
    known = np.where(clear, edges.width_px, np.nan)
    calm = polylines.smooth(known, SMOOTH_PX)
    wide = np.clip((calm - NARROW_PX) / (WIDE_PX - NARROW_PX), 0.0, 1.0)
    by_mask = np.where(clear, calm + wide * (polylines.smooth(known, SMOOTH_WIDE_PX) - calm), np.nan)
    if image is None:
        return Widths(by_mask, by_mask, np.full(len(by_mask), np.nan))
    read = image_widths(image, polylines, edges, clear, threshold_levels(image, mask))
    by_image = np.where(clear, polylines.smooth(read.width_px, SMOOTH_IMAGE_PX), np.nan)
    calm = polylines.smooth(known, SMOOTH_IMAGE_PX)
    corrected = np.where(read.clear_box, calm + np.clip(by_image - calm, -ROUNDING_PX, ROUNDING_PX), by_mask)
    alone = np.clip((trust.mask_alone_px - by_mask) / (trust.mask_alone_px - trust.image_alone_px), 0.0, 1.0)
    used = np.isfinite(by_image) & (by_image <= by_mask + EXCESS_PX) & (read.clear_box | (alone > 0))
    chosen = np.where(used, alone * by_image + (1.0 - alone) * corrected, by_mask)
    return Widths(chosen, by_mask, np.where(used, by_image, np.nan))
