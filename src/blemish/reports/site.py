"""``site.dxf``: all images with a position on one drawing in world coordinates, metres of UTM, to lay over a survey.

An image is drawn to size, with its cracks, where its place on the ground is known: the camera looked straight down, its
heading was recorded, and there is a scale. Of all others a position says only where the camera was; they are points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blemish.files import write_bytes
from blemish.findings import Finding
from blemish.measurement.scale_sources import looks_down
from blemish.reports.document import Document, size_of
from blemish.reports.dxf_tags import GREY, WHITE, Points, Tag, circle, drawing_text, polyline, spread_colours, text
from blemish.reports.lines import corner_line
from blemish.reports.utm import MAX_LATITUDE_DEG, Zone
from blemish.reports.width_classes import WidthClasses, layer_names

SITE_NAME = "site.dxf"
FRAME, CAMERA, NAMES = "IMAGE", "CAMERA", "IMAGE_NAME"
# A camera is a ring of this radius, and its name as high: receivers know no better.
_MARK_M = 0.5


@dataclass(frozen=True, slots=True)
class GroundImage:
    """Where an image lies on the ground.

    Attributes:
        centre_m: (east, north) of its middle.
        mm_per_px: its scale.
        bearing_deg: the direction of its upper edge, clockwise from north.
        size_px: (width, height).
    """

    centre_m: tuple[float, float]
    mm_per_px: float
    bearing_deg: float
    size_px: tuple[int, int]

    def place(self, points: Points) -> Points:
        """(east, north) of points of the image, (N, 2), where (0, 0) is its outer corner and y points down."""
        turn = math.radians(self.bearing_deg)
        right, up = (math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))
        off = (points - np.array(self.size_px) / 2) * np.array([1.0, -1.0]) * self.mm_per_px / 1000
        return np.asarray(off @ np.array([right, up]) + np.array(self.centre_m))


def ground_image(image: Finding, centre_m: tuple[float, float], north_deg: float) -> GroundImage | None:
    """Where an image lies on the ground; None where that is not known.

    Args:
        image: with a position.
        centre_m: that position.
        north_deg: how far the grid's north lies clockwise of true north.
    """
    optics = None if image.capture is None else image.capture.optics
    if optics is None or optics.turn_deg is None or not looks_down(optics):
        return None
    if image.scale is None or image.scale.to_plane is not None or image.size_px is None:
        return None
    return GroundImage(centre_m, image.scale.mm_per_px, optics.turn_deg - north_deg, image.size_px)


def write_site(document: Document, classes: WidthClasses, out: Path) -> list[Path]:
    """Write ``site.dxf``; nothing where no image has a position.

    Returns:
        The file written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    placed = [(image, position) for image in document.images if (position := _position(image)) is not None]
    if not placed:
        return []
    zone = Zone.of(*placed[0][1])
    layers = layer_names(classes) if classes.unit == "mm" else ()
    entities: list[Tag] = []
    corners: list[Points] = []
    for image, position in placed:
        centre = zone.project(*position)
        ground = ground_image(image, centre, zone.convergence_deg(*position))
        middle = np.array(centre)
        corners += [middle[np.newaxis] - _MARK_M, middle[np.newaxis] + _MARK_M]
        entities += circle(CAMERA, middle, _MARK_M) + text(NAMES, middle + _MARK_M, _MARK_M, image.image)
        if ground is not None and layers:
            width_px, height_px = ground.size_px
            frame = ground.place(np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], np.float64))
            corners.append(frame)
            entities += polyline(FRAME, frame, closed=True) + _cracks(image, ground, classes, layers)
    table = [*zip(layers, spread_colours(len(layers)), strict=True), (FRAME, GREY), (CAMERA, WHITE), (NAMES, GREY)]
    comments = (
        f"Coordinates: {zone}, metres.",
        "An image is drawn to size where its camera looked straight down with a known heading and a known scale, its "
        "middle at the camera's position.",
        "Of all others only the camera's position is drawn.",
    )
    note = text(NAMES, np.concatenate(corners).min(axis=0) - 4 * _MARK_M, _MARK_M, comments[0])
    target = out / SITE_NAME
    write_bytes(target, drawing_text(entities + note, table, np.concatenate(corners), comments).encode("ascii"))
    return [target]


def _cracks(image: Finding, ground: GroundImage, classes: WidthClasses, layers: tuple[str, ...]) -> list[Tag]:
    entities: list[Tag] = []
    for crack in image.cracks or ():
        line = ground.place(corner_line(crack))
        layer = layers[int(classes.index_of(size_of(crack, "max_width", "mm") or 0.0))]
        entities += polyline(layer, line[:-1] if crack.closed else line, closed=crack.closed)
    return entities


def _position(image: Finding) -> tuple[float, float] | None:
    position = None if image.capture is None or image.error is not None else image.capture.position
    return position if position is not None and abs(position[0]) <= MAX_LATITUDE_DEG else None
