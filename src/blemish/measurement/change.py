"""How cracks changed between two images of one surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.crack import Crack
from blemish.measurement.homography import project_widths
from blemish.measurement.polylines import Points, length_of, tangents
from blemish.measurement.registration import Registration
from blemish.measurement.scale import Scale

Status = Literal["grown", "unchanged", "smaller", "new", "gone", "out of view"]

# A crack of the earlier image is the same as one of the later if at least this fraction of it lies on that one.
SAME_FRACTION = 0.5
# Lies on: nearer than this, or the later crack's half width where that is more, beside the registration's error.
NEAR_PX = 3.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrackChange:
    """What became of a crack.

    All values are in ``unit``: millimetres where the later image has a scale, else pixels of the later image.

    Attributes:
        status: ``grown`` or ``smaller`` where length or width changed by more than its uncertainty; ``new`` or
            ``gone`` where the other image shows the place without it; ``out of view`` where it does not show the place.
        earlier: numbers of the earlier image's cracks that it is; more than one where they have joined.
        later: number of the later image's crack; None where it is gone.
        unit: ``mm`` or ``px``.
        length: in the later image; in the earlier one where it is gone.
        length_growth: later minus earlier length; None where there is only one.
        length_uncertainty: of ``length_growth``, half of an interval of about 95 %.
        width_growth: mean change of the width over the places that both images measured.
        largest_width_growth: later minus earlier largest width.
        width_uncertainty: of ``width_growth``, likewise.
    """

    status: Status
    earlier: tuple[int, ...]
    later: int | None
    unit: Literal["mm", "px"]
    length: float
    length_growth: float | None = None
    length_uncertainty: float | None = None
    width_growth: float | None = None
    largest_width_growth: float | None = None
    width_uncertainty: float | None = None

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON, lengths and widths to six digits after the point."""
        rounded = {
            name: None if value is None else round(value, 6)
            for name, value in (
                ("length", self.length),
                ("length_growth", self.length_growth),
                ("length_uncertainty", self.length_uncertainty),
                ("width_growth", self.width_growth),
                ("largest_width_growth", self.largest_width_growth),
                ("width_uncertainty", self.width_uncertainty),
            )
        }
        known = {"status": self.status, "earlier": list(self.earlier), "later": self.later, "unit": self.unit}
        return known | rounded


@dataclass(frozen=True, slots=True)
class _Line:
    """A crack in the later image's frame: places, widths and lengths in the unit of the comparison."""

    crack: Crack
    places: Points
    widths: Values
    length: float
    per_px: float


def compare_cracks(
    earlier: Sequence[Crack], later: Sequence[Crack], registration: Registration, *, scale: Scale | None = None
) -> tuple[CrackChange, ...]:
    """Match the cracks of two images and tell how they changed.

    Args:
        earlier: cracks of the earlier image, measured in its own pixels.
        later: cracks of the later image.
        registration: from the earlier image to the later one.
        scale: the later image's; the earlier one needs none, since it is aligned with the later one.

    Returns:
        One change per crack of the later image, in their order, then one per crack that only the earlier one shows.
    """
    now = [_as_seen(crack, scale) for crack in later]
    before = [_moved(crack, registration, scale) for crack in earlier]
    owner = _owners(before, now, registration)
    changes = []
    for number, line in enumerate(now):
        same = [old for old, own in zip(before, owner, strict=True) if own == number]
        if same:
            changes.append(_change(line, same, registration, scale))
        else:
            seen = _inside(registration.to_earlier(line.crack.polyline_px), registration.earlier_size_px)
            changes.append(
                CrackChange("new" if seen else "out of view", (), line.crack.number, _unit(scale), line.length)
            )
    for old, own in zip(before, owner, strict=True):
        if own is None:
            status: Status = "gone" if _inside(old.places, registration.later_size_px) else "out of view"
            changes.append(CrackChange(status, (old.crack.number,), None, _unit(scale), old.length))
    return tuple(changes)


def _unit(scale: Scale | None) -> Literal["mm", "px"]:
    return "px" if scale is None else "mm"


def _as_seen(crack: Crack, scale: Scale | None) -> _Line:
    return _line(crack, crack.polyline_px, crack.widths_px, scale)


def _moved(crack: Crack, registration: Registration, scale: Scale | None) -> _Line:
    along = tangents(crack.polyline_px, closed=crack.closed)
    widths = project_widths(np.array(registration.matrix), crack.widths_px, crack.polyline_px, along)
    return _line(crack, registration.to_later(crack.polyline_px), widths, scale)


def _line(crack: Crack, places: Points, widths_px: Values, scale: Scale | None) -> _Line:
    if scale is None:
        length, widths = length_of(places, closed=crack.closed), widths_px
    else:
        widths = scale.widths_mm(widths_px, places, tangents(places, closed=crack.closed))
        length = length_of(scale.points_mm(places), closed=crack.closed)
    return _Line(crack, places, widths, length, length / crack.length_px)


def _owners(before: list[_Line], now: list[_Line], registration: Registration) -> list[int | None]:
    """For each earlier crack the later one that most of it lies on, None without one."""
    if not now:
        return [None] * len(before)
    tree = scipy.spatial.KDTree(np.concatenate([line.places for line in now]))
    owner = np.repeat(np.arange(len(now)), [len(line.places) for line in now])
    half_widths = np.concatenate([np.full(len(line.places), line.crack.mean_width_px / 2) for line in now])
    owners: list[int | None] = []
    for line in before:
        distance, nearest = tree.query(line.places)
        on = distance <= np.maximum(NEAR_PX, half_widths[nearest]) + 2 * registration.rms_px
        votes = np.bincount(owner[np.asarray(nearest)[on]], minlength=len(now))
        best = int(votes.argmax())
        owners.append(best if votes.sum() and votes[best] >= SAME_FRACTION * len(line.places) else None)
    return owners


def _inside(places: Points, size_px: tuple[int, int]) -> bool:
    """Whether most of a line lies inside an image."""
    return bool(((places >= -0.5) & (places <= np.array(size_px) - 0.5)).all(axis=1).mean() >= SAME_FRACTION)


def _change(line: _Line, same: list[_Line], registration: Registration, scale: Scale | None) -> CrackChange:
    length_growth = line.length - sum(old.length for old in same)
    # Each end of each crack is placed as well as the images are aligned.
    parts = [old.crack.length_uncertainty_px * old.per_px for old in same]
    parts += [line.crack.length_uncertainty_px * line.per_px, registration.rms_px * line.per_px]
    length_uncertainty = float(np.hypot.reduce(parts))

    places = np.concatenate([old.places for old in same])
    then = np.concatenate([old.widths for old in same])
    distance, nearest = scipy.spatial.KDTree(line.places).query(places)
    both = np.isfinite(then) & np.isfinite(line.widths[nearest])
    both &= distance <= max(NEAR_PX, line.crack.mean_width_px / 2) + 2 * registration.rms_px
    width_growth = float((line.widths[nearest] - then)[both].mean()) if both.any() else None
    largest = float(np.nanmax(line.widths) - np.nanmax(then))
    parts = [line.crack.width_uncertainty_px * line.per_px]
    parts.append(max(old.crack.width_uncertainty_px * old.per_px for old in same))
    width_uncertainty = float(np.hypot.reduce(parts))
    return CrackChange(
        status=_status(length_growth / length_uncertainty, (width_growth or 0.0) / width_uncertainty),
        earlier=tuple(old.crack.number for old in same),
        later=line.crack.number,
        unit=_unit(scale),
        length=line.length,
        length_growth=length_growth,
        length_uncertainty=length_uncertainty,
        width_growth=width_growth,
        largest_width_growth=largest,
        width_uncertainty=width_uncertainty,
    )


def _status(length_ratio: float, width_ratio: float) -> Status:
    if max(length_ratio, width_ratio) > 1.0:
        return "grown"
    return "smaller" if min(length_ratio, width_ratio) < -1.0 else "unchanged"
