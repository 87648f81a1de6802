"""Lines of ``findings.jsonl`` back into what they were written from: cracks, regions and scales."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.crack import Crack, Millimetres
from blemish.measurement.polylines import tangents
from blemish.measurement.regions import Region
from blemish.measurement.scale import Scale


def scale_from_record(record: dict[str, Any] | None) -> Scale | None:
    """What `Scale.to_record` wrote."""
    if record is None:
        return None
    rows = record.get("px_to_mm_homography")
    to_plane = None if rows is None else tuple((float(a), float(b), float(c)) for a, b, c in rows)
    return Scale(record["mm_per_px"], record["source"], record["relative_uncertainty"], to_plane)


def region_from_record(record: dict[str, Any]) -> Region:
    """What `Region.to_record` wrote."""
    return Region(**{**record, "bbox_px": tuple(record["bbox_px"]), "centroid_px": tuple(record["centroid_px"])})


def crack_from_record(record: dict[str, Any], scale: Scale | None) -> Crack:
    """What `Crack.to_record` wrote, to the digits that it wrote.

    Args:
        record: one entry of ``cracks``.
        scale: the photo's, from which the centre line and the widths in millimetres follow.

    Raises:
        KeyError, TypeError, ValueError: the record is not a crack's.
    """
    line = np.array(record["polyline_px"], dtype=np.float64).reshape(-1, 2)
    widths = np.array([np.nan if width is None else width for width in record["widths_px"]], dtype=np.float64)
    if len(line) != len(widths) or not len(line):
        raise ValueError("a crack's line and widths differ in length")
    return Crack(
        number=record["number"],
        network=record["network"],
        polyline_px=line,
        widths_px=widths,
        length_px=record["length_px"],
        mean_width_px=record["mean_width_px"],
        median_width_px=record["median_width_px"],
        p95_width_px=record["p95_width_px"],
        max_width_px=record["max_width_px"],
        max_width_at=_pair(record["max_width_at"]),
        orientation_deg=record["orientation_deg"],
        direction=record["direction"],
        branches=record["branches"],
        tortuosity=record["tortuosity"],
        closed=record["closed"],
        touches_border=record["touches_border"],
        area_px=record["area_px"],
        area_width_px=record["area_width_px"],
        width_uncertainty_px=record["width_uncertainty_px"],
        length_uncertainty_px=record["length_uncertainty_px"],
        photo_share=record["photo_share"],
        score=record["score"],
        mm=None if scale is None or "length_mm" not in record else _millimetres(record, line, widths, scale),
    )


def sizes_record(crack: Crack) -> dict[str, Any]:
    """What `Crack.to_record` gives, without the centre line and the widths along it: those are most of the work."""
    short = replace(crack, polyline_px=crack.polyline_px[:0], widths_px=crack.widths_px[:0])
    return {name: value for name, value in short.to_record().items() if name not in {"polyline_px", "widths_px"}}


def _millimetres(
    record: dict[str, Any], line: NDArray[np.float64], widths: NDArray[np.float64], scale: Scale
) -> Millimetres:
    # Directions matter under perspective only.
    along = line if scale.to_plane is None else tangents(line, closed=record["closed"])
    return Millimetres(
        polyline=scale.points_mm(line),
        widths=scale.widths_mm(widths, line, along),
        length=record["length_mm"],
        mean_width=record["mean_width_mm"],
        median_width=record["median_width_mm"],
        p95_width=record["p95_width_mm"],
        max_width=record["max_width_mm"],
        max_width_at=_pair(record["max_width_mm_at"]),
        width_uncertainty=record["width_uncertainty_mm"],
        length_uncertainty=record["length_uncertainty_mm"],
    )


def _pair(values: list[float]) -> tuple[float, float]:
    return float(values[0]), float(values[1])
