"""Moving a detector's thresholds and limits by hand, and saying what it finds: nothing is trained again for these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from blemish.detectors.container import read_container, write_container
from blemish.detectors.schema import Finds, Thresholds
from blemish.errors import SettingsError
from blemish.images import UsabilityLimits

BY_HAND = "set by hand"


def set_thresholds(
    file: Path,
    *,
    pixel: float | None = None,
    peak: float | None = None,
    review: float | None = None,
    reject: float | None = None,
    gap_px: int | None = None,
    min_area_px: int | None = None,
    window_px: int | None = None,
    surface: float | None = None,
    out: Path | None = None,
) -> Thresholds:
    """Write a detector with other thresholds; what is None stays as it was. The graph's bytes do not change.

    Args:
        file: the detector.
        pixel: a pixel is defective at this map value or more; like the least area, it then holds for every class.
        peak: outlines that nowhere reach this map value are dropped; of detectors with one map.
        review: an image goes to review at this score or more.
        reject: an image is rejected at this score or more.
        gap_px: pieces with at most this many pixels between them are one region.
        min_area_px: smaller regions are dropped.
        window_px: components that fit alone in a square of this side are dropped; 0: none.
        surface: an image that is more unlike the surfaces that the detector knows shows an unknown one.
        out: where to write; None replaces ``file``.

    Returns:
        The thresholds as written.

    Raises:
        DetectorError: ``file`` is not a detector.
        SettingsError: nothing is to be changed, or the thresholds contradict each other.
    """
    wanted = {
        "pixel": pixel,
        "peak": peak,
        "review": review,
        "reject": reject,
        "gap_px": gap_px,
        "min_area_px": min_area_px,
        "window_px": window_px,
        "surface": surface,
    }
    changes: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    if not changes:
        raise SettingsError(
            "Say what to change: --pixel, --peak, --review, --reject, --gap, --min-area, --window or --surface."
        )
    for name, value in changes.items():
        if not math.isfinite(value):
            raise SettingsError(f"The threshold {name} must be a finite number; got {value}.")
    if pixel is not None or min_area_px is not None:
        changes["by_class"] = ()
    container = read_container(file)
    if pixel is not None and not container.spec.localises:
        raise SettingsError(f'"{file}" gives no anomaly map, so it has no pixel threshold; set --review or --reject.')
    if surface is not None and not container.spec.knows_surfaces:
        raise SettingsError(f'"{file}" does not tell which surfaces it knows, so there is no limit for them.')
    try:
        thresholds = Thresholds.model_validate(container.spec.thresholds.model_dump() | changes | {"source": BY_HAND})
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{first['loc'][0]}: " if first["loc"] else ""
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f'These thresholds for "{file}" cannot be: {name}{reason}.') from None
    write_container(out or file, replace(container, spec=container.spec.model_copy(update={"thresholds": thresholds})))
    return thresholds


def set_usability(file: Path, changes: Mapping[str, float], *, lift: bool = False, out: Path | None = None) -> str:
    """Write a detector that judges other images; see `blemish.images.UsabilityLimits`.

    Args:
        file: the detector.
        changes: limits by name; others stay as they were.
        lift: start from no limits at all instead of the detector's.
        out: where to write; None replaces ``file``.

    Returns:
        The limits as written, in words.

    Raises:
        DetectorError: ``file`` is not a detector.
        SettingsError: nothing is to be changed, or a limit is impossible.
    """
    if not changes and not lift:
        raise SettingsError(
            "Say what to change: --min-side, --dark, --white, --clipped, --detail, --lost or --any-image."
        )
    container = read_container(file)
    before = UsabilityLimits.none() if lift else container.spec.usability
    try:
        limits = UsabilityLimits.model_validate(before.model_dump() | dict(changes))
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"The limit {first['loc'][0]} cannot be {first['input']}: {first['msg']}.") from None
    write_container(out or file, replace(container, spec=container.spec.model_copy(update={"usability": limits})))
    return limits.describe()


def set_finds(file: Path, finds: Finds, *, out: Path | None = None) -> None:
    """Write a detector whose outlines are cracks, which are measured along their lines, or regions.

    Raises:
        DetectorError: ``file`` is not a detector.
        SettingsError: it outlines nothing.
    """
    container = read_container(file)
    if not container.spec.localises:
        raise SettingsError(f'"{file}" gives no anomaly map, so it outlines neither cracks nor regions.')
    write_container(out or file, replace(container, spec=container.spec.model_copy(update={"finds": finds})))
