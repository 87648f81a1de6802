"""What a detector says about one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.findings import Verdict
from blemish.measurement.regions import Region


@dataclass(frozen=True, slots=True)
class Inspection:
    """The answer for one image.

    Attributes:
        path: the file, or None for an array.
        score: raw image score; higher is worse; its scale is the detector's own.
        p_value: fraction of held-out normal images that score as high (split conformal), None without calibration.
        verdict: against the detector's thresholds, None where it has none.
        regions: what was outlined, largest score first.
        anomaly_map: float32 (H, W) at the image's own size, higher is worse; None where the method does not localise.
        mask: bool (H, W), True where defective after the pixel threshold and the speck limit; None without one.
        class_masks: the same for each class of a detector that tells several apart, bool (K, H, W), in the order of
            its classes; they may overlap. None of any other.
        label: the class that the image shows, by a detector that tells several apart: that of the largest region, or
            of the highest map where it outlines none. None of any other, and where the image passes.
        notes: what reading the image had to decide (first page of several, 16-bit range, …).
        error: why there is no answer; then ``score``, ``verdict`` and the rest are None or empty.
    """

    path: Path | None
    score: float | None
    p_value: float | None = None
    verdict: Verdict | None = None
    regions: tuple[Region, ...] = ()
    anomaly_map: NDArray[np.float32] | None = field(default=None, repr=False)
    mask: NDArray[np.bool_] | None = field(default=None, repr=False)
    class_masks: NDArray[np.bool_] | None = field(default=None, repr=False)
    label: str | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None

    def to_record(self) -> dict[str, Any]:
        """The line of ``findings.jsonl``: plain values only, no arrays."""
        return {
            "path": None if self.path is None else str(self.path),
            "score": self.score,
            "p_value": self.p_value,
            "verdict": self.verdict,
            "regions": [region.to_record() for region in self.regions],
            "notes": list(self.notes),
            "error": self.error,
            "label": self.label,
        }
