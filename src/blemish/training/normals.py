"""Learning from sound photos alone: which of them teach, and what those set aside say about thresholds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from blemish.calibration import marginal_threshold, pixel_threshold
from blemish.calibration.scores import just_above
from blemish.datasets import Dataset, hold_out
from blemish.detectors import Calibration, Detector, Thresholds
from blemish.errors import BlemishError, DataError
from blemish.images import read_image
from blemish.training.choosing import Parts, readable_photos, training_split

_ASIDE_SHARE = 0.2
# With fewer than this, a photo set aside costs the memory more than it tells about thresholds.
_MIN_TO_SET_ASIDE = 5
# The least number set aside that supports "on average at most one good photo in twenty" (1 / (19 + 1)).
_ALPHA = 0.05
# Without enough photos for a promise, thresholds stand this much above the highest score of a photo set aside.
_MARGIN = 1.1


def deal_normal_photos(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """The sound training photos: four fifths teach, the others choose thresholds and calibrate.

    Defective photos are left out: this kind of method never sees one. Photos that say neither are taken for sound
    where none of the training photos is known to be defective, as in a plain folder of good photos.

    Raises:
        DataError: no sound photo.
    """
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


def thresholds_from_normals(detector: Detector, aside: Dataset) -> tuple[Thresholds, Calibration | None]:
    """Thresholds and p-values from sound photos that the method has not learned from.

    With 19 photos or more, thresholds keep the promise of `blemish.calibration.marginal_threshold` at 5 %: on average,
    at most one good photo in twenty is rejected, and at most one shows any outline. With fewer, they stand a tenth
    above what was seen, and promise nothing.
    """
    scores, maxima = [], []
    for sample in aside.samples:
        score, heat_map = detector.score(read_image(Path(sample.path)))
        scores.append(score)
        if heat_map is not None:
            maxima.append(float(heat_map.max()))
    if not scores:
        return Thresholds(source="none: too few sound photos to set any aside"), None
    pixel = None
    try:
        promise = marginal_threshold(np.asarray(scores), _ALPHA)
        if maxima:
            pixel = pixel_threshold(np.asarray(maxima), _ALPHA, None).threshold
        reject, source = promise.threshold, promise.describe()
    except BlemishError:
        reject = just_above(_MARGIN * max(scores))
        pixel = just_above(_MARGIN * max(maxima)) if maxima else None
        source = f"a tenth above the highest of {len(scores)} sound photos set aside; no promise"
    calibration = Calibration(
        scores=tuple(sorted(scores)), source=f"{len(scores)} sound photos of {aside.name}, unseen in training"
    )
    return Thresholds(pixel=pixel, reject=reject, source=source), calibration
