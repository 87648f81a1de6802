"""One crack, measured: what an inspector writes down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.measurement.polylines import Direction, Points

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Millimetres:
    """A crack's sizes on the surface, where the scale is known.

    Attributes:
        polyline: float64 (N, 2), the centre line in the scale's own coordinates.
        widths: float64 (N,), NaN where not measured.
        length: along the centre line.
        mean_width: mean over the points of the centre line.
        median_width: median over them.
        p95_width: 95th percentile over them.
        max_width: the largest.
        max_width_at: (x, y) of the largest, in pixels of the image.
        width_uncertainty: of any single width, the scale's own uncertainty included.
        length_uncertainty: likewise.
    """

    polyline: Points = field(repr=False)
    widths: NDArray[np.float64] = field(repr=False)
    length: float
    mean_width: float
    median_width: float
    p95_width: float
    max_width: float
    max_width_at: Position
    width_uncertainty: float
    length_uncertainty: float


@dataclass(frozen=True, slots=True)
class Crack:
    """One crack. Positions are (x, y) in pixels, pixel centres at whole numbers, y downwards.

    Attributes:
        number: 1 for the widest.
        network: cracks that touch share a number.
        polyline_px: float64 (N, 2), the centre line, points about 1 px apart.
        widths_px: float64 (N,), the width at each point, NaN where another crack meets it.
        length_px: along the centre line, from end to end of the mask.
        mean_width_px: mean over the points.
        median_width_px: median over the points.
        p95_width_px: 95th percentile over the points.
        max_width_px: the largest.
        max_width_at: where that is.
        orientation_deg: main direction in [0, 180), 0 horizontal, 45 rising to the right, 90 vertical.
        direction: ``horizontal``, ``vertical``, ``diagonal``; ``map`` in a network that closes three loops or more.
        branches: how many other cracks start from it or cross it.
        tortuosity: length over the distance between the ends; None for a loop.
        closed: it is a loop; the first point is not repeated.
        touches_border: it reaches the image's border, so it may go on beyond.
        area_px: mask pixels nearest to it.
        area_width_px: area over length, a cross-check of ``mean_width_px`` that uses no profile.
        width_uncertainty_px: of any single width: half a pixel, or more where two ways of measuring disagree.
        length_uncertainty_px: half a pixel per end and 0.5 % of the length.
        image_fraction: fraction of the measured points where the image's grey levels, not only the mask, were used.
        score: mean of the detector's map along the centre line; None without one.
        mm: the same on the surface; None without a scale.
    """

    number: int
    network: int
    polyline_px: Points = field(repr=False)
    widths_px: NDArray[np.float64] = field(repr=False)
    length_px: float
    mean_width_px: float
    median_width_px: float
    p95_width_px: float
    max_width_px: float
    max_width_at: Position
    orientation_deg: float
    direction: Direction
    branches: int
    tortuosity: float | None
    closed: bool
    touches_border: bool
    area_px: int
    area_width_px: float
    width_uncertainty_px: float
    length_uncertainty_px: float
    image_fraction: float
    score: float | None = None
    mm: Millimetres | None = None

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON: lengths and widths to 0.001, the centre line to 0.01 px."""
        record: dict[str, Any] = {
            "number": self.number,
            "network": self.network,
            "length_px": _round(self.length_px),
            "mean_width_px": _round(self.mean_width_px),
            "median_width_px": _round(self.median_width_px),
            "p95_width_px": _round(self.p95_width_px),
            "max_width_px": _round(self.max_width_px),
            "max_width_at": [_round(value) for value in self.max_width_at],
            "orientation_deg": _round(self.orientation_deg),
            "direction": self.direction,
            "branches": self.branches,
            "tortuosity": None if self.tortuosity is None else _round(self.tortuosity),
            "closed": self.closed,
            "touches_border": self.touches_border,
            "area_px": self.area_px,
            "area_width_px": _round(self.area_width_px),
            "width_uncertainty_px": _round(self.width_uncertainty_px),
            "length_uncertainty_px": _round(self.length_uncertainty_px),
            "image_fraction": _round(self.image_fraction),
            "score": None if self.score is None else _round(self.score),
            "polyline_px": np.round(self.polyline_px, 2).tolist(),
            "widths_px": _profile(self.widths_px),
        }
        if self.mm is not None:
            record |= {
                "length_mm": _round(self.mm.length, 6),
                "mean_width_mm": _round(self.mm.mean_width, 6),
                "median_width_mm": _round(self.mm.median_width, 6),
                "p95_width_mm": _round(self.mm.p95_width, 6),
                "max_width_mm": _round(self.mm.max_width, 6),
                "max_width_mm_at": [_round(value) for value in self.mm.max_width_at],
                "width_uncertainty_mm": _round(self.mm.width_uncertainty, 6),
                "length_uncertainty_mm": _round(self.mm.length_uncertainty, 6),
            }
        return record


def _round(value: float, digits: int = 3) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def _profile(widths: NDArray[np.float64]) -> list[float | None]:
    return [_round(width) for width in widths]
