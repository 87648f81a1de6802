"""Outlines at another level of a detector's own trade-off between missed defects and false alarms."""

from __future__ import annotations

from blemish.detectors.schema import DetectorSpec
from blemish.errors import SettingsError


def at_sensitivity(spec: DetectorSpec, level: int) -> DetectorSpec:
    """The description with the thresholds of outlines that stand at a level; verdicts by score stay as they are.

    Args:
        spec: the detector's.
        level: 1 outlines the least.

    Raises:
        SettingsError: it has no levels, or not that one.
    """
    if spec.sensitivity is None:
        raise SettingsError(
            "This detector has no levels of sensitivity; move its thresholds by hand with "
            '"blemish detector set-threshold", or measure levels with "blemish detector set-sensitivity".'
        )
    levels = spec.sensitivity.levels
    if not 1 <= level <= len(levels):
        raise SettingsError(f"This detector has levels of sensitivity from 1 to {len(levels)}; got {level}.")
    chosen = levels[level - 1]
    changes = {
        "pixel": chosen.pixel,
        "peak": chosen.peak,
        "window_px": chosen.window_px,
        "source": f"{spec.thresholds.source}; outlines by sensitivity {level} of {len(levels)}",
    }
    return spec.model_copy(update={"thresholds": spec.thresholds.model_copy(update=changes)})
