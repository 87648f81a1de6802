"""How cracks changed between two images of one surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy  # its modules are imported when they are first used: they take longer than a verdict
from numpy.typing import NDArray

from blemish.measurement.crack import Crack
from blemish.measurement.dark_lines import shows_dark_line
from blemish.measurement.homography import project_widths
from blemish.measurement.matching import NEAR_PX, SAME_FRACTION, Placed, group_cracks, near_px
from blemish.measurement.polylines import Points, length_of, resample, tangents
from blemish.measurement.registration import Registration
from blemish.measurement.scale import Scale

Status = Literal["grown", "new", "smaller", "repaired", "static", "out of view"]

Values = NDArray[np.float64]

_MISSED_EARLIER = "it was outlined at the later date only, and the earlier image shows a dark line there, too"
_MISSED_LATER = "it was outlined at the earlier date only, and the later image shows a dark line there, too"


@dataclass(frozen=True, slots=True)
class CrackChange:
    """What became of a crack.

    All values are in ``unit``: millimetres where the later image has a scale, else pixels of the later image.

    Attributes:
        status: ``grown`` or ``smaller`` where length or width changed by more than the uncertainties of both dates
            together, ``static`` where it did not; ``new`` or ``repaired`` where the other image shows the place
            without the crack; ``out of view`` where it does not show the place.
        doubt: why a crack that was outlined at one date only is called static: the other image shows a dark line
            there, too; None elsewhere.
        earlier: numbers of the earlier image's cracks that it is; several where it was outlined in parts.
        later: numbers of the later image's cracks that it is, likewise; empty where it is repaired.
        unit: ``mm`` or ``px``.
        length: in the later image; in the earlier one where it is repaired.
        length_growth: later minus earlier length; None where there is only one.
        length_uncertainty: what ``length_growth`` must exceed: the uncertainties of both lengths, added up, and the
            registration's.
        width_growth: mean change of the width over the places that both images measured.
        largest_width_growth: later minus earlier largest width.
        width_uncertainty: what ``width_growth`` must exceed: the uncertainties of both widths, added up.
    """

    status: Status
    earlier: tuple[int, ...]
    later: tuple[int, ...]
    unit: Literal["mm", "px"]
    length: float
    length_growth: float | None = None
    length_uncertainty: float | None = None
    width_growth: float | None = None
    largest_width_growth: float | None = None
    width_uncertainty: float | None = None
    doubt: str | None = None

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
        known = {"status": self.status, "earlier": list(self.earlier), "later": list(self.later), "unit": self.unit}
        return known | rounded | {"doubt": self.doubt}


@dataclass(frozen=True, slots=True)
class _Line:
    """A crack in the later image's frame: places, widths and lengths in the unit of the comparison."""

    crack: Crack
    places: Points
    widths: Values
    length: float
    per_px: float

    @property
    def placed(self) -> Placed:
        return Placed(self.places, self.crack.mean_width_px)

    @property
    def length_uncertainty(self) -> float:
        return self.crack.length_uncertainty_px * self.per_px

    @property
    def width_uncertainty(self) -> float:
        """Of its mean width: the mean of what is known at its points, else that of its largest width."""
        at_points = self.crack.width_uncertainties_px
        if at_points is None or not np.isfinite(at_points).any():
            return self.crack.width_uncertainty_px * self.per_px
        return float(np.nanmean(at_points)) * self.per_px


def compare_cracks(
    earlier: Sequence[Crack],
    later: Sequence[Crack],
    registration: Registration,
    *,
    scale: Scale | None = None,
    images: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
) -> tuple[CrackChange, ...]:
    """Match the cracks of two images and tell how they changed.

    Args:
        earlier: cracks of the earlier image, measured in its own pixels.
        later: cracks of the later image.
        registration: from the earlier image to the later one.
        scale: the later image's; the earlier one needs none, since it is aligned with the later one.
        images: the earlier and the later one, or smaller copies: a crack that was outlined at one date only is called
            new or repaired only where the other image shows no dark line; None believes the outlines.

    Returns:
        One change per crack of the later image, in their order, where several may be one; then one per crack that only
        the earlier image shows.
    """
    now = [_as_seen(crack, scale) for crack in later]
    before = [_moved(crack, registration, scale) for crack in earlier]
    groups = group_cracks([line.placed for line in before], [line.placed for line in now], registration.rms_px)
    changes = []
    for group in groups:
        old, new = [before[i] for i in group.earlier], [now[i] for i in group.later]
        if old and new:
            changes.append(_change(old, new, registration, scale))
        elif new:
            (line,) = new
            places = registration.to_earlier(line.crack.polyline_px)
            status, doubt = _alone(
                "new", places, line, registration.earlier_size_px, images and images[0], registration
            )
            changes.append(CrackChange(status, (), (line.crack.number,), _unit(scale), line.length, doubt=doubt))
        else:
            (line,) = old
            size_px = registration.later_size_px
            status, doubt = _alone("repaired", line.places, line, size_px, images and images[1], registration)
            changes.append(CrackChange(status, (line.crack.number,), (), _unit(scale), line.length, doubt=doubt))
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


def _inside(places: Points, size_px: tuple[int, int]) -> bool:
    """Whether most of a line lies inside an image."""
    return bool(((places >= -0.5) & (places <= np.array(size_px) - 0.5)).all(axis=1).mean() >= SAME_FRACTION)


def _alone(
    status: Status,
    places: Points,
    line: _Line,
    size_px: tuple[int, int],
    image: NDArray[np.uint8] | None,
    registration: Registration,
) -> tuple[Status, str | None]:
    """What a crack is that only one date outlines, by what the other image shows at its places."""
    if not _inside(places, size_px):
        return "out of view", None
    if image is None:
        return status, None
    shrink = image.shape[1] / size_px[0]
    seen = resample((places + 0.5) * shrink - 0.5, closed=line.crack.closed)
    near_px = (NEAR_PX + 2 * registration.rms_px) * shrink
    width_px = line.crack.mean_width_px * shrink
    dark = shows_dark_line(image, seen, width_px=width_px, near_px=near_px, closed=line.crack.closed)
    if dark.mean() < SAME_FRACTION:
        return status, None
    return "static", _MISSED_EARLIER if status == "new" else _MISSED_LATER


def _change(old: list[_Line], new: list[_Line], registration: Registration, scale: Scale | None) -> CrackChange:
    length = sum(line.length for line in new)
    length_growth = length - sum(line.length for line in old)
    # The ends of several parts are off independently of one another; each is placed as well as the images are aligned.
    both_px = sum(float(np.hypot.reduce([line.length_uncertainty for line in lines])) for lines in (old, new))
    length_uncertainty = float(np.hypot(both_px, registration.rms_px * new[0].per_px))
    width_growth = _width_growth(old, new, registration)
    largest = max(float(np.nanmax(line.widths)) for line in new) - max(float(np.nanmax(line.widths)) for line in old)
    width_uncertainty = sum(max(line.width_uncertainty for line in lines) for lines in (old, new))
    return CrackChange(
        status=_status(length_growth / length_uncertainty, (width_growth or 0.0) / width_uncertainty),
        earlier=tuple(line.crack.number for line in old),
        later=tuple(line.crack.number for line in new),
        unit=_unit(scale),
        length=length,
        length_growth=length_growth,
        length_uncertainty=length_uncertainty,
        width_growth=width_growth,
        largest_width_growth=largest,
        width_uncertainty=width_uncertainty,
    )


def _width_growth(old: list[_Line], new: list[_Line], registration: Registration) -> float | None:
    """Mean change of the width over the places that both images measured; None where there are none."""
    places, then = (np.concatenate([getattr(line, name) for line in old]) for name in ("places", "widths"))
    now = np.concatenate([line.widths for line in new])
    reach = np.concatenate(
        [np.full(len(line.places), near_px(line.crack.mean_width_px, registration.rms_px)) for line in new]
    )
    distance, nearest = scipy.spatial.KDTree(np.concatenate([line.places for line in new])).query(places)
    both = np.isfinite(then) & np.isfinite(now[nearest]) & (distance <= reach[nearest])
    return float((now[nearest] - then)[both].mean()) if both.any() else None


def _status(length_ratio: float, width_ratio: float) -> Status:
    if max(length_ratio, width_ratio) > 1.0:
        return "grown"
    return "smaller" if min(length_ratio, width_ratio) < -1.0 else "static"
