"""Where images were taken: positions of their EXIF data as a map without a network, and as GeoJSON in degrees.

Cracks are in the GeoJSON, too, where an image's place on the ground is known (`blemish.reports.site`).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.files import write_text
from blemish.findings import Finding
from blemish.reports.document import Document, largest_width
from blemish.reports.histograms import nice_step
from blemish.reports.lines import corner_line
from blemish.reports.site import ground_image
from blemish.reports.utm import degrees_per_metre

POSITIONS_NAME = "positions.geojson"
# The drawing, in SVG units, and the space around the points.
WIDTH, HEIGHT, _MARGIN = 640.0, 360.0, 40.0
_METRES_PER_DEGREE = 111_320.0
# Nearer than this, positions are one: receivers know no better.
_MIN_EXTENT_M = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """One image on the map: SVG coordinates, its verdict, and what is said when it is pointed at."""

    x: float
    y: float
    verdict: str
    image: str


@dataclass(frozen=True, slots=True)
class PositionMap:
    """North is up.

    Attributes:
        places: the worst image last, so that it is drawn over others.
        bar: length of the scale bar in SVG units.
        bar_said: its length in words.
    """

    places: tuple[Place, ...]
    bar: float
    bar_said: str


def position_map(document: Document) -> PositionMap | None:
    """The map; None where no image has a position."""
    found = [(image, position) for image in document.worst_first() if (position := _position(image)) is not None]
    if not found:
        return None
    latitudes, longitudes = [at[0] for _, at in found], [at[1] for _, at in found]
    middle = (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2
    # A plane in metres: over a building site the earth is flat.
    across = _METRES_PER_DEGREE * math.cos(math.radians(middle[0]))
    points = [((at[1] - middle[1]) * across, (at[0] - middle[0]) * _METRES_PER_DEGREE) for _, at in found]
    east = max(_MIN_EXTENT_M, 2 * max(abs(x) for x, _ in points))
    north = max(_MIN_EXTENT_M, 2 * max(abs(y) for _, y in points))
    scale = min((WIDTH - 2 * _MARGIN) / east, (HEIGHT - 2 * _MARGIN) / north)
    places = tuple(
        Place(round(WIDTH / 2 + x * scale, 1), round(HEIGHT / 2 - y * scale, 1), image.verdict or "", image.image)
        for (image, _), (x, y) in zip(found, points, strict=True)
    )
    length_m = nice_step(80 / scale)
    said = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    return PositionMap(places[::-1], round(length_m * scale, 1), said)


def write_positions(document: Document, out: Path) -> list[Path]:
    """Write ``positions.geojson``, WGS 84: a point per image with a position, and the cracks whose place is known.

    Nothing where no image has a position.

    Returns:
        The file written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    features: list[dict[str, Any]] = []
    for image in document.images:
        position = _position(image)
        if position is None or image.capture is None:
            continue
        height = () if image.capture.altitude_m is None else (image.capture.altitude_m,)
        said = {
            "kind": "image",
            "image": image.image,
            "verdict": image.verdict,
            "score": image.score,
            "cracks": None if image.cracks is None else len(image.cracks),
            f"max_width_{document.unit}": largest_width(image.cracks or (), document.unit),
            "taken": image.capture.taken,
            "direction_deg": image.capture.direction_deg,
        }
        point = {"type": "Point", "coordinates": [position[1], position[0], *height]}
        features.append({"type": "Feature", "geometry": point, "properties": said})
        features += _cracks(image, position)
    if not features:
        return []
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, allow_nan=False)
    write_text(out / POSITIONS_NAME, text + "\n")
    return [out / POSITIONS_NAME]


def _cracks(image: Finding, position: tuple[float, float]) -> list[dict[str, Any]]:
    """Cracks as lines in degrees; none where it is not known where on the ground they lie."""
    ground = ground_image(image, (0.0, 0.0), 0.0)
    if ground is None:
        return []
    per_metre = degrees_per_metre(position[0])
    features = []
    for crack in image.cracks or ():
        line = ground.place(corner_line(crack)) * [per_metre[1], per_metre[0]] + [position[1], position[0]]
        if len(line) > 1:
            width = None if crack.mm is None else crack.mm.max_width
            said = {"kind": "crack", "image": image.image, "crack": crack.number, "max_width_mm": width}
            geometry = {"type": "LineString", "coordinates": line.round(8).tolist()}
            features.append({"type": "Feature", "geometry": geometry, "properties": said})
    return features


def _position(image: Finding) -> tuple[float, float] | None:
    return None if image.capture is None else image.capture.position
