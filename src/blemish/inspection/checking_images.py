"""The verb `photos check`: what widths images can tell, by pixels and metadata, before any crack is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import BlemishError, DataError, SettingsError
from blemish.findings.image_check import (
    IMAGE_CHECK_NAME,
    MAX_ISO,
    MAX_TILT_DEG,
    MIN_OVERLAP,
    PROBLEMS,
    ImageCheck,
    ImageChecks,
    Problem,
)
from blemish.images import Capture, LoadedImage, ReadOptions, UsabilityLimits, list_images, load_image, usability
from blemish.images.quality import ImageQuality, image_quality
from blemish.measurement import Scale, ScaleByMetadata, ScalePerImage, register_images
from blemish.measurement.homography import project
from blemish.measurement.scale_sources import Seen, looks_down
from blemish.measurement.width.trusted import smallest_trusted_px
from blemish.reports.csv_tables import write_table

# What noise removal leaves is not trusted below this width.
_MIN_SMOOTHED_PX = 3.0
# Blur where no edge tells: about that of a sharp lens.
_USUAL_BLUR_PX = 1.0
# Neighbours are matched in copies of this size.
_MATCHED_PX = 640
_METRES_PER_DEGREE = 111_320.0
_TABLE_NAME = "photos.csv"
_COLUMNS = (*(name for name in ImageCheck.model_fields if name != "size_px"), "width_px", "height_px")


def check_images(
    paths: Iterable[Path | str] | Path | str,
    *,
    scale: float | Scale | ScalePerImage | None = None,
    wanted_mm: float | None = None,
    out: Path | str | None = None,
    options: ReadOptions | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImageChecks:
    """Tell for each image the smallest width that can be trusted in it, and what would make it smaller.

    Args:
        paths: files and folders. Images that follow one another by name are taken to be neighbours.
        scale: millimetres per pixel, a `Scale`, or what tells that of each image; None takes each image's metadata.
        wanted_mm: the smallest width that is to be measured, for the advice.
        out: a folder for ``photos.json`` and ``photos.csv``; that of findings puts the table into their report.
        options: how files are read.
        on_progress: called after each image with how many are done and how many there are.

    Returns:
        One record per image, in natural order of names; one that cannot be read says why.

    Raises:
        ImageError: a path does not exist, or a folder holds no images.
        SettingsError: a width that is not above 0, or an absurd scale.
        BlemishError: ``out`` cannot be written to.
    """
    if wanted_mm is not None and not (math.isfinite(wanted_mm) and wanted_mm > 0):
        raise SettingsError(f"The smallest width is {wanted_mm:g} mm; it must be above 0.")
    how = Scale.given(scale) if isinstance(scale, int | float) else scale or ScaleByMetadata()
    files = list_images([paths] if isinstance(paths, Path | str) else paths).images
    checks: list[ImageCheck] = []
    before: _Neighbour | None = None
    for number, file in enumerate(files, start=1):
        try:
            loaded = load_image(file, options or ReadOptions())
        except BlemishError as error:
            checks.append(ImageCheck(image=file.name, path=str(file), problems=("unreadable",), error=str(error)))
            before = None
        else:
            check, before = _check(file, loaded, how, before)
            checks.append(check)
        if on_progress is not None:
            on_progress(number, len(files))
    result = ImageChecks(images=tuple(checks), wanted_mm=wanted_mm)
    if out is not None:
        result.save(Path(out) / IMAGE_CHECK_NAME)
        write_table(Path(out) / _TABLE_NAME, _COLUMNS, map(_row, checks))
    return result


class _Neighbour:
    """What the next image is compared with: a small grey copy, and where the image was taken."""

    def __init__(self, pixels: NDArray[np.uint8], capture: Capture | None, scale: Scale | None) -> None:
        shrink = min(1.0, _MATCHED_PX / max(pixels.shape[:2]))
        size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        self.small = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        self.size_px = (pixels.shape[1], pixels.shape[0])
        self.capture, self.scale = capture, scale


def _check(
    file: Path, loaded: LoadedImage, how: Scale | ScalePerImage, before: _Neighbour | None
) -> tuple[ImageCheck, _Neighbour]:
    pixels, capture = loaded.pixels, loaded.capture
    optics = None if capture is None else capture.optics
    known, source = _scale(file, loaded, how)
    mine = _Neighbour(pixels, capture, known)
    quality = image_quality(pixels)
    seen = quality.sharpness
    min_width_px = _smallest_px(quality)
    tilt = _tilt(capture)
    mm_per_px = None if known is None else known.mm_per_px
    overlap, overlap_by = (None, None) if before is None else _overlap(before, mine)
    unusable = usability(pixels, UsabilityLimits())
    check = ImageCheck(
        image=file.name,
        path=str(file),
        size_px=mine.size_px,
        min_width_px=None if unusable else round(min_width_px, 2),
        min_width_mm=None
        if unusable or mm_per_px is None
        else round(min_width_px * mm_per_px / math.cos(math.radians(min(tilt or 0.0, 80.0))), 4),
        mm_per_px=mm_per_px,
        scale_source=source,
        tilt_deg=tilt,
        blur_px=None if seen.blur_px is None else round(seen.blur_px, 2),
        motion=seen.moved,
        noise_levels=round(seen.noise_levels, 2),
        smoothed=seen.smoothed,
        brightness=quality.brightness,
        white_fraction=round(quality.white_fraction, 4),
        black_fraction=round(quality.black_fraction, 4),
        f_number=None if optics is None else optics.f_number,
        iso=None if optics is None else optics.iso,
        exposure_s=None if optics is None else optics.exposure_s,
        overlap=None if overlap is None else round(overlap, 3),
        overlap_by=overlap_by,
        error=None if unusable is None else f"{unusable[0].upper()}{unusable[1:]}.",
    )
    return check.model_copy(update={"problems": _problems(check, quality)}), mine


def _problems(check: ImageCheck, quality: ImageQuality) -> tuple[Problem, ...]:
    wrong: dict[Problem, bool] = {
        **dict.fromkeys(quality.problems, True),
        "unusable": check.error is not None,
        "tilted": (check.tilt_deg or 0.0) > MAX_TILT_DEG,
        "little overlap": check.overlap is not None and check.overlap < MIN_OVERLAP,
        "no scale": check.mm_per_px is None,
        "high ISO": (check.iso or 0.0) > MAX_ISO,
    }
    return tuple(problem for problem in PROBLEMS if wrong.get(problem))


def _smallest_px(quality: ImageQuality) -> float:
    seen, brightness = quality.sharpness, quality.brightness
    blur = _USUAL_BLUR_PX if seen.blur_px is None else seen.blur_px
    smallest = smallest_trusted_px(blur, seen.noise_levels / max(brightness, 1.0))
    return max(smallest, _MIN_SMOOTHED_PX) if seen.smoothed else smallest


def _scale(file: Path, loaded: LoadedImage, how: Scale | ScalePerImage) -> tuple[Scale | None, str]:
    """The image's scale, and where it comes from, or why there is none."""
    if isinstance(how, Scale):
        return how, how.source
    try:
        scale = how.of(Seen(loaded.pixels, file.name, str(file), loaded.capture))
    except SettingsError as error:
        return None, str(error)
    return scale, scale.source


def _tilt(capture: Capture | None) -> float | None:
    """Between the view and straight on, to ground or wall, whichever is nearer; None where no gimbal says."""
    optics = None if capture is None else capture.optics
    if optics is None or optics.tilt_deg is None:
        return None
    return round(min(abs(optics.tilt_deg + 90.0), abs(optics.tilt_deg)), 2)


def _overlap(before: _Neighbour, mine: _Neighbour) -> tuple[float | None, Literal["content", "position"] | None]:
    """Which fraction of an image its neighbour shows, and what tells it."""
    by_content = _overlap_by_content(before, mine)
    if by_content is not None:
        return by_content, "content"
    by_position = _overlap_by_position(before, mine)
    return by_position, None if by_position is None else "position"


def _overlap_by_content(before: _Neighbour, mine: _Neighbour) -> float | None:
    try:
        found = register_images(before.small, mine.small)
    except DataError:
        return None
    height, width = mine.small.shape
    own = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    rows, columns = before.small.shape
    corners = np.array([[0.0, 0.0], [columns, 0.0], [columns, rows], [0.0, rows]])
    shown = project(np.array(found.matrix), corners).astype(np.float32)
    area, _ = cv2.intersectConvexConvex(shown, own)
    return float(min(1.0, area / (width * height)))


def _overlap_by_position(before: _Neighbour, mine: _Neighbour) -> float | None:
    """By where both were taken, for cameras that looked straight down; as if they flew along the shorter side."""
    captures = (before.capture, mine.capture)
    places = [None if capture is None else capture.position for capture in captures]
    if mine.scale is None or places[0] is None or places[1] is None:
        return None
    if not all(
        capture is not None and capture.optics is not None and looks_down(capture.optics) for capture in captures
    ):
        return None
    (north, east), (next_north, next_east) = places[0], places[1]
    across = math.cos(math.radians(north))
    apart_m = math.hypot(next_north - north, (next_east - east) * across) * _METRES_PER_DEGREE
    return float(max(0.0, 1.0 - apart_m * 1000 / (mine.scale.mm_per_px * min(mine.size_px))))


def _row(check: ImageCheck) -> dict[str, Any]:
    width_px, height_px = check.size_px or (None, None)
    record = check.model_dump(mode="json") | {"problems": "; ".join(check.problems)}
    return {name: record.get(name) for name in _COLUMNS} | {"width_px": width_px, "height_px": height_px}
