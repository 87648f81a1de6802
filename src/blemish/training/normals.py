"""Learning from normal images alone: which of them teach, and what those set aside say about thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from blemish.calibration import marginal_threshold
from blemish.calibration.scores import just_above
from blemish.datasets import Dataset, hold_out, with_known_normals
from blemish.detectors import Calibration, Detector, Thresholds
from blemish.errors import DataError
from blemish.images import read_image
from blemish.training.choosing import Parts, readable_images, training_split

_HELD_OUT_FRACTION = 0.2
# With fewer than this, an image set aside costs the memory more than it tells about thresholds.
_MIN_TO_HOLD_OUT = 5
# "On average at most one normal image in twenty is flagged"; fewer than 19 images support one in n + 1.
_ALPHA = 0.05


def normal_training_split(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Dataset:
    """The readable training samples with their truth settled, for methods that learn from normal images.

    Where the layout fixes no split a fifth is kept for testing, except of normal images alone, which could test
    nothing: all of those train.

    Raises:
        DataError: no training images, or nothing tells which of them are normal.
    """
    known = with_known_normals(dataset)
    if not any(sample.defective or sample.split for sample in known.samples):
        known = replace(known, samples=tuple(replace(sample, split="train") for sample in known.samples))
    return readable_images(training_split(known, seed=seed, say=say), say=say)


def split_normal_images(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """The normal training images: four fifths train, the others choose thresholds and calibrate.

    Images that are defective by `blemish.datasets.is_defective`, or of unknown truth, are left out: this kind of
    method never sees one.

    Raises:
        DataError: no normal image, or nothing tells which images are normal.
    """
    train = normal_training_split(dataset, seed=seed, say=say)
    normal = train.where(lambda sample: sample.defective is False)
    if len(normal) < len(train):
        say(f"{len(train) - len(normal)} training images that are defective or unknown are left out.")
    return _normal_parts(normal, seed=seed, say=say)


def split_few_labels(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """As `split_normal_images`, and the labelled defects of the training images train beside the normal ones.

    Thresholds and p-values still come from normal images alone. A defect that shares its group with a held-out normal
    image is left out.

    Raises:
        DataError: no normal image, or a mask that does not fit its image.
    """
    train = normal_training_split(dataset, seed=seed, say=say)
    defects = train.where(lambda sample: sample.defective is True)
    if not defects.samples:
        return split_normal_images(dataset, seed=seed, say=say)
    parts = _normal_parts(train.where(lambda sample: sample.defective is False), seed=seed, say=say)
    held_out = {sample.group for sample in parts.held_out.samples if sample.group}
    apart = tuple(sample for sample in defects.samples if sample.group not in held_out)
    with_masks = sum(1 for sample in apart if sample.masks)
    say(f"{len(apart)} labelled defects train too, {with_masks} of them with masks.")
    return replace(parts, fit=replace(parts.fit, samples=(*parts.fit.samples, *apart)))


def _normal_parts(normal: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """Normal images, some of them held out where there are enough."""
    if not normal.samples:
        raise DataError(f'"{normal.root}" has no readable normal training images, and this method needs them.')
    nothing = normal.where(lambda _: False)
    if len(normal) < _MIN_TO_HOLD_OUT:
        say(f"{len(normal)} normal images are too few to set any aside: the detector gets no thresholds.")
        return Parts(normal, nothing, nothing)
    fit, aside = hold_out(normal, _HELD_OUT_FRACTION, seed)
    return Parts(fit, aside, nothing)


def thresholds_from_normals(detector: Detector, aside: Dataset) -> tuple[Thresholds, Calibration | None]:
    """Thresholds and p-values from normal images that the method has not learned from.

    Thresholds keep the guarantee of `blemish.calibration.marginal_threshold`: on average, at most one normal image in
    twenty is rejected, and at most one shows any outline; with n < 19 images at most one in n + 1.
    """
    scores, maxima = [], []
    for sample in aside.samples:
        score, anomaly_map = detector.score(read_image(Path(sample.path)))
        scores.append(score)
        if anomaly_map is not None:
            maxima.append(float(anomaly_map.max()))
    if not scores:
        return Thresholds(source="none: too few normal images to set any aside"), None
    alpha = max(_ALPHA, 1 / (len(scores) + 1))
    reject, source = _guaranteed(scores, alpha)
    pixel = _guaranteed(maxima, alpha)[0] if maxima else None
    calibration = Calibration(
        scores=tuple(sorted(scores)), source=f"{len(scores)} normal images of {aside.name}, unseen in training"
    )
    return Thresholds(pixel=pixel, reject=reject, source=source), calibration


def _guaranteed(scores: list[float], alpha: float) -> tuple[float, str]:
    """The threshold, and its guarantee in words."""
    if len(set(scores)) == 1:
        return just_above(scores[0]), f"just above the one score of {len(scores)} normal images set aside; no guarantee"
    guarantee = marginal_threshold(np.asarray(scores), alpha)
    return guarantee.threshold, guarantee.describe()
