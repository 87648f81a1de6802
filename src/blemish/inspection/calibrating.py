"""Giving a detector a guarantee: thresholds from normal images that it has never seen, without training it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blemish.calibration import Guarantee, bands, image_maxima, pixel_threshold
from blemish.datasets import Dataset, Sample, image_digests
from blemish.detectors import Calibration, Detector, Thresholds, source_of
from blemish.detectors.runtime import Precision
from blemish.errors import DataError
from blemish.images import ReadOptions, range_warning
from blemish.images.options import DEFAULT_OPTIONS
from blemish.inspection.stream import inspect_stream

# Without another wish, the review band takes five times as many normal images as the reject band.
_REVIEW_FACTOR = 5.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the detector said about a normal image: its score, and the maximum of its map where it is wanted."""

    image: Path
    score: float
    maximum: float | None


def calibrate(
    detector: Detector,
    normals: Sequence[Path],
    *,
    alpha: float = 0.01,
    confidence: float | None = 0.95,
    review_alpha: float | None = None,
    pixels: bool = False,
    options: ReadOptions = DEFAULT_OPTIONS,
    say: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[], None] = lambda: None,
) -> Detector:
    """The same detector with thresholds and p-values from normal images.

    Args:
        detector: any; its graph stays as it is.
        normals: images of normal surfaces, each of another part, that did not train the detector.
        alpha: at most this fraction of normal images will be rejected.
        confidence: with which that holds for this calibration; None: on average over calibrations only.
        review_alpha: at most this fraction will be rejected or sent to review; None takes five times ``alpha``.
        pixels: also set the pixel threshold, so that at most ``alpha`` of normal images show any outline at all.
        options: how files are read. A bit range is kept in the result; without one the detector's own counts.
        say: told what was left out.
        on_progress: called after every image.

    Raises:
        DataError: an image trained the detector, or none can be read.
        TooFewImagesError: the message gives the number that the guarantee needs.
        SettingsError: a fraction outside (0, 1), or pixels wanted of a detector without a map.
    """
    detector = _reading_as(detector, options)
    answers = _answers(detector, normals, pixels, options, say, on_progress)
    return _calibrated(detector, answers, alpha, confidence, review_alpha, pixels)


def calibrate_groups(
    detector: Detector,
    normals: Mapping[Path, str | None],
    *,
    alpha: float = 0.01,
    confidence: float | None = 0.95,
    review_alpha: float | None = None,
    pixels: bool = False,
    options: ReadOptions = DEFAULT_OPTIONS,
    say: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[], None] = lambda: None,
) -> tuple[Detector, dict[str, Detector]]:
    """The same detector calibrated for each camera, line or lot by itself, and for all of them together.

    The guarantee of all together speaks of their mixture; a group's own speaks of that group.

    Args:
        detector: any.
        normals: the group of each normal image; None where it is unknown, which counts in the common calibration alone.
        alpha, confidence, review_alpha, pixels, options, on_progress: as `calibrate`.
        say: also told which groups have too few images for a guarantee of their own.

    Returns:
        The detector calibrated with all images, and one for each group that has images enough.

    Raises:
        DataError, TooFewImagesError, SettingsError: as `calibrate`, of all images together.
    """
    detector = _reading_as(detector, options)
    answers = _answers(detector, list(normals), pixels, options, say, on_progress)
    common = _calibrated(detector, answers, alpha, confidence, review_alpha, pixels)
    members: dict[str, list[_Answer]] = {}
    for answer in answers:
        group = normals[answer.image]
        if group is not None:
            members.setdefault(group, []).append(answer)
    own: dict[str, Detector] = {}
    for group, of_group in members.items():
        try:
            own[group] = _calibrated(detector, of_group, alpha, confidence, review_alpha, pixels)
        except DataError as error:
            say(f'Group "{group}" gets no calibration of its own: {error}')
    return common, own


def _answers(
    detector: Detector,
    normals: Sequence[Path],
    pixels: bool,
    options: ReadOptions,
    say: Callable[[str], None],
    on_progress: Callable[[], None],
) -> list[_Answer]:
    images = _distinct(detector, normals, say)
    answers: list[_Answer] = []
    likely, outlined = [], 0
    for image, found in zip(images, inspect_stream(detector, map(source_of, images), options), strict=True):
        on_progress()
        if found.score is None:
            say(f"Left out: {found.error}")
            continue
        if found.verdict == "unusable":
            say(f'Left out: "{image}" is {"; ".join(found.notes)}.')
            continue
        outlined += bool(found.regions)
        maximum = None
        if pixels and found.anomaly_map is not None:
            maximum = float(image_maxima([found.anomaly_map])[0])
        answers.append(_Answer(image, found.score, maximum))
        likely.append(found.finding.likely_range)
    if (warning := range_warning(likely)) is not None:
        say(warning)
    if outlined and not pixels:
        say(
            f"{outlined} of {len(answers)} normal images have an outline and go to review for that, whatever their "
            "score; --pixels guarantees how many do."
        )
    return answers


def _reading_as(detector: Detector, options: ReadOptions) -> Detector:
    """The detector with the bit range that is asked for, if one is."""
    read = detector.spec.input.model_copy(update={"bit_range": detector.read_options(options).bit_range})
    return detector.with_spec(detector.spec.model_copy(update={"input": read}))


def _calibrated(
    detector: Detector,
    answers: Sequence[_Answer],
    alpha: float,
    confidence: float | None,
    review_alpha: float | None,
    pixels: bool,
) -> Detector:
    scores = [answer.score for answer in answers]
    if review_alpha is None:
        review_alpha = max(alpha, min(0.5, _REVIEW_FACTOR * alpha))
    guaranteed = bands(np.asarray(scores), reject_alpha=alpha, review_alpha=review_alpha, confidence=confidence)
    update: dict[str, object] = {
        "reject": guaranteed.reject.threshold,
        "review": guaranteed.review.threshold,
        "source": f"reject: {guaranteed.reject.describe()} Review: {guaranteed.review.describe()}",
    }
    if pixels:
        maxima = [answer.maximum for answer in answers if answer.maximum is not None]
        if not maxima:
            raise DataError("This detector gives no anomaly map, so it has no pixel threshold to calibrate.")
        update |= _pixel_update(detector.spec.thresholds, pixel_threshold(np.asarray(maxima), alpha, confidence))
    thresholds = Thresholds.model_validate(detector.spec.thresholds.model_dump() | update)
    calibration = Calibration(scores=tuple(sorted(scores)), source=_source(len(scores), detector.precision))
    spec = detector.spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})
    return detector.with_spec(spec)


def _pixel_update(before: Thresholds, guaranteed: Guarantee) -> dict[str, object]:
    """Thresholds under which no pixel below the guaranteed one is outlined, of whatever class."""
    peak = None if before.peak is None else max(before.peak, guaranteed.threshold)
    return {"pixel": guaranteed.threshold, "peak": peak, "by_class": ()}


def _source(count: int, precision: Precision) -> str:
    """Which scores calibrated; those of another precision than every runtime's default are said to be."""
    computed = "" if precision == "float32" else f", computed in {precision}"
    return f"{count} normal images given to calibrate{computed}"


def _distinct(detector: Detector, normals: Sequence[Path], say: Callable[[str], None]) -> list[Path]:
    """The images without copies of one another, once none of them is known to have trained the detector."""
    samples = tuple(Sample(path, "normal", defective=False) for path in normals)
    digests = image_digests(Dataset("normals", Path(), "images", samples, ()))
    known = frozenset(detector.spec.provenance.images)
    seen = [path for path, digest in zip(normals, digests, strict=True) if digest in known]
    if seen:
        raise DataError(
            f'{len(seen)} of these {len(normals)} images trained the detector, "{seen[0]}" is one; '
            "a guarantee needs images that it has never seen."
        )
    first = dict(zip(reversed(digests), reversed(normals), strict=True))
    if len(first) < len(normals):
        say(f"{len(normals) - len(first)} copies of other images are left out.")
    return [path for path, digest in zip(normals, digests, strict=True) if first[digest] == path]
