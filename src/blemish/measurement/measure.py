"""Measuring cracks: from a mask, and the image where there is one, to length, width, direction and place.

The width at a point is the distance between the crack's two edges, square to its centre line; ``docs/measuring.md``
tells how each number is found and how far it can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.measurement.crack import Crack, Flag, Millimetres
from blemish.measurement.polylines import (
    Points,
    Polylines,
    Values,
    direction_of,
    length_of,
    orientation_of,
    tortuosity_of,
)
from blemish.measurement.sampling import as_grey, sample
from blemish.measurement.scale import Scale
from blemish.measurement.skeleton.centre_lines import CentreLine, areas_of, clear_of_junctions, find_lines
from blemish.measurement.skeleton.components import fill_pinholes
from blemish.measurement.width.combine import IMAGE_ALONE_PX, Widths, choose_widths, widths_in_outline
from blemish.measurement.width.grey_profiles import FLAGS
from blemish.measurement.width.profiles import Edges, find_edges
from blemish.measurement.width.uncertainty import OF_SPREAD, Contradiction, find_contradictions, uncertainty_px

# Each end of a crack, and the length between them, can be off by this.
END_UNCERTAINTY_PX, LENGTH_UNCERTAINTY = 0.5, 0.005
# A scale's uncertainty is a standard one; widths and lengths are given with intervals of about 95 %.
SCALE_COVERAGE = 2.0
# A mask whose outlines are longer than the first, and than the second times its pixels, shows noise.
MAX_OUTLINES_PX, MAX_OUTLINES = 500_000, 0.125
# A network with this many loops is map cracking.
MAP_LOOPS = 3
_STRIP_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Measurement:
    """All that a mask gave.

    Attributes:
        cracks: widest first.
        small_components: components of the mask shorter than 8 px, which are no cracks, or not among the largest 5,000.
        left_out: cracks beyond the longest 2,000, which were not measured.
    """

    cracks: tuple[Crack, ...] = ()
    small_components: int = 0
    left_out: int = 0


def measure_cracks(
    mask: NDArray[np.bool_],
    image: NDArray[np.uint8] | None = None,
    *,
    scale: Scale | None = None,
    probability: NDArray[np.float32] | None = None,
    level: float = 0.5,
) -> tuple[Crack, ...]:
    """The cracks of a mask, widest first: `measure_mask` without its counts of what was left out."""
    return measure_mask(mask, image, scale=scale, probability=probability, level=level).cracks


def measure_mask(
    mask: NDArray[np.bool_],
    image: NDArray[np.uint8] | None = None,
    *,
    scale: Scale | None = None,
    probability: NDArray[np.float32] | None = None,
    level: float = 0.5,
) -> Measurement:
    """Measure every crack of a mask.

    Args:
        mask: bool (H, W), True inside cracks.
        image: the image, uint8 (H, W) or RGB (H, W, 3), cracks darker than the surface; None measures the mask
            alone.
        scale: size of a pixel; None leaves everything in pixels.
        probability: float32 (H, W), a detector's map that ``mask`` was cut from; the mask then says where cracks are,
            and the image's grey profile how wide, up to 12 px, and in part up to 15.
        level: where ``mask`` was cut from ``probability``.

    Returns:
        The cracks, widest first (by ``max_width_px``, or on the surface where there is a scale).

    Raises:
        DataError: the arrays do not fit each other, or the mask shows noise.
    """
    _check(mask, image, probability)
    if not mask.any():
        return Measurement()
    check_outlines(mask)
    body = fill_pinholes(mask)
    skeleton = find_lines(body)
    lines = skeleton.lines
    if not lines:
        return Measurement((), skeleton.small_components, skeleton.left_out)
    polylines = Polylines.of([line.points for line in lines], [line.chain.closed for line in lines])
    reach = np.concatenate([line.reach_px for line in lines])
    edges = find_edges(body, polylines.points, polylines.normals, reach)
    if probability is not None:
        # Where a crack is too thin for the map to rise to its full height, the place of its fall means little.
        by_map = find_edges(probability, polylines.points, polylines.normals, reach, level=level, crossing=True)
        edges = edges.replaced_by(by_map, where=by_map.width_px >= IMAGE_ALONE_PX)
    clear = clear_of_junctions(polylines, [line.chain for line in lines], [line.radius_px for line in lines])
    clear &= ~_ends(polylines, lines)
    clear &= np.isfinite(edges.width_px)
    clear &= _within_image(polylines, edges, mask.shape)
    grey = None if image is None else as_grey(image)
    if probability is None:
        widths = choose_widths(polylines, edges, clear, grey, body)
    else:
        widths = widths_in_outline(polylines, edges, clear, grey)
    scores = None if probability is None else sample(probability, *polylines.points.T)
    areas = areas_of(skeleton, mask)
    contradictions: list[Contradiction | None] = [None] * len(lines)
    if grey is not None:
        contradictions = find_contradictions(
            grey, polylines, widths.edges, widths.chosen, outlined_by_detector=probability is not None
        )
    cracks = []
    for i, line in enumerate(lines):
        if areas[i] == 0:
            continue  # the way between two junctions that touch: every pixel of it belongs to another crack
        part = slice(polylines.starts[i], polylines.starts[i + 1])
        score = None if scores is None else float(scores[part].mean())
        found = _Profile.of(widths, part, polylines.tangents[part], contradictions[i])
        on_border = _touches_border(line.points, mask.shape)
        loops = int(skeleton.loops[line.network])
        cracks.append(_crack(line, found, int(areas[i]), loops, on_border, score, scale))
    cracks.sort(key=lambda crack: (-severity(crack), -crack.length_px, crack.max_width_at))
    numbered = tuple(replace(crack, number=number) for number, crack in enumerate(cracks, start=1))
    return Measurement(numbered, skeleton.small_components, skeleton.left_out)


@dataclass(frozen=True, slots=True)
class _Profile:
    """Widths along one crack, each (N,), NaN where unknown, and what the image says against them."""

    widths: Values
    by_mask: Values
    by_image: Values
    uncertainty: Values
    flags: NDArray[np.bool_]
    tangents: Points
    contradiction: Contradiction | None

    @classmethod
    def of(cls, widths: Widths, part: slice, tangents: Points, contradiction: Contradiction | None) -> Self:
        return cls(
            widths.chosen[part],
            widths.by_mask[part],
            widths.by_image[part],
            widths.uncertainty[part],
            widths.flags[part],
            tangents,
            contradiction,
        )


def _check(mask: NDArray[np.bool_], image: NDArray[np.uint8] | None, probability: NDArray[np.float32] | None) -> None:
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise DataError(f"A mask must be a yes-or-no array (H, W); this one is {mask.dtype} {mask.shape}.")
    if image is not None and (image.dtype != np.uint8 or image.shape[2:] not in ((), (3,))):
        raise DataError(
            f"An image must be 8-bit grey (H, W) or RGB (H, W, 3); this one is {image.dtype} {image.shape}."
        )
    for name, array in (("image", image), ("probability map", probability)):
        if array is not None and (array.ndim not in (2, 3) or array.shape[:2] != mask.shape):
            raise DataError(
                f"The {name} has {array.shape[1]} x {array.shape[0]} px and the mask {mask.shape[1]} x "
                f"{mask.shape[0]}; both must show the same picture at the same size."
            )


def check_outlines(mask: NDArray[np.bool_]) -> None:
    """Refuse noise, which would take minutes: it is all junctions. Raises DataError."""
    length_px = 0
    for top in range(0, len(mask), _STRIP_ROWS):  # in strips, which need little memory
        strip = mask[top : top + _STRIP_ROWS + 1]
        length_px += int(np.count_nonzero(strip[1:] != strip[:-1]))
        length_px += int(np.count_nonzero(strip[:_STRIP_ROWS, 1:] != strip[:_STRIP_ROWS, :-1]))
    if length_px > max(MAX_OUTLINES_PX, MAX_OUTLINES * mask.size):
        raise DataError(
            f"This is no crack mask: on {mask.shape[1]} x {mask.shape[0]} px the outlines of its white parts are "
            f"{length_px:,} px long, as those of noise are; give a mask that is white in cracks alone."
        )


def _ends(polylines: Polylines, lines: tuple[CentreLine, ...]) -> NDArray[np.bool_]:
    """First and last points of open lines, bool (M,): they lie on the mask's edge and have no profile."""
    ends = np.zeros(len(polylines.points), dtype=np.bool_)
    for line, start, stop in zip(lines, polylines.starts[:-1], polylines.starts[1:], strict=True):
        if not line.chain.closed and stop - start > 4:
            ends[[start, stop - 1]] = True
    return ends


def _within_image(polylines: Polylines, edges: Edges, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Points where both edges are seen, and not cut off by the image's border; all, on a line that has none, (M,)."""
    last = np.array(shape[::-1]) - 1.25
    within = np.ones(len(polylines.points), dtype=np.bool_)
    for offset in (edges.left_px, edges.right_px):
        edge = polylines.points + offset[:, np.newaxis] * polylines.normals
        within &= ((edge > 0.25) & (edge < last)).all(axis=1)
    some = np.bincount(polylines.owner, weights=within, minlength=len(polylines.closed)) > 0
    return within | ~some[polylines.owner]


def _touches_border(points: Points, shape: tuple[int, ...]) -> bool:
    """Whether an end lies on the image's border."""
    ends = points[[0, -1]]
    return bool(min(ends.min(), (np.array(shape[::-1]) - 1 - ends).min()) < 1.0)


def severity(crack: Crack) -> float:
    """What cracks are sorted by: the largest width, on the surface where there is a scale."""
    return crack.max_width_px if crack.mm is None else crack.mm.max_width


def _crack(
    line: CentreLine,
    found: _Profile,
    area_px: int,
    loops: int,
    on_border: bool,
    score: float | None,
    scale: Scale | None,
) -> Crack:
    points, closed = line.points, line.chain.closed
    length = length_of(points, closed=closed)
    area_width = area_px / length
    widths = found.widths
    if not np.isfinite(widths).any():
        # Wider than long, or all junction: there is no profile, so the area has to do.
        widths = np.full(len(points), area_width)
    mean, median, p95, largest, place = _statistics(widths)
    doubt, off = found.contradiction or (None, 0.0)
    at_point = float(found.uncertainty[place])
    if np.isfinite(at_point):
        uncertainty = at_point + OF_SPREAD * (largest - mean) + off
    else:
        uncertainty = max(uncertainty_px(largest, mean, score) + off, _disagreement(found, mean, area_width))
    length_uncertainty = 2 * END_UNCERTAINTY_PX + LENGTH_UNCERTAINTY * length
    orientation = orientation_of(points, closed=closed)
    measured = np.isfinite(found.widths)
    return Crack(
        number=0,
        network=line.network + 1,
        polyline_px=points,
        widths_px=widths,
        length_px=length,
        mean_width_px=mean,
        median_width_px=median,
        p95_width_px=p95,
        max_width_px=largest,
        max_width_at=(float(points[place, 0]), float(points[place, 1])),
        orientation_deg=orientation,
        direction="map" if loops >= MAP_LOOPS else direction_of(orientation),
        branches=line.chain.branches,
        tortuosity=tortuosity_of(points, closed=closed),
        closed=closed,
        touches_border=on_border,
        area_px=area_px,
        area_width_px=area_width,
        width_uncertainty_px=uncertainty,
        length_uncertainty_px=length_uncertainty,
        image_fraction=float(np.isfinite(found.by_image[measured]).mean()) if measured.any() else 0.0,
        score=score,
        doubt=doubt,
        width_uncertainties_px=found.uncertainty if np.isfinite(found.uncertainty).any() else None,
        width_flags=_ranges(found.flags & measured[:, np.newaxis]),
        mm=None if scale is None else _on_surface(line, widths, found.tangents, uncertainty, length_uncertainty, scale),
    )


def _ranges(flags: NDArray[np.bool_]) -> dict[Flag, tuple[tuple[int, int], ...]]:
    """First and last points of the stretches that have each flag, bool (N, F); flags that none has are left out."""
    found = {}
    for flag, marked in zip(FLAGS, flags.T, strict=True):
        steps = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
        if steps.size:
            found[flag] = tuple((int(first), int(end) - 1) for first, end in steps.reshape(-1, 2))
    return found


def _statistics(widths: Values) -> tuple[float, float, float, float, int]:
    known = widths[np.isfinite(widths)]
    place = int(np.nanargmax(widths))
    median, p95 = np.percentile(known, [50, 95])
    return float(known.mean()), float(median), float(p95), float(widths[place]), place


def _disagreement(found: _Profile, mean_px: float, area_width_px: float) -> float:
    """Half the largest difference between mean widths by independent ways."""
    both = np.isfinite(found.by_mask) & np.isfinite(found.by_image)
    by_image = float(np.abs(found.by_image[both].mean() - found.by_mask[both].mean())) if both.any() else 0.0
    return max(by_image, abs(mean_px - area_width_px)) / 2


def _on_surface(
    line: CentreLine,
    widths_px: Values,
    tangents: Points,
    uncertainty_px: float,
    length_uncertainty_px: float,
    scale: Scale,
) -> Millimetres:
    polyline = scale.points_mm(line.points)
    widths = scale.widths_mm(widths_px, line.points, tangents)
    length = length_of(polyline, closed=line.chain.closed)
    mean, median, p95, largest, place = _statistics(widths)
    # Pixels to millimetres where this crack lies, which is the scale itself unless there is perspective.
    across = mean / float(np.nanmean(widths_px))
    along = length / length_of(line.points, closed=line.chain.closed)
    return Millimetres(
        length=length,
        mean_width=mean,
        median_width=median,
        p95_width=p95,
        max_width=largest,
        max_width_at=(float(line.points[place, 0]), float(line.points[place, 1])),
        width_uncertainty=float(np.hypot(uncertainty_px * across, SCALE_COVERAGE * scale.uncertainty * largest)),
        length_uncertainty=float(np.hypot(length_uncertainty_px * along, SCALE_COVERAGE * scale.uncertainty * length)),
    )
