"""Which width counts at each point: the mask's, or the image's.

A given mask's edges are good to its rounding, a fraction of a pixel, if whoever drew it saw the crack well. That is
enough for cracks of 2 px and more. Thinner ones are mostly rounding, and there the image's grey levels are asked. Where
a crack is a clear dark line in the image, just where the mask is, the grey levels hold what the mask rounded away. Then
they correct the mask by up to half a pixel.

A detector outlines thin cracks too wide, rather than miss them: its outline says where to look, and the image's grey
profile how wide the crack is, up to widths that the profile does not show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Polylines, Values
from blemish.measurement.width.contrast import threshold_levels
from blemish.measurement.width.grey_levels import image_widths
from blemish.measurement.width.grey_profiles import FLAGS, profile_widths
from blemish.measurement.width.profiles import Edges

# Up to the first width (by a given mask) the image alone decides, from the second on the mask; between, a mixture.
IMAGE_ALONE_PX, MASK_ALONE_PX = 2.0, 2.5
# Likewise of a detector's outline: the profile shows too little of the surface beside wider cracks.
PROFILE_ALONE_PX, OUTLINE_ALONE_PX = 12.5, 15.5
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
        uncertainty: half of an interval of about 94 % at each point that a grey profile decided; NaN elsewhere.
        flags: bool (M, F), what makes the width at a point doubtful, in the order of `FLAGS`.
        edges: where the widths lie across the lines.
    """

    chosen: Values
    by_mask: Values
    by_image: Values
    uncertainty: Values
    flags: NDArray[np.bool_]
    edges: Edges


def choose_widths(
    polylines: Polylines,
    edges: Edges,
    clear: NDArray[np.bool_],
    image: NDArray[np.uint8] | None,
    mask: NDArray[np.uint8],
) -> Widths:
    """Widths by mask and image, smoothed along the cracks.

    Args:
        polylines: the centre lines.
        edges: where the mask ends across them.
        clear: bool (M,), points whose profile is whole and meets no other crack.
        image: uint8 (H, W), grey; None measures the mask alone.
        mask: uint8 (H, W), 255 inside, drawn by whoever saw the crack.
    """
    by_mask = _by_mask(polylines, edges, clear)
    if image is None:
        return _undoubted(by_mask, by_mask, np.full(len(by_mask), np.nan), edges)
    known = np.where(clear, edges.width_px, np.nan)
    read = image_widths(image, polylines, edges, clear, threshold_levels(image, mask))
    by_image = np.where(clear, polylines.smooth(read.width_px, SMOOTH_IMAGE_PX), np.nan)
    calm = polylines.smooth(known, SMOOTH_IMAGE_PX)
    corrected = np.where(read.clear_box, calm + np.clip(by_image - calm, -ROUNDING_PX, ROUNDING_PX), by_mask)
    alone = np.clip((MASK_ALONE_PX - by_mask) / (MASK_ALONE_PX - IMAGE_ALONE_PX), 0.0, 1.0)
    used = np.isfinite(by_image) & (by_image <= by_mask + EXCESS_PX) & (read.clear_box | (alone > 0))
    chosen = np.where(used, alone * by_image + (1.0 - alone) * corrected, by_mask)
    return _undoubted(chosen, by_mask, np.where(used, by_image, np.nan), edges)


def widths_in_outline(
    polylines: Polylines, edges: Edges, clear: NDArray[np.bool_], image: NDArray[np.uint8] | None
) -> Widths:
    """Widths of what a detector outlined, by grey profiles where they show it.

    Args:
        polylines: the centre lines.
        edges: where the outline ends across them.
        clear: bool (M,), points whose profile is whole and meets no other crack.
        image: uint8 (H, W), grey; None measures the outline alone.
    """
    by_mask = _by_mask(polylines, edges, clear)
    if image is None:
        return _undoubted(by_mask, by_mask, np.full(len(by_mask), np.nan), edges)
    read = profile_widths(image, polylines, edges, clear)
    # Where the image shows hardly anything, what the detector saw counts.
    used = np.isfinite(read.width_px) & ~read.flags[:, FLAGS.index("low contrast")]
    alone = np.clip((OUTLINE_ALONE_PX - by_mask) / (OUTLINE_ALONE_PX - PROFILE_ALONE_PX), 0.0, 1.0) * used
    chosen = np.where(alone > 0, by_mask + alone * (np.nan_to_num(read.width_px) - by_mask), by_mask)
    half, middle = read.width_px / 2, read.middle_px
    return Widths(
        chosen,
        by_mask,
        np.where(used, read.width_px, np.nan),
        np.where(alone == 1, read.uncertainty_px, np.nan),
        read.flags,
        edges.replaced_by(Edges(middle - half, middle + half), where=alone == 1),
    )


def _by_mask(polylines: Polylines, edges: Edges, clear: NDArray[np.bool_]) -> Values:
    known = np.where(clear, edges.width_px, np.nan)
    calm = polylines.smooth(known, SMOOTH_PX)
    wide = np.clip((calm - NARROW_PX) / (WIDE_PX - NARROW_PX), 0.0, 1.0)
    return np.where(clear, calm + wide * (polylines.smooth(known, SMOOTH_WIDE_PX) - calm), np.nan)


def _undoubted(chosen: Values, by_mask: Values, by_image: Values, edges: Edges) -> Widths:
    """Widths whose points are not judged one by one."""
    count = len(chosen)
    return Widths(chosen, by_mask, by_image, np.full(count, np.nan), np.zeros((count, len(FLAGS)), np.bool_), edges)
