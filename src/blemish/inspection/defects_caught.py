"""What fraction of defects a calibrated detector catches, from images of some: a bound, or a guarantee."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.calibration import Recall, recall_at, recall_threshold
from blemish.datasets import list_defective_images
from blemish.detectors import Detector, Thresholds, source_of
from blemish.errors import DataError
from blemish.images import BitRange, ReadOptions, range_warning
from blemish.inspection.progress import Say
from blemish.inspection.stream import inspect_stream

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class CaughtDefects:
    """What the given defects say.

    Attributes:
        rejected: of the fraction that is rejected; None without a threshold for it.
        flagged: of the fraction that is rejected or sent to review; None without a review band.
    """

    rejected: Recall | None
    flagged: Recall | None

    def sentences(self) -> list[str]:
        """For a person."""
        named = (("Rejected", self.rejected), ("Rejected or sent to review", self.flagged))
        return [f"{name}: {recall.describe()}" for name, recall in named if recall is not None]


def scores_of_defects(
    detector: Detector, data: Iterable[Path | str], normals: frozenset[Path], options: ReadOptions, say: Say
) -> list[float]:
    """Raw scores of images of defects.

    Args:
        detector: without calibration.
        data: images, or folders of them; of a labelled data set the defective ones are taken.
        normals: images that were given as normal ones.
        options: how images are read.
        say: told what was left out.

    Raises:
        DataError: an image was given as a normal one too, or none can be judged.
    """
    listed = list_defective_images(data)
    for note in listed.notes:
        say(note)
    both = [path for path in listed.paths if path.resolve() in normals]
    if both:
        raise DataError(f'"{both[0]}" is given as a normal image and as a defect; which is it?')
    scores: list[float] = []
    likely: list[BitRange | None] = []
    for path, found in zip(listed.paths, inspect_stream(detector, map(source_of, listed.paths), options), strict=True):
        likely += [] if found.score is None else [found.finding.likely_range]
        if found.score is None:
            say(f"Left out: {found.error}")
        elif found.verdict == "unusable":
            say(f'Left out: "{path}" is {"; ".join(found.notes)}.')
        else:
            scores.append(found.score)
    if (warning := range_warning(likely)) is not None:
        say(f"Images of defects: {warning}")
    if not scores:
        raise DataError("None of the images of defects can be judged.")
    return scores


def judged(detector: Detector, raw: Sequence[float]) -> NDArray[np.float64]:
    """Raw scores as the calibrated detector decides by them, float64 (n,)."""
    calibration = detector.spec.calibration
    values = np.asarray(raw, np.float64)
    return values if calibration is None else calibration.judged(values)[0]


def with_recall(
    detector: Detector, raw: Sequence[float], recall: float, confidence: float | None, of_review: str
) -> Detector:
    """The detector with a review band that begins low enough to flag at least ``recall`` of such defects.

    Args:
        detector: calibrated.
        raw: scores of the defects.
        recall: wanted, in (0, 1).
        confidence: in (0, 1); None: 0.95.
        of_review: what is guaranteed about normal images in the review band as it is; a wider one guarantees none.

    Raises:
        TooFewImagesError: so few defects can guarantee no such fraction.
    """
    limits, calibration = detector.spec.thresholds, detector.spec.calibration
    caught = recall_threshold(judged(detector, raw), recall, confidence or _CONFIDENCE)
    begins = [one for one in (limits.review, limits.reject) if one is not None]
    review = min([caught.threshold, *begins])
    said = f"Rejected or sent to review: {caught.describe()}"
    if review == min(begins, default=None):
        said = f"{of_review} {said}"
    elif calibration is not None:
        flagged = np.count_nonzero(judged(detector, calibration.scores) >= review)
        said += f" For that, {flagged} of {len(calibration.scores)} calibration images are flagged; no rate of normal"
        said += " images in review is guaranteed."
    update = limits.model_dump() | {"review": review, "source": f"{limits.source} {said}"}
    return detector.with_spec(detector.spec.model_copy(update={"thresholds": Thresholds.model_validate(update)}))


def caught_defects(
    detector: Detector, raw: Sequence[float], confidence: float | None, recall: float | None
) -> CaughtDefects:
    """What the defects say about a calibrated detector; where they chose the review band, what that guarantees."""
    limits, scores = detector.spec.thresholds, judged(detector, raw)
    level = confidence or _CONFIDENCE
    rejected = None if limits.reject is None else recall_at(scores, limits.reject, level)
    if recall is not None:
        return CaughtDefects(rejected, recall_threshold(scores, recall, level))
    return CaughtDefects(rejected, None if limits.review is None else recall_at(scores, limits.review, level))
