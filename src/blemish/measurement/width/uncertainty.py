"""How far a crack's largest width can be trusted, and what the image says against it.

Three things count: how a mask rounds and how its widths vary; how a detector outlines, which is coarser the less
certain it is; and whether the image contradicts the outline. For the last, the image's mean darkness is read across
each crack: within the outline, from edge to edge, and beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Polylines, Values
from blemish.measurement.sampling import sample
from blemish.measurement.width.profiles import Edges

# Of given masks: at least this, and this fraction of how far the largest width lies above the mean. Both, and the
# numbers of a detector, are such that 94 % of drawn cracks come out within (see docs/measuring.md).
MIN_UNCERTAINTY_PX, OF_SPREAD = 0.65, 0.17
# Of a detector's outlines: this fraction of the width up to NARROW_PX, this of all of it, and this times its doubt.
OF_NARROW, NARROW_PX, OF_WIDTH, OF_DOUBT = 0.3, 4.0, 0.13, 5.0
# Points that are read across each crack, and no fewer.
POINTS = (8, 48)
# Darkness is read at this many places within the outline, and at this many from BLUR_PX beyond it on: up to half the
# crack's width, and never less or more than these distances.
INSIDE, OUTSIDE, BLUR_PX, BEYOND_PX = 33, 24, 1.5, (4.0, 40.0)
# A dark line that lies beside the outline is looked for this far from it.
BESIDE_PX = 10.0
# The surface's own grey level: the median over about a third of an image of this size.
SURFACE_SIDE_PX, SURFACE_WINDOW_PX = 192, 61
# Darkness counts from this fraction of the surface's grey level, and this many standard errors, on.
MIN_DARKNESS, MIN_ERRORS = 0.05, 4.0
# The outline is too wide if less than this fraction of it is at least half as dark as its darkest place; a narrower one
# has no room for more than a blurred line.
DARK, MIN_DARK_WIDTH_PX = 0.5, 4.0
# It lies beside the crack if the image is this many times darker there.
BESIDE = 1.5
# It is too narrow if the darkness beyond it is above this fraction: of a mask that was given, and of a detector's,
# which often outlines a wide crack in part.
BEYOND_GIVEN, BEYOND_DETECTOR = 0.85, 0.35
# The crack may then be wider by this many times.
MUCH_WIDER = 4.0


class Contradiction(NamedTuple):
    """What the image shows in place of an outline: one sentence, and how far the width may be off for that."""

    sentence: str
    off_px: float


@dataclass(frozen=True, slots=True)
class _Across:
    """Mean darkness across one crack, as a fraction of the surface's grey level.

    Attributes:
        inside: float64 (INSIDE,), from one edge of the outline to the other.
        beyond: float64 (2, OUTSIDE), outwards from both edges.
        outwards_px: float64 (OUTSIDE,), how far beyond the edge.
        error: standard error of these.
    """

    inside: Values
    beyond: Values
    outwards_px: Values
    error: float


def uncertainty_px(largest_px: float, mean_px: float, score: float | None) -> float:
    """How far the largest width of a crack may be off, half of a 94 % interval.

    Args:
        largest_px: the largest width.
        mean_px: the mean width.
        score: of a detector's crack: mean of its map along the centre line; None for a mask that was given.
    """
    by_mask = MIN_UNCERTAINTY_PX + OF_SPREAD * (largest_px - mean_px)
    if score is None:
        return by_mask
    doubt = 1.0 - float(np.clip(score, 0.0, 1.0))
    by_detector = OF_NARROW * min(largest_px, NARROW_PX) + (OF_WIDTH + OF_DOUBT * doubt) * largest_px
    return max(by_mask, by_detector)


def find_contradictions(
    image: NDArray[np.uint8], polylines: Polylines, edges: Edges, widths: Values, *, outlined_by_detector: bool
) -> list[Contradiction | None]:
    """Where an image shows something else than the outline, line by line; None where it does not.

    Args:
        image: uint8 (H, W), grey, cracks darker.
        polylines: the centre lines, L of them.
        edges: where the mask ends across them.
        widths: float64 (M,), NaN where there is none.
        outlined_by_detector: whether the outline is a detector's.
    """
    known = np.isfinite(widths) & np.isfinite(edges.width_px)
    chosen = []
    for start, stop in pairwise(polylines.starts):
        rows = start + np.flatnonzero(known[start:stop])
        chosen.append(rows[:: -(-rows.size // POINTS[1])] if rows.size >= POINTS[0] else rows[:0])
    surface = _surface(image)
    beyond = BEYOND_DETECTOR if outlined_by_detector else BEYOND_GIVEN
    found: list[Contradiction | None] = []
    for line, rows in enumerate(chosen):
        own = widths[polylines.starts[line] : polylines.starts[line + 1]]
        across = _read(image, surface, polylines, edges, rows) if rows.size else None
        found.append(None if across is None else _judge(across, float(np.nanmean(own)), float(np.nanmax(own)), beyond))
    return found


def _surface(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey level of the surface around each pixel, in a small copy of the image that no crack dominates."""
    scale = min(1.0, SURFACE_SIDE_PX / max(image.shape))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.medianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), SURFACE_WINDOW_PX)
    return np.asarray(small, dtype=np.uint8)


def _read(
    image: NDArray[np.uint8], surface: NDArray[np.uint8], polylines: Polylines, edges: Edges, rows: NDArray[np.intp]
) -> _Across | None:
    width = edges.width_px[rows, np.newaxis]
    reach = float(np.clip(np.median(width) / 2, *BEYOND_PX))
    outwards = BLUR_PX + np.arange(OUTSIDE) / (OUTSIDE - 1) * (max(reach, BESIDE_PX) - BLUR_PX)
    inside = edges.left_px[rows, np.newaxis] + np.linspace(0.0, 1.0, INSIDE) * width
    offsets = np.hstack(
        [edges.left_px[rows, np.newaxis] - outwards[::-1], inside, edges.right_px[rows, np.newaxis] + outwards]
    )
    x = polylines.points[rows, :1] + offsets * polylines.normals[rows, :1]
    y = polylines.points[rows, 1:] + offsets * polylines.normals[rows, 1:]
    seen = (x >= 0) & (x <= image.shape[1] - 1) & (y >= 0) & (y <= image.shape[0] - 1)
    scale = np.array(surface.shape[::-1]) / np.array(image.shape[::-1])
    places = (polylines.points[rows] + 0.5) * scale - 0.5
    level = np.maximum(sample(surface, places[:, 0], places[:, 1]).astype(np.float64), 1.0)
    darkness = np.where(seen, 1.0 - sample(image, x, y) / level[:, np.newaxis], np.nan)
    counts = seen.sum(axis=0)
    if counts.min() < POINTS[0] / 2:
        return None
    mean = np.nanmean(darkness, axis=0)
    # Points near one another are not independent: a third of them counts.
    error = float(np.median(np.nanstd(darkness, axis=0) / np.sqrt(np.maximum(counts / 3, 1.0))))
    sides = np.stack([mean[:OUTSIDE][::-1], mean[-OUTSIDE:]])
    return _Across(mean[OUTSIDE:-OUTSIDE], sides, outwards, error)


def _judge(across: _Across, mean_px: float, largest_px: float, beyond: float) -> Contradiction | None:
    if -across.inside.min() > max(across.inside.max(), MIN_DARKNESS):
        # A crack that is filled, or lit from within, is lighter than the surface.
        across = _Across(-across.inside, -across.beyond, across.outwards_px, across.error)
    peak = float(across.inside.max())
    least = max(MIN_DARKNESS, MIN_ERRORS * across.error)
    beside = float(across.beyond[:, across.outwards_px <= BESIDE_PX].max())
    if beside >= least and beside > BESIDE * max(peak, 0.0):
        return Contradiction("the image is darker beside the outline than within it", largest_px)
    if peak < least:
        shown = "the image shows nothing dark within the outline"
        return Contradiction(shown, largest_px) if mean_px >= MIN_DARK_WIDTH_PX else None
    near = across.outwards_px <= max(BEYOND_PX[0], mean_px / 2)
    if across.beyond[:, near].mean(axis=1).max() > beyond * peak:
        return Contradiction(
            "the image is dark beyond the outline too: the crack may be much wider", MUCH_WIDER * largest_px
        )
    dark = float(np.mean(across.inside >= peak / 2))
    if mean_px >= MIN_DARK_WIDTH_PX and dark < DARK:
        # Blur makes a thin line look wider.
        seen_px = dark * mean_px
        off_px = largest_px - max(seen_px - BLUR_PX, 0.0)
        return Contradiction(f"the image shows a line of about {seen_px:.1f} px within the outline", off_px)
    return None
