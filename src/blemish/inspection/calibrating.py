"""Giving a detector a promise: thresholds from normal photos that it has never seen, without training it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from blemish.calibration import Promise, bands, image_maxima, pixel_threshold
from blemish.datasets import Dataset, Sample, photo_digests
from blemish.detectors import Calibration, Detector, Thresholds
from blemish.detectors.runtime import Precision
from blemish.errors import DataError
from blemish.inspection.stream import inspect_stream

# Without another wish, the review band takes five times as many good photos as the reject band.
_REVIEW_FACTOR = 5.0


def calibrate(
    detector: Detector,
    normals: Sequence[Path],
    *,
    alpha: float = 0.01,
    confidence: float | None = 0.95,
    review_alpha: float | None = None,
    pixels: bool = False,
    say: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[], None] = lambda: None,
) -> Detector:
    """The same detector with thresholds and p-values from normal photos.

    Args:
        detector: any; its graph stays as it is.
        normals: photos of sound surfaces, each of another part, that did not train the detector.
        alpha: at most this share of good photos will be rejected.
        confidence: with which that holds for this calibration; None: on average over calibrations only.
        review_alpha: at most this share will be rejected or sent to review; None takes five times ``alpha``.
        pixels: also set the pixel threshold, so that at most ``alpha`` of good photos show any outline at all.
        say: told what was left out.
        on_progress: called after every photo.

    Raises:
        DataError: a photo trained the detector, or none can be read.
        TooFewImagesError: the message gives the number that the promise needs.
        SettingsError: a share outside (0, 1), or pixels wanted of a detector without a map.
    """
    photos = _distinct(detector, normals, say)
    scores: list[float] = []
    maxima: list[float] = []
    for _, found in inspect_stream(detector, photos):
        on_progress()
        if found.score is None:
            say(f"Left out: {found.error}")
            continue
        scores.append(found.score)
        if pixels and found.heat_map is not None:
            maxima += image_maxima([found.heat_map]).tolist()
    if review_alpha is None:
        review_alpha = max(alpha, min(0.5, _REVIEW_FACTOR * alpha))
    promised = bands(np.asarray(scores), reject_alpha=alpha, review_alpha=review_alpha, confidence=confidence)
    update: dict[str, object] = {
        "reject": promised.reject.threshold,
        "review": promised.review.threshold,
        "source": f"reject: {promised.reject.describe()} Review: {promised.review.describe()}",
    }
    if pixels:
        if not maxima:
            raise DataError("This detector gives no heat map, so it has no pixel threshold to calibrate.")
        update |= _pixel_update(detector.spec.thresholds, pixel_threshold(np.asarray(maxima), alpha, confidence))
    thresholds = Thresholds.model_validate(detector.spec.thresholds.model_dump() | update)
    calibration = Calibration(scores=tuple(sorted(scores)), source=_source(len(scores), detector.precision))
    spec = detector.spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})
    return detector.with_spec(spec)


def _pixel_update(before: Thresholds, promised: Promise) -> dict[str, object]:
    """Thresholds under which no pixel below the promised one is outlined, of whatever class."""
    peak = None if before.peak is None else max(before.peak, promised.threshold)
    return {"pixel": promised.threshold, "peak": peak, "by_class": ()}


def _source(count: int, precision: Precision) -> str:
    """Which scores calibrated; those of another precision than every runtime's default are said to be."""
    computed = "" if precision == "float32" else f", computed in {precision}"
    return f"{count} normal photos given to calibrate{computed}"


def _distinct(detector: Detector, normals: Sequence[Path], say: Callable[[str], None]) -> list[Path]:
    """The photos without copies of one another, once none of them is known to have trained the detector."""
    samples = tuple(Sample(path, "normal", defective=False) for path in normals)
    digests = photo_digests(Dataset("normals", Path(), "photos", samples, ()))
    known = frozenset(detector.spec.provenance.photos)
    seen = [path for path, digest in zip(normals, digests, strict=True) if digest in known]
    if seen:
        raise DataError(
            f'{len(seen)} of these {len(normals)} photos trained the detector, "{seen[0]}" is one; '
            "a promise needs photos that it has never seen."
        )
    first = dict(zip(reversed(digests), reversed(normals), strict=True))
    if len(first) < len(normals):
        say(f"{len(normals) - len(first)} copies of other photos are left out.")
    return [path for path, digest in zip(normals, digests, strict=True) if first[digest] == path]
