"""Lines of ``findings.jsonl`` back into what they were written from: cracks, regions and scales."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.crack import Crack, Millimetres
from blemish.measurement.polylines import tangents
from blemish.measurement.regions import Region
from blemish.measurement.scale import Scale
from blemish.reports.finding_lines import CrackRecord, RegionRecord, ScaleRecord

_OWN = {own.name for own in fields(Crack)} - {"polyline_px", "widths_px", "max_width_at", "mm"}
_SIZES_MM = tuple(own.name for own in fields(Millimetres) if own.name not in {"polyline", "widths", "max_width_at"})


def scale_from_record(record: ScaleRecord) -> Scale:
    """What `Scale.to_record` wrote. Raises SettingsError for an absurd one."""
    rows = record.px_to_mm_homography
    to_plane = None if rows is None else tuple((a, b, c) for a, b, c in rows)
    return Scale(record.mm_per_px, record.source, record.relative_uncertainty, to_plane)


def region_from_record(record: RegionRecord) -> Region:
    """What `Region.to_record` wrote."""
    x, y, width, height = record.bbox_px
    own = record.model_dump() | {"bbox_px": (x, y, width, height), "centroid_px": _pair(record.centroid_px)}
    return Region(**own)


def crack_from_record(record: CrackRecord, scale: Scale | None) -> Crack:
    """What `Crack.to_record` wrote, to the digits that it wrote.

    Args:
        record: one entry of ``cracks``.
        scale: the image's, from which the centre line and the widths in millimetres follow.

    Raises:
        ValueError: the centre line is none.
    """
    line = _numbers(record.polyline_px).reshape(-1, 2)
    widths = _numbers([np.nan if width is None else width for width in record.widths_px])
    if len(line) != len(widths) or not len(line):
        raise ValueError("a crack's line and widths differ in length")
    if not np.isfinite(line).all():
        raise ValueError("a crack's line has a point without a place")
    own = record.model_dump(include=_OWN) | {"max_width_at": _pair(record.max_width_at)}
    return Crack(**own, polyline_px=line, widths_px=widths, mm=_millimetres(record, line, widths, scale))


def sizes_record(crack: Crack) -> dict[str, Any]:
    """What `Crack.to_record` gives, without the centre line and the widths along it: those are most of the work."""
    short = replace(crack, polyline_px=crack.polyline_px[:0], widths_px=crack.widths_px[:0])
    return {name: value for name, value in short.to_record().items() if name not in {"polyline_px", "widths_px"}}


def _millimetres(
    record: CrackRecord, line: NDArray[np.float64], widths: NDArray[np.float64], scale: Scale | None
) -> Millimetres | None:
    sizes = {name: getattr(record, f"{name}_mm") for name in _SIZES_MM}
    if scale is None or record.max_width_mm_at is None or None in sizes.values():
        return None
    # Directions matter under perspective only.
    along = line if scale.to_plane is None else tangents(line, closed=record.closed)
    return Millimetres(
        polyline=scale.points_mm(line),
        widths=scale.widths_mm(widths, line, along),
        max_width_at=_pair(record.max_width_mm_at),
        **sizes,
    )


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("a crack's line holds what is no number") from error


def _pair(values: list[float]) -> tuple[float, float]:
    return values[0], values[1]
