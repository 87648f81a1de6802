"""What is outlined in a large image, cluster by cluster: the same answers as in one go, in the memory of each cluster.

A cluster is what lies closer together than 64 px. Farther than that neither a region's surroundings nor the closing of
gaps between cracks reaches, so each can be looked at in a cut-out of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.images import Box
from blemish.images.tiling import cut
from blemish.measurement.crack import Crack
from blemish.measurement.measure import Measurement, check_outlines, measure_mask, severity
from blemish.measurement.regions import CutMap, CutPixels, Region, find_regions_by_bands
from blemish.measurement.scale import Scale
from blemish.measurement.skeleton.centre_lines import MAX_CRACKS

_T = TypeVar("_T", bound=np.generic)

CLUSTERED_FROM_PX = 64_000_000
"""Images of more pixels are looked at by clusters."""

APART_PX = 64


@dataclass(frozen=True, slots=True)
class Cluster:
    """A part of a mask that is far from all others.

    Attributes:
        box: where it lies, `APART_PX` of empty mask around it, cut off at the image's border.
        mask: bool (h, w) of that box, with nothing of other clusters.
    """

    box: Box
    mask: NDArray[np.bool_]


def find_clusters(mask: NDArray[np.bool_]) -> Iterator[Cluster]:
    """The clusters of a mask, bool (H, W), from the top down."""
    coarse = _by_blocks(mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(coarse.view(np.uint8), connectivity=8)
    for number in range(1, len(stats)):
        left, top, columns, rows = (int(value) for value in stats[number, :4])
        y, x = max(0, (top - 1) * APART_PX), max(0, (left - 1) * APART_PX)
        bottom = min(mask.shape[0], (top + rows + 1) * APART_PX)
        right = min(mask.shape[1], (left + columns + 1) * APART_PX)
        box = Box(y, x, bottom - y, right - x)
        own = labels[y // APART_PX : -(-bottom // APART_PX), x // APART_PX : -(-right // APART_PX)] == number
        within = own.repeat(APART_PX, axis=0).repeat(APART_PX, axis=1)[: box.height, : box.width]
        yield Cluster(box, cut(mask, box) & within)


def find_regions_by_clusters(
    mask: NDArray[np.bool_],
    cut_map: CutMap,
    *,
    cut_pixels: CutPixels | None = None,
    gap_px: int = 0,
    min_area_px: int = 1,
    min_peak: float = -np.inf,
    label: str | None = None,
) -> tuple[Region, ...]:
    """`find_regions` of a large image; what it drops is removed from ``mask`` in place.

    Args:
        mask: bool (H, W).
        cut_map: gives the map's values in a box, float32 (h, w).
        cut_pixels: gives the image's pixels in a box; None tells no contrasts.
        gap_px: see `find_regions`; at most `APART_PX`.
        min_area_px, min_peak, label: likewise.
    """
    found: list[Region] = []
    for cluster in find_clusters(mask):
        regions, kept = find_regions_by_bands(
            cluster.mask,
            _within(cluster.box, cut_map),
            cut_pixels=None if cut_pixels is None else _within(cluster.box, cut_pixels),
            gap_px=gap_px,
            min_area_px=min_area_px,
            min_peak=min_peak,
            label=label,
        )
        part = cut(mask, cluster.box)
        kept |= ~cluster.mask
        part &= kept
        found += (_moved_region(region, cluster.box) for region in regions)
    return tuple(sorted(found, key=lambda one: (-one.score, -one.area_px, one.bbox_px)))


def measure_by_clusters(
    mask: NDArray[np.bool_],
    cut_pixels: CutPixels,
    cut_map: CutMap | None,
    *,
    scale: Scale | None = None,
    level: float = 0.5,
) -> Measurement:
    """`measure_mask` of a large image.

    Args:
        mask: bool (H, W), True inside cracks.
        cut_pixels: gives the image's pixels in a box, uint8 (h, w, 3).
        cut_map: gives the map that ``mask`` was cut from, float32 (h, w); None measures without it.
        scale, level: see `measure_mask`.

    Raises:
        DataError: the mask shows noise.
    """
    check_outlines(mask)
    cracks: list[Crack] = []
    small = left_out = networks = 0
    for cluster in find_clusters(mask):
        box = cluster.box
        measured = measure_mask(
            cluster.mask,
            cut_pixels(box),
            scale=None if scale is None else scale.moved(box.x, box.y),
            probability=None if cut_map is None else cut_map(box),
            level=level,
        )
        small, left_out = small + measured.small_components, left_out + measured.left_out
        cracks += (_moved_crack(crack, box, networks) for crack in measured.cracks)
        networks += max((crack.network for crack in measured.cracks), default=0)
    kept = sorted(cracks, key=lambda crack: -crack.length_px)[:MAX_CRACKS]
    kept.sort(key=lambda crack: (-severity(crack), -crack.length_px, crack.max_width_at))
    numbered = tuple(replace(crack, number=number) for number, crack in enumerate(kept, start=1))
    return Measurement(numbered, small, left_out + len(cracks) - len(kept))


def _by_blocks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which blocks of `APART_PX` hold anything."""
    rows = [mask[top : top + APART_PX].any(axis=0) for top in range(0, mask.shape[0], APART_PX)]
    starts = range(0, mask.shape[1], APART_PX)
    return np.stack([np.logical_or.reduceat(row, starts) for row in rows])


def _within(whole: Box, cut_from: Callable[[Box], NDArray[_T]]) -> Callable[[Box], NDArray[_T]]:
    """The same cut-outs by boxes that count from the corner of ``whole``."""
    return lambda box: cut_from(Box(whole.y + box.y, whole.x + box.x, box.height, box.width))


def _moved_region(region: Region, box: Box) -> Region:
    x, y, width, height = region.bbox_px
    centre = region.centroid_px[0] + box.x, region.centroid_px[1] + box.y
    return replace(region, bbox_px=(x + box.x, y + box.y, width, height), centroid_px=centre)


def _moved_crack(crack: Crack, box: Box, networks: int) -> Crack:
    def moved(place: Sequence[float]) -> tuple[float, float]:
        return place[0] + box.x, place[1] + box.y

    return replace(
        crack,
        polyline_px=crack.polyline_px + np.array([box.x, box.y], np.float64),
        max_width_at=moved(crack.max_width_at),
        network=crack.network + networks,
        mm=None if crack.mm is None else replace(crack.mm, max_width_at=moved(crack.mm.max_width_at)),
    )
