"""Learning from sound photos alone: which of them teach, and what those set aside say about thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from blemish.calibration import marginal_threshold
from blemish.calibration.scores import just_above
from blemish.datasets import Dataset, Sample, hold_out
from blemish.detectors import Calibration, Detector, Thresholds
from blemish.errors import DataError, ImageError
from blemish.images import image_size_px, read_image
from blemish.training.choosing import Parts, readable_photos, training_split

_ASIDE_SHARE = 0.2
# With fewer than this, a photo set aside costs the memory more than it tells about thresholds.
_MIN_TO_SET_ASIDE = 5
# "On average at most one good photo in twenty is flagged"; fewer than 19 photos support one in n + 1.
_ALPHA = 0.05


def deal_normal_photos(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """The sound training photos: four fifths teach, the others choose thresholds and calibrate.

    Defective photos are left out: this kind of method never sees one. Photos that say neither are taken for sound
    where none of the training photos is known to be defective, as in a plain folder of good photos.

    Raises:
        DataError: no sound photo.
    """
    if dataset.samples and not any(sample.defective or sample.split for sample in dataset.samples):
        # A folder of good photos alone could test nothing: all of them teach.
        dataset = replace(dataset, samples=tuple(replace(sample, split="train") for sample in dataset.samples))
    train = readable_photos(training_split(dataset, seed=seed, say=say), say=say)
    known = train.where(lambda sample: sample.defective is False or sample.masks == ())
    normal = known if known.samples or any(sample.defective for sample in train.samples) else train
    if not normal.samples:
        raise DataError(
            f'"{dataset.root}" has no sound training photos, and this method learns from them alone; '
            'put them into a folder called "good".'
        )
    if len(normal) < len(train):
        say(f"{len(train) - len(normal)} training photos that are defective or unknown are left out.")
    nothing = normal.where(lambda _: False)
    if len(normal) < _MIN_TO_SET_ASIDE:
        say(f"{len(normal)} sound photos are too few to set any aside: the detector gets no thresholds.")
        return Parts(normal, nothing, nothing)
    fit, aside = hold_out(normal, _ASIDE_SHARE, seed)
    return Parts(fit, aside, nothing)


def deal_few_labels(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """As `deal_normal_photos`, and the labelled defects of the training photos teach beside the sound ones.

    Thresholds and p-values still come from sound photos alone. A defect that shares its group with a sound photo set
    aside is left out.

    Raises:
        DataError: no sound photo, or a mask that does not fit its photo.
    """
    dataset = replace(dataset, samples=tuple(with_truth(sample) for sample in dataset.samples))
    if not any(sample.defective for sample in dataset.samples):
        return deal_normal_photos(dataset, seed=seed, say=say)
    parts = deal_normal_photos(dataset, seed=seed, say=lambda _: None)
    train = readable_photos(training_split(dataset, seed=seed, say=say), say=say)
    aside = {sample.group for sample in parts.held_out.samples if sample.group}
    defects = tuple(sample for sample in train.samples if sample.defective and sample.group not in aside)
    with_masks = sum(1 for sample in defects if sample.masks)
    say(f"{len(defects)} labelled defects teach too, {with_masks} of them with masks.")
    return replace(parts, fit=replace(parts.fit, samples=(*parts.fit.samples, *defects)))


def with_truth(sample: Sample) -> Sample:
    """Where only the mask of a training photo can tell whether it is sound, ask it."""
    if sample.split == "test" or sample.defective is not None or not sample.masks:
        return sample
    try:
        size_px = image_size_px(sample.path)
    except ImageError:
        return sample
    return replace(sample, defective=bool(sample.read_mask(*size_px).any()))


def thresholds_from_normals(detector: Detector, aside: Dataset) -> tuple[Thresholds, Calibration | None]:
    """Thresholds and p-values from sound photos that the method has not learned from.

    Thresholds keep the promise of `blemish.calibration.marginal_threshold`: on average, at most one good photo in
    twenty is rejected, and at most one shows any outline; with n < 19 photos at most one in n + 1.
    """
    scores, maxima = [], []
    for sample in aside.samples:
        score, heat_map = detector.score(read_image(Path(sample.path)))
        scores.append(score)
        if heat_map is not None:
            maxima.append(float(heat_map.max()))
    if not scores:
        return Thresholds(source="none: too few sound photos to set any aside"), None
    alpha = max(_ALPHA, 1 / (len(scores) + 1))
    reject, source = _promised(scores, alpha)
    pixel = _promised(maxima, alpha)[0] if maxima else None
    calibration = Calibration(
        scores=tuple(sorted(scores)), source=f"{len(scores)} sound photos of {aside.name}, unseen in training"
    )
    return Thresholds(pixel=pixel, reject=reject, source=source), calibration


def _promised(scores: list[float], alpha: float) -> tuple[float, str]:
    """The threshold, and its promise in words."""
    if len(set(scores)) == 1:
        return just_above(scores[0]), f"just above the one score of {len(scores)} sound photos set aside; no promise"
    promise = marginal_threshold(np.asarray(scores), alpha)
    return promise.threshold, promise.describe()
