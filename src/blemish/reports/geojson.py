"""GeoJSON, a file per image: cracks as lines, what was outlined as polygons.

Coordinates are pixels of the image, (0, 0) its top left corner, y downwards, as drawing tools for images take them;
GeoJSON itself knows degrees only, so a map needs them moved first. Rings are closed and follow the right-hand rule on
the numbers as they stand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from blemish.files import write_text
from blemish.findings import Finding, crack_record
from blemish.measurement.crack import Crack
from blemish.reports.annotations import check_recorded, label_of
from blemish.reports.document import Document
from blemish.reports.lines import corner_line
from blemish.reports.outlines import OutlinedComponent, Polygon, Ring, outline_components

_NOT_PROPERTIES = ("max_width_at", "mm", "grades_within")


def write_geojson(document: Document, out: Path) -> list[Path]:
    """Write ``geojson/NAME.geojson`` for each image in which something was found.

    Returns:
        The files written.

    Raises:
        DataError: an image's size or mask was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    written = []
    for image in document.images:
        if image.error is not None or not (image.cracks or image.regions):
            continue
        check_recorded(image)
        target = out / "geojson" / f"{image.name}.geojson"
        text = json.dumps(features_of(document, image), ensure_ascii=False, allow_nan=False)
        write_text(target, text + "\n")
        written.append(target)
    return written


def features_of(document: Document, image: Finding) -> dict[str, Any]:
    """The FeatureCollection of one image."""
    features = [_line(crack) for crack in image.cracks or () if len(crack.polyline_px) > 1]
    mask = document.read_mask(image)
    features += [_area(component) for component in (() if mask is None else outline_components(mask, image.regions))]
    return {
        "type": "FeatureCollection",
        "features": features,
        "image": image.image,
        "size_px": image.size_px,
        **image.model_dump(mode="json", include={"scale"}),
    }


def _line(crack: Crack) -> dict[str, Any]:
    record = crack_record(crack, line=False)
    properties = {name: value for name, value in record.items() if name not in _NOT_PROPERTIES}
    properties |= {f"{name}_mm": value for name, value in (record["mm"] or {}).items() if name != "max_width_at"}
    x, y = crack.max_width_at
    places = {"max_width_x": round(x + 0.5, 2), "max_width_y": round(y + 0.5, 2)}
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": np.round(corner_line(crack), 2).tolist()},
        "properties": {"kind": "crack", **properties, **places},
    }


def _area(component: OutlinedComponent) -> dict[str, Any]:
    areas = [_rings(polygon) for polygon in component.polygons]
    single = len(areas) == 1
    region = component.region
    sizes = ("score", "mean_score", "contrast", "length_px", "width_px", "area_mm2", "length_mm", "width_mm")
    said = {} if region is None else {name: getattr(region, name) for name in sizes}
    return {
        "type": "Feature",
        "geometry": {
            "type": "Polygon" if single else "MultiPolygon",
            "coordinates": areas[0] if single else areas,
        },
        "properties": {
            "kind": "region",
            "label": label_of(component),
            "area_px": component.area_px,
            **said,
        },
    }


def _rings(polygon: Polygon) -> list[list[list[int]]]:
    return [_closed(ring) for ring in (polygon.exterior, *polygon.holes)]


def _closed(ring: Ring) -> list[list[int]]:
    points: list[list[int]] = ring.tolist()
    return [*points, points[0]]
