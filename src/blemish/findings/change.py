"""What changed on a surface between two inspections: two findings, and a picture of each to align them by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.findings.schema import Finding
from blemish.measurement.change import CrackChange, Status, compare_cracks
from blemish.measurement.crack import Crack
from blemish.measurement.registration import Registration, register_images

STATUSES: tuple[Status, ...] = get_args(Status)
"""What may have become of a crack, what asks for attention first."""


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What changed between two findings about one surface.

    Attributes:
        changes: what became of each crack; numbers are those of the two findings' cracks.
        registration: where each point of the earlier image lies in the later one.
    """

    changes: tuple[CrackChange, ...]
    registration: Registration

    @property
    def counts(self) -> dict[Status, int]:
        """How many cracks have each status, in the order of `STATUSES`; a status that none has is left out."""
        counted = Counter(change.status for change in self.changes)
        return {status: counted[status] for status in STATUSES if counted[status]}

    @property
    def status(self) -> Status | None:
        """The first of `STATUSES` that a crack has; None where neither image shows one."""
        return next(iter(self.counts), None)

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "status": self.status,
            "counts": dict(self.counts),
            "changes": [change.to_record() for change in self.changes],
            "matches": self.registration.matches,
            "rms_px": round(self.registration.rms_px, 3),
        }


def compare_findings(
    earlier: Finding, later: Finding, earlier_view: NDArray[np.uint8], later_view: NDArray[np.uint8]
) -> FindingChange:
    """Tell what became of the cracks of one surface between two inspections.

    Args:
        earlier: the finding of the earlier date, with its cracks measured.
        later: the finding of the later date; its scale, where it has one, puts the changes into millimetres.
        earlier_view: the earlier image, uint8 (H, W) or RGB (H, W, 3), or a smaller copy of it, as upright as it was
            inspected.
        later_view: likewise of the later image.

    Raises:
        DataError: the cracks of one of them were not measured, or the two images cannot be aligned.
    """
    (old, old_px), (new, new_px) = _measured("earlier", earlier), _measured("later", later)
    registration = register_images(earlier_view, later_view).of_sizes(old_px, new_px)
    views = (earlier_view, later_view)
    return FindingChange(compare_cracks(old, new, registration, scale=later.scale, images=views), registration)


def _measured(date: str, finding: Finding) -> tuple[tuple[Crack, ...], tuple[int, int]]:
    """Cracks and size of a finding; DataError where there are none."""
    if finding.cracks is None or finding.size_px is None:
        raise DataError(
            f'The cracks of the {date} finding, of "{finding.image}", were not measured; inspect it anew with a '
            "detector of cracks, or with --measure."
        )
    return finding.cracks, finding.size_px
