"""Defects of any shape as regions: where they are, how large, how certain, how much darker or lighter than around."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.images import Box
from blemish.images.tiling import cut
from blemish.measurement.bands import row_bands
from blemish.measurement.components import find_components
from blemish.measurement.sampling import as_grey
from blemish.measurement.scale import Scale

# The ring that a region is compared with: beyond the blur of its edge, near enough to be the same surface.
RING_FROM_PX, RING_TO_PX = 2, 10
# Rows above and below a band within which the nearest pixel of a region is looked for: more than the ring is wide.
_HALO_PX = 16

CutPixels = Callable[[Box], NDArray[np.uint8]]
CutMap = Callable[[Box], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Region:
    """One connected component (8-connected) of a mask, or several that lie near one another.

    Attributes:
        bbox_px: (x, y, width, height), pixels, origin at the top left.
        area_px: number of pixels.
        centroid_px: (x, y), pixel centres at whole numbers.
        score: highest map value inside.
        mean_score: mean map value inside.
        label: the defect class, where classes are known.
        equivalent_diameter_px: diameter of the disc with the same area.
        elongation: longer over shorter axis of the ellipse with the same second moments; 1 for a disc or a square.
        orientation_deg: direction of the longer axis in [0, 180), counter-clockwise from the horizontal as one sees
            it; 0 where there is no longer one.
        length_px: extent along that direction.
        width_px: extent across it.
        contrast: mean grey level inside less that of the ring 2 to 10 px around it, -255 to 255, below 0 where the
            region is darker; pixels of other regions are left out of the ring. None without pixels or without a ring.
        area_mm2: on the surface, where one scale holds for the whole image.
        length_mm: likewise.
        width_mm: likewise.
    """

    bbox_px: tuple[int, int, int, int]
    area_px: int
    centroid_px: tuple[float, float]
    score: float
    mean_score: float
    label: str | None = None
    equivalent_diameter_px: float | None = None
    elongation: float | None = None
    orientation_deg: float | None = None
    length_px: float | None = None
    width_px: float | None = None
    contrast: float | None = None
    area_mm2: float | None = None
    length_mm: float | None = None
    width_mm: float | None = None

    def on_surface(self, scale: Scale) -> Region:
        """The same region with its sizes in millimetres; as it is under perspective, where no one scale holds."""
        if scale.to_plane is not None:
            return self
        size = scale.mm_per_px
        length, width = (None if each is None else each * size for each in (self.length_px, self.width_px))
        return replace(self, area_mm2=self.area_px * size**2, length_mm=length, width_mm=width)


def find_regions(
    mask: NDArray[np.bool_],
    anomaly_map: NDArray[np.float32],
    *,
    gap_px: int = 0,
    min_area_px: int = 1,
    min_peak: float = -np.inf,
    label: str | None = None,
    pixels: NDArray[np.uint8] | None = None,
) -> tuple[tuple[Region, ...], NDArray[np.bool_]]:
    """Regions of a mask, worst first, and the mask without small regions and those that are nowhere certain.

    Args:
        mask: bool (H, W).
        anomaly_map: float32 (H, W), higher is worse.
        gap_px: pieces with a gap of at most this many pixels between them are one region: a crack that grains break up.
        min_area_px: smaller regions are dropped.
        min_peak: so are those whose highest map value is below this: with a mask from a lower threshold, two
            thresholds with hysteresis (Canny 1986), which follow a defect into its faint parts.
        label: class name given to every region.
        pixels: the image, uint8 (H, W) or RGB (H, W, 3), for contrasts; None tells none.

    Returns:
        The regions by falling score, then area, and the cleaned mask, bool (H, W).
    """
    return find_regions_by_bands(
        mask,
        lambda box: cut(anomaly_map, box),
        cut_pixels=None if pixels is None else lambda box: cut(pixels, box),
        gap_px=gap_px,
        min_area_px=min_area_px,
        min_peak=min_peak,
        label=label,
    )


def find_regions_by_bands(
    mask: NDArray[np.bool_],
    cut_map: CutMap,
    *,
    cut_pixels: CutPixels | None = None,
    gap_px: int = 0,
    min_area_px: int = 1,
    min_peak: float = -np.inf,
    label: str | None = None,
) -> tuple[tuple[Region, ...], NDArray[np.bool_]]:
    """`find_regions` of a map and an image that need not be in memory as a whole.

    Args:
        mask: bool (H, W).
        cut_map: gives the map's values in a box, float32 (h, w).
        cut_pixels: gives the image's pixels in a box; None tells no contrasts.
        gap_px, min_area_px, min_peak, label: see `find_regions`.
    """
    if not mask.any():
        return (), np.zeros_like(mask)
    found = find_components(mask, gap_px)
    areas, boxes, centroids = found.areas_px, found.boxes_px, found.centroids_px
    components = _Components(found.labels, centroids)
    means, peaks, elongations, orientations = _values_and_axes(components, cut_map, areas)
    extents = _extents(components, orientations)
    contrasts = np.full(len(areas), np.nan) if cut_pixels is None else _contrasts(found.labels, len(areas), cut_pixels)
    keep = (areas >= min_area_px) & (peaks >= np.float32(min_peak))
    keep[0] = False
    kept = np.flatnonzero(keep)
    worst_first = kept[np.lexsort((*boxes[kept].T[::-1], -areas[kept], -peaks[kept]))]
    # As lists, since a mask of noise has a hundred thousand components.
    diameters = 2 * np.sqrt(areas / np.pi)
    shapes = (diameters, elongations, orientations, *extents, contrasts)
    regions = tuple(
        Region(
            *(tuple(box), area, tuple(centroid), peak, mean, label),
            *(diameter, elongation, orientation, length, width, None if np.isnan(contrast) else contrast),
        )
        for box, area, centroid, peak, mean, diameter, elongation, orientation, length, width, contrast in zip(
            *(column[worst_first].tolist() for column in (boxes, areas, centroids, peaks, means, *shapes)), strict=True
        )
    )
    cleaned = np.zeros(mask.shape, dtype=np.bool_)
    for part in components:
        cut(cleaned, part.box).reshape(-1)[part.inside] = keep[part.label_of]
    return regions, cleaned


@dataclass(frozen=True, slots=True)
class _Part:
    """The pixels of all components in a band of rows.

    Attributes:
        box: the band.
        inside: where in it they are, row by row, intp (n,).
        label_of: to which component each belongs, intp (n,).
        x, y: of each from the centroid of its component.
    """

    box: Box
    inside: NDArray[np.intp]
    label_of: NDArray[np.intp]
    x: NDArray[np.float64]
    y: NDArray[np.float64]


class _Components:
    """Pixels by component, band after band. Only the mask's own are visited: defects are a small part of an image.

    Sums over them add up in the order of the pixels, so that they are the same in bands of any height.
    """

    def __init__(self, labels: NDArray[np.int32], centroids: NDArray[np.float64]) -> None:
        self.count = len(centroids)
        self._labels, self._centroids = labels, centroids
        self._bands = list(row_bands(Box(0, 0, *labels.shape)))
        self._only = self._part(self._bands[0]) if len(self._bands) == 1 else None

    def __iter__(self) -> Iterator[_Part]:
        return map(self._part, self._bands) if self._only is None else iter([self._only])

    def _part(self, band: Box) -> _Part:
        labels = cut(self._labels, band)
        inside = np.flatnonzero(labels)
        label_of = labels.reshape(-1)[inside].astype(np.intp)
        rows, columns = np.divmod(inside, band.width)
        rows += band.y
        x, y = columns - self._centroids[label_of, 0], rows - self._centroids[label_of, 1]
        return _Part(band, inside, label_of, x, y)


def _values_and_axes(
    components: _Components, cut_map: CutMap, areas: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and highest map value, elongation and orientation by component."""
    sums, moments = np.zeros(components.count), np.zeros((3, components.count))
    peaks = np.full(components.count, -np.inf, dtype=np.float32)
    for part in components:
        values = cut_map(part.box).reshape(-1)[part.inside]
        np.maximum.at(peaks, part.label_of, values)
        np.add.at(sums, part.label_of, values.astype(np.float64))
        for moment, products in zip(moments, (part.x**2, part.y**2, part.x * part.y), strict=True):
            np.add.at(moment, part.label_of, products)
    # A pixel is a square of side 1 and has a moment of 1/12 of its own.
    own = np.array([[1 / 12], [1 / 12], [0.0]])
    xx, yy, xy = moments / np.maximum(areas, 1) + own
    spread = np.hypot((xx - yy) / 2, xy)
    mean = (xx + yy) / 2
    elongation = np.sqrt((mean + spread) / np.maximum(mean - spread, 1 / 12))
    angle = np.where(spread > 1e-9, np.rad2deg(np.arctan2(-2 * xy, xx - yy)) / 2 % 180.0, 0.0)
    return sums / np.maximum(areas, 1), peaks, elongation, np.where(angle >= 180.0, 0.0, angle)


def _extents(
    components: _Components, orientations: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each component reaches along and across its orientation, its pixels being squares of side 1."""
    turn = np.deg2rad(orientations)
    cosine, sine = np.cos(turn), np.sin(turn)
    low, high = np.full((2, len(turn)), np.inf), np.full((2, len(turn)), -np.inf)
    for part in components:
        along, across = cosine[part.label_of], sine[part.label_of]
        # y points down, and orientations are told as one sees them.
        for number, places in enumerate((part.x * along - part.y * across, part.x * across + part.y * along)):
            np.minimum.at(low[number], part.label_of, places)
            np.maximum.at(high[number], part.label_of, places)
    length, width = high - low + (np.abs(cosine) + np.abs(sine))
    return length, width


def _contrasts(labels: NDArray[np.int32], count: int, cut_pixels: CutPixels) -> NDArray[np.float64]:
    """Mean grey inside each component less that of its ring, (count,); NaN where there is no ring."""
    rows, columns = np.flatnonzero(labels.any(axis=1)), np.flatnonzero(labels.any(axis=0))
    (top, bottom), (left, right) = (
        (max(0, int(line[0]) - RING_TO_PX), min(size, int(line[-1]) + RING_TO_PX + 1))
        for line, size in zip((rows, columns), labels.shape, strict=True)
    )
    # Grey levels are whole numbers, whose sums are exact in any order.
    grey_inside, pixels_inside, grey_around, pixels_around = np.zeros((4, count))
    for band in row_bands(Box(top, left, bottom - top, right - left)):
        from_row = max(top, band.y - _HALO_PX)
        wide = Box(from_row, left, min(bottom, band.y + band.height + _HALO_PX) - from_row, band.width)
        near, grey = np.ascontiguousarray(cut(labels, wide)), as_grey(cut_pixels(wide))
        inside = near > 0
        if not inside.any():
            continue
        distance, nearest = cv2.distanceTransformWithLabels(
            np.logical_not(inside).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        # Each pixel around belongs to the component of the mask's pixel that is nearest to it.
        owner = np.zeros(int(nearest.max()) + 1, np.intp)
        owner[nearest[inside]] = near[inside]
        around = (distance >= RING_FROM_PX) & (distance <= RING_TO_PX)
        own = slice(band.y - from_row, band.y - from_row + band.height)
        inside, around, grey = inside[own], around[own], grey[own]
        for where, of, sums, pixels in (
            (inside, near[own][inside], grey_inside, pixels_inside),
            (around, owner[nearest[own][around]], grey_around, pixels_around),
        ):
            sums += np.bincount(of, weights=grey[where], minlength=count)
            pixels += np.bincount(of, minlength=count)
    with np.errstate(invalid="ignore"):
        return np.asarray(grey_inside / pixels_inside - grey_around / pixels_around)
