"""What a page shows of one image: a small copy of it, and what was found as lines to draw over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError, ImageError
from blemish.findings import Finding
from blemish.images import Box as PixelBox
from blemish.images import read_image
from blemish.images.windows import FileWindows
from blemish.measurement.clusters import CLUSTERED_FROM_PX, Cluster, find_clusters
from blemish.measurement.crack import Crack
from blemish.measurement.polylines import tangents
from blemish.reports.document import Document, Unit, size_of, widths_of
from blemish.reports.histograms import nice_step
from blemish.reports.labels import Box, Label, Placed, place_labels
from blemish.reports.lines import essential_points
from blemish.reports.outlines import outline_components
from blemish.reports.pictures import VIEW_PX, data_uri, jpeg_of, uri_of
from blemish.reports.width_classes import WidthClasses

# The longer side of a picture that still shows a crack; see `picture_px`.
_MIN_PICTURE_PX = 240
_JPEG_QUALITY = 80
# About how large a picture stands on a desktop's screen.
_SHOWN_PX, _WIDE_SHOWN_PX = (640, 460), 1200
_NUMBERED = 12
# Radius of a ring and size of its letters on the screen: of the widest place, and of the others.
_WIDEST, _OTHERS = (7, 16), (4, 13)
# The close-up shows this many widths, but never fewer or more pixels.
_CLOSE_UP_WIDTHS, _CLOSE_UP_PX = 8, (48, 400)
# Outlines of more components would make a picture of dots and a page of megabytes.
_MAX_OUTLINES = 400


@dataclass(frozen=True, slots=True)
class Marker:
    """Where a crack is widest: (x, y) in the image, the crack's number, its label's place and its ring's radius."""

    x: float
    y: float
    number: int
    radius: float
    size: float
    label: Placed | None


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A bar of known length: its length in pixels of the image and in words."""

    length_px: float
    said: str


@dataclass(frozen=True, slots=True)
class CloseUp:
    """The widest place, enlarged.

    Attributes:
        jpeg: data URI.
        x: left edge in the image, pixels.
        y: top edge.
        side_px: side of the square.
        across: the measured width as a line, (x0, y0, x1, y1) in the image.
        said: the width as told.
    """

    jpeg: str
    x: int
    y: int
    side_px: int
    across: tuple[float, float, float, float]
    said: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One image, drawn.

    Attributes:
        jpeg: address or data URI of the small copy; None where the image could not be read.
        width_px: width of the image itself, which all coordinates are in.
        height_px: its height.
        unit_px: about one pixel of a screen, in pixels of the image: what lettering is sized by.
        lines: (colour, SVG path) per width class that occurs.
        outlines: SVG path around everything that was outlined.
        markers: widest places of the widest cracks, widest first.
        bar: None where perspective makes one bar wrong.
        anomaly: data URI of the anomaly map, grey: black is plain, white the strongest; None where it was not kept.
        close_up: None without cracks or without the image.
    """

    jpeg: str | None
    width_px: int
    height_px: int
    unit_px: float
    lines: tuple[tuple[str, str], ...]
    outlines: str
    markers: tuple[Marker, ...]
    bar: ScaleBar | None
    anomaly: str | None
    close_up: CloseUp | None

    @property
    def is_wide(self) -> bool:
        """It needs the page's whole width."""
        return _is_wide((self.width_px, self.height_px))


def picture_px(count: int, full_size: int) -> int:
    """The longer side of each picture of a page: from a certain number on smaller, so that all together stay the same.

    Args:
        count: how many pictures the page shows.
        full_size: up to so many are shown at their full size.

    >>> picture_px(50, 50), picture_px(200, 50), picture_px(100_000, 50)
    (1000, 500, 240)
    """
    return max(_MIN_PICTURE_PX, round(VIEW_PX * math.sqrt(min(1.0, full_size / max(count, 1)))))


def draw(
    document: Document,
    image: Finding,
    pixels: NDArray[np.uint8] | FileWindows | None,
    classes: WidthClasses,
    *,
    side_px: int = VIEW_PX,
    address: str | None = None,
) -> Drawing | None:
    """Draw one image.

    Args:
        document: the inspection.
        image: one of its images.
        pixels: the image, uint8 RGB (H, W, 3), or its parts; None where it cannot be read.
        classes: widths and their colours.
        side_px: longer side of the picture, where the image has as many pixels.
        address: where the picture lies; None puts it into the page.

    Returns:
        The drawing; None where not even the image's size is known.
    """
    read_px = None if pixels is None else _size_of(pixels)
    if read_px is not None and image.size_px not in (None, read_px):
        pixels = None
    size = image.size_px if pixels is None else read_px
    if size is None:
        return None
    cracks = image.cracks or ()
    shrink = max(1.0, max(size) / side_px)
    unit_px = round(max(size[0] / (_WIDE_SHOWN_PX if _is_wide(size) else _SHOWN_PX[0]), size[1] / _SHOWN_PX[1]), 4)
    bar = _bar(image, size[0])
    return Drawing(
        jpeg=address or _picture(document, image, pixels, side_px),
        width_px=size[0],
        height_px=size[1],
        unit_px=unit_px,
        lines=_lines(image, classes, shrink),
        outlines=_outlines(document, image, shrink),
        markers=_markers(cracks[:_NUMBERED], size, unit_px, bar),
        bar=bar,
        anomaly=_anomaly(document, image),
        close_up=_close_up(image, cracks[0], pixels) if cracks and pixels is not None else None,
    )


def small_copy(image: Finding, pixels: NDArray[np.uint8] | FileWindows | None) -> bytes | None:
    """A JPEG of the image for a page that loads its pictures; None where it cannot be read or is another one now."""
    if pixels is None or image.size_px not in (None, _size_of(pixels)):
        return None
    return jpeg_of(_whole(pixels, VIEW_PX), quality=_JPEG_QUALITY, side_px=VIEW_PX)


def _picture(
    document: Document, image: Finding, pixels: NDArray[np.uint8] | FileWindows | None, side_px: int
) -> str | None:
    """A small copy of the image; without it, the one that was kept."""
    if pixels is not None:
        return data_uri(_whole(pixels, side_px), quality=_JPEG_QUALITY, side_px=side_px)
    view = document.view_of(image)
    return None if view is None else uri_of(view.read_bytes())


def _markers(
    cracks: Sequence[Crack], size: tuple[int, int], unit_px: float, bar: ScaleBar | None
) -> tuple[Marker, ...]:
    """Rings at the widest places with labels that stand over nothing else; the widest with its width."""
    rings = [(crack, _WIDEST if number == 0 else _OTHERS) for number, crack in enumerate(cracks)]
    labels = [
        Label(
            x=crack.max_width_at[0] + 0.5,
            y=crack.max_width_at[1] + 0.5,
            radius=radius * unit_px,
            texts=((f"{crack.number}: {told_width(crack)}",) if letter == _WIDEST[1] else ()) + (str(crack.number),),
            size=letter * unit_px,
        )
        for crack, (radius, letter) in rings
    ]
    places = place_labels(labels, size[0], size[1], () if bar is None else (_bar_box(bar, size[1], unit_px),))
    return tuple(
        Marker(label.x, label.y, crack.number, label.radius, label.size, place)
        for crack, label, place in zip(cracks, labels, places, strict=True)
    )


def _bar_box(bar: ScaleBar, height_px: int, unit_px: float) -> Box:
    """The plate under the scale bar, as the page draws it."""
    left, bottom = 8 * unit_px, height_px - 6 * unit_px
    return left, bottom - 34 * unit_px, left + max(bar.length_px, 60 * unit_px) + 12 * unit_px, bottom


def _anomaly(document: Document, image: Finding) -> str | None:
    if image.map_file is None:
        return None
    try:
        return data_uri(read_image(document.folder / image.map_file), quality=70)
    except ImageError:  # the page does without
        return None


def _is_wide(size_px: tuple[int, int]) -> bool:
    return size_px[0] > 3 * size_px[1]


def told_width(crack: Crack) -> str:
    """The largest width with its uncertainty, in millimetres where the image has a scale."""
    unit: Unit = "px" if crack.mm is None else "mm"
    width, about = size_of(crack, "max_width", unit), size_of(crack, "width_uncertainty", unit)
    return f"{width:.2f} ± {about:.2f} {unit}"


def _lines(image: Finding, classes: WidthClasses, shrink: float) -> tuple[tuple[str, str], ...]:
    """One path per class: the stretches of all cracks whose local width is in it."""
    paths: list[list[str]] = [[] for _ in classes.colours]
    for crack in image.cracks or ():
        widths = widths_of(image, crack, classes.unit)
        if widths is None:
            continue
        points, steps = crack.polyline_px + 0.5, classes.index_of(_filled(widths))
        if crack.closed:
            points, steps = np.concatenate([points, points[:1]]), np.append(steps, steps[0])
        changes = np.flatnonzero(np.diff(steps)) + 1
        for start, stop in zip([0, *changes], [*changes, len(points)], strict=True):
            # One point more, so that neighbouring stretches meet.
            stretch = points[start : stop + 1]
            if len(stretch) > 1:
                kept = essential_points(stretch, tolerance=0.4 * shrink)
                paths[steps[start]].append(_path(stretch[kept]))
    return tuple((colour, "".join(path)) for colour, path in zip(classes.colours, paths, strict=True) if path)


def _filled(widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Widths with gaps (at junctions) interpolated linearly."""
    known = np.isfinite(widths)
    if not known.any():
        return np.zeros_like(widths)
    place = np.arange(len(widths))
    return np.interp(place, place[known], widths[known])


def _outlines(document: Document, image: Finding, shrink: float) -> str:
    # A very large mask is read as small as the picture needs it.
    is_large = image.size_px is not None and image.size_px[0] * image.size_px[1] >= CLUSTERED_FROM_PX
    reduced = max(1, int(shrink // 2)) if is_large else 1
    try:
        mask = document.read_mask(image, shrink=reduced)
    except (DataError, ImageError):
        # The page does without; the exports, which consist of masks, do not.
        return ""
    if mask is None:
        return ""
    paths = []
    # A very large mask cluster by cluster: its labels would be four times as large.
    whole = Cluster(PixelBox(0, 0, *mask.shape), mask)
    clusters = find_clusters(mask) if mask.size >= CLUSTERED_FROM_PX else [whole]
    found = [(cluster.box, component) for cluster in clusters for component in outline_components(cluster.mask)]
    found.sort(key=lambda each: -each[1].area_px)
    for box, polygon in ((box, polygon) for box, component in found[:_MAX_OUTLINES] for polygon in component.polygons):
        for ring in (polygon.exterior, *polygon.holes):
            points = reduced * (ring.astype(np.float64) + np.array([box.x, box.y]))
            kept = points[essential_points(points, closed=True, tolerance=0.8 * shrink)]
            if len(kept) > 2:
                paths.append(_path(kept) + "Z")
    return "".join(paths)


def _path(points: NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _bar(image: Finding, width_px: int) -> ScaleBar | None:
    if image.scale is not None and image.scale.to_plane is not None:
        return None
    size = 1.0 if image.scale is None else image.scale.mm_per_px
    # Down from a quarter of the image's width to the next round number: at least a tenth.
    longest = width_px * size / 4
    length = nice_step(longest) if nice_step(longest) <= longest * 1.001 else _below(longest)
    if image.scale is None:
        return ScaleBar(length, f"{length:g} px")
    return ScaleBar(length / size, f"{length / 1000:g} m" if length >= 1000 else f"{length:g} mm")


def _below(longest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above ``longest``."""
    return nice_step(longest) / (2.5 if f"{nice_step(longest):e}".startswith("5") else 2)


def _size_of(pixels: NDArray[np.uint8] | FileWindows) -> tuple[int, int]:
    height_px, width_px = pixels.size_px if isinstance(pixels, FileWindows) else pixels.shape[:2]
    return width_px, height_px


def _whole(pixels: NDArray[np.uint8] | FileWindows, side_px: int) -> NDArray[np.uint8]:
    """The image, reduced already where only parts of it fit into memory."""
    return pixels.reduced(2 * side_px) if isinstance(pixels, FileWindows) else pixels


def _close_up(image: Finding, crack: Crack, pixels: NDArray[np.uint8] | FileWindows) -> CloseUp:
    width_px, height_px = _size_of(pixels)
    wanted = round(np.clip(_CLOSE_UP_WIDTHS * crack.max_width_px, *_CLOSE_UP_PX))
    side = min(wanted, height_px, width_px)
    at = np.array(crack.max_width_at) + 0.5
    x, y = (
        int(np.clip(round(centre - side / 2), 0, size - side))
        for centre, size in zip(at, (width_px, height_px), strict=True)
    )
    nearest = int(np.hypot(*(crack.polyline_px + 0.5 - at).T).argmin())
    along = tangents(crack.polyline_px, closed=crack.closed)[nearest]
    across = np.array([-along[1], along[0]]) * crack.max_width_px / 2
    ends = tuple(round(float(value), 2) for value in (*(at - across), *(at + across)))
    if isinstance(pixels, FileWindows):
        crop = pixels.read(PixelBox(y, x, side, side))
    else:
        crop = pixels[y : y + side, x : x + side]
    # Small crops are enlarged here, smoothly and the same in every browser.
    grown = cv2.resize(crop, (max(side, 240), max(side, 240)), interpolation=cv2.INTER_CUBIC)
    return CloseUp(
        data_uri(np.asarray(grown, np.uint8), quality=_JPEG_QUALITY),
        x,
        y,
        side,
        (ends[0], ends[1], ends[2], ends[3]),
        told_width(crack),
    )
