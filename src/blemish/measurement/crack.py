"""One crack, measured: what an inspector writes down.

The annotations say how pydantic writes a crack to JSON and reads it back: lengths and widths in pixels to 0.001, in
millimetres to 0.000001, the centre line to 0.01 px, a width that was not measured as null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from blemish.measurement.polylines import Direction, Points, tangents
from blemish.measurement.scale import Scale

Flag = Literal["saturated", "low contrast", "edges too close", "out of focus", "another line", "no clear line"]
"""What can make the width at a point doubtful."""

# A largest width whose uncertainty is more than this fraction of it is not told as the largest of an image or a job.
MAX_UNCERTAIN_FRACTION = 0.5
# Of how many cracks is said what the image shows in place of their outlines.
MAX_DOUBTS = 3


def _rounded(digits: int) -> PlainSerializer:
    return PlainSerializer(lambda value: round(float(value), digits), return_type=float)


def _numbers(value: Any) -> NDArray[np.float64]:
    """An array out of JSON's lists, null becoming NaN."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("it holds what is no number") from error


def _line(value: Any) -> Points:
    points = _numbers(value)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError("a crack's line has a point without a place")
    return points


def _profile(widths: NDArray[np.float64]) -> list[float | None]:
    return [width if width == width else None for width in np.round(widths, 3).tolist()]  # NaN differs from itself


Px = Annotated[float, _rounded(3)]
Mm = Annotated[float, _rounded(6)]
Place = tuple[Px, Px]
Line = Annotated[
    Points,
    PlainValidator(_line),
    PlainSerializer(lambda points: np.round(points, 2).tolist()),
    WithJsonSchema({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
]
Profile = Annotated[
    NDArray[np.float64],
    PlainValidator(_numbers),
    PlainSerializer(_profile),
    WithJsonSchema({"type": "array", "items": {"type": ["number", "null"]}}),
]


@dataclass(frozen=True, slots=True)
class Millimetres:
    """A crack's sizes on the surface, where the scale is known.

    Attributes:
        length: along the centre line.
        mean_width: mean over the points of the centre line.
        median_width: median over them.
        p95_width: 95th percentile over them.
        max_width: the largest.
        max_width_at: (x, y) of the largest, in pixels of the image.
        width_uncertainty: of the largest width, the scale's own uncertainty included.
        length_uncertainty: likewise.
    """

    length: Mm
    mean_width: Mm
    median_width: Mm
    p95_width: Mm
    max_width: Mm
    max_width_at: Place
    width_uncertainty: Mm
    length_uncertainty: Mm


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
        width_uncertainty_px: of the largest width, and so of all others: about 94 % of cracks lie within it.
        length_uncertainty_px: half a pixel per end and 0.5 % of the length.
        image_fraction: fraction of the measured points where the image's grey levels, not only the mask, were used.
        score: mean of the detector's map along the centre line; None without one.
        doubt: what the image shows in place of the outline; None where it does not contradict it.
        width_uncertainties_px: float64 (N,), half of an interval of about 94 % of the width at each point that the
            image's grey profile decided, NaN at others; None where it decided none.
        width_flags: what makes widths doubtful, each with the first and last points of the stretches that have it:
            ``saturated``, ``low contrast``, ``edges too close`` (they are not told apart, so the width rests on how
            dark cracks are), ``out of focus``, ``another line`` beside it, ``no clear line``.
        mm: the same on the surface; None without a scale.
        grade: what a grade scale calls its largest width; None without one.
        grades_within: all grades that it may deserve, given how far its width can be trusted; mildest first.
    """

    number: int
    network: int
    polyline_px: Line = field(repr=False, compare=False)
    widths_px: Profile = field(repr=False, compare=False)
    length_px: Px
    mean_width_px: Px
    median_width_px: Px
    p95_width_px: Px
    max_width_px: Px
    max_width_at: Place
    orientation_deg: Px
    direction: Direction
    branches: int
    tortuosity: Px | None
    closed: bool
    touches_border: bool
    area_px: int
    area_width_px: Px
    width_uncertainty_px: Px
    length_uncertainty_px: Px
    image_fraction: Px
    score: Px | None = None
    doubt: str | None = None
    width_uncertainties_px: Profile | None = field(default=None, repr=False, compare=False)
    width_flags: dict[Flag, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    mm: Millimetres | None = None
    grade: str | None = None
    grades_within: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.polyline_px) != len(self.widths_px) or not len(self.polyline_px):
            raise ValueError("a crack's line and widths differ in length")
        if self.width_uncertainties_px is not None and len(self.width_uncertainties_px) != len(self.widths_px):
            raise ValueError("a crack's line and widths differ in length")

    @property
    def width_is_reliable(self) -> bool:
        """Whether the largest width's uncertainty is at most `MAX_UNCERTAIN_FRACTION` of it."""
        if self.mm is not None:
            return self.mm.width_uncertainty <= MAX_UNCERTAIN_FRACTION * self.mm.max_width
        return self.width_uncertainty_px <= MAX_UNCERTAIN_FRACTION * self.max_width_px

    @property
    def flag_fractions(self) -> dict[Flag, float]:
        """What makes widths doubtful, and the fraction of the measured points that have it, the most frequent first."""
        measured = max(1, int(np.isfinite(self.widths_px).sum()))
        counts = {flag: sum(last - first + 1 for first, last in spans) for flag, spans in self.width_flags.items()}
        return {flag: min(1.0, counts[flag] / measured) for flag in sorted(counts, key=lambda flag: -counts[flag])}

    def widths_mm(self, scale: Scale) -> NDArray[np.float64]:
        """The width at each point on the surface, float64 (N,), NaN where another crack meets it.

        Args:
            scale: the image's.
        """
        # Directions matter under perspective only.
        along = self.polyline_px if scale.to_plane is None else tangents(self.polyline_px, closed=self.closed)
        return scale.widths_mm(self.widths_px, self.polyline_px, along)


def doubts_of(cracks: Sequence[Crack]) -> list[str]:
    """What the image shows against outlines, a fragment of a sentence each: of the first cracks, and how many more."""
    doubted = [crack for crack in cracks if crack.doubt is not None]
    told = [f"crack {crack.number}: {crack.doubt}" for crack in doubted[:MAX_DOUBTS]]
    more = len(doubted) - len(told)
    return told + [f"{more} more cracks whose outlines the image does not confirm"] * bool(more)
