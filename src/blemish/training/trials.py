"""Trying a detector on held-out training images: normal ones, the same with painted defects, and labelled defects."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, Sample, hold_out
from blemish.datasets.fingerprint import relative_name
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.evaluation import auroc
from blemish.synthesis.painted_defects import paint_defect
from blemish.training.splits import normal_training_samples

MIN_NORMALS = 10
"""Normal training images below which nothing can be tried."""
MIN_DEFECTS = 10
"""Held-out labelled defects from which on they decide in place of painted ones."""

_HELD_OUT_FRACTION = 0.3
# Enough to rank methods by, and it bounds the time that a trial takes.
_MAX_TO_FIT = 200
_MAX_TO_TRY = 100


@dataclass(frozen=True, slots=True)
class TrialImages:
    """The training images of a data set, split for trials.

    Attributes:
        fit: what candidates are trained on, all in the training split: normal images and labelled defects.
        normal: held-out normal images; each is also tried with a painted defect.
        defects: held-out labelled defects; may be empty.
    """

    fit: Dataset
    normal: tuple[Sample, ...]
    defects: tuple[Sample, ...]

    @property
    def real(self) -> bool:
        """Whether labelled defects decide, rather than painted ones."""
        return len(self.defects) >= MIN_DEFECTS

    def describe(self) -> str:
        """What is tried on what, in a sentence."""
        fitted = sum(1 for sample in self.fit.samples if not sample.defective)
        shown = len(self.fit) - fitted
        tried = f"{len(self.defects)} labelled defects" if self.real else "the same with painted defects"
        return (
            f"Trained on {fitted} normal images and {shown} labelled defects of the training split, "
            f"tried on {len(self.normal)} other normal ones and {tried}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a detector did.

    Attributes:
        normal: scores of normal images, float64 (n,).
        painted: scores of the same with painted defects, (n,).
        defects: scores of labelled defects, (m,).
        score_ms: median time for one image, without decoding.
    """

    normal: NDArray[np.float64]
    painted: NDArray[np.float64]
    defects: NDArray[np.float64]
    score_ms: float

    def pairs(self, *, real: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Scores, and which of them are of defects, labelled or painted ones."""
        bad = self.defects if real else self.painted
        return np.concatenate([self.normal, bad]), np.arange(len(self.normal) + len(bad)) >= len(self.normal)

    def auroc(self, *, real: bool) -> float | None:
        """Against labelled or painted defects; None without any."""
        return auroc(*self.pairs(real=real))


def split_for_trials(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> TrialImages:
    """Hold out three tenths of the training images to try detectors on; the test split is never opened.

    Raises:
        DataError: too few normal images.
    """
    known = normal_training_samples(dataset, seed=seed, say=say)
    known = known.where(lambda sample: sample.defective is not None)
    train = replace(known, samples=tuple(replace(sample, split="train") for sample in known.samples))
    count = sum(1 for sample in train.samples if not sample.defective)
    if count < MIN_NORMALS:
        raise DataError(
            f'"{dataset.root}" has {count} normal training images, too few to try methods on; at least {MIN_NORMALS} '
            'are needed, or name one method to train ("blemish methods" lists them).'
        )
    fit, held_out = hold_out(train, _HELD_OUT_FRACTION, seed)
    fitted = (*_spread(fit, False, _MAX_TO_FIT), *_spread(fit, True, _MAX_TO_FIT))
    return TrialImages(
        fit=replace(fit, samples=fitted),
        normal=_spread(held_out, False, _MAX_TO_TRY),
        defects=_spread(held_out, True, _MAX_TO_TRY),
    )


def try_out(detector: Detector, images: TrialImages) -> Outcome:
    """Score the held-out images, and normal ones again with a painted defect each, the same for every detector."""
    normal, painted, times = [], [], []
    for sample in images.normal:
        pixels = sample.read_image()
        started = time.perf_counter()
        normal.append(detector.score(pixels)[0])
        times.append(time.perf_counter() - started)
        # Seeded by its name, so that an image gets the same defect whatever else is tried.
        name = hashlib.sha256(relative_name(images.fit, sample).encode()).digest()
        rng = np.random.default_rng(int.from_bytes(name[:8], "big"))
        painted.append(detector.score(paint_defect(pixels, rng)[0])[0])
    defects = [detector.score(sample.read_image())[0] for sample in images.defects]
    return Outcome(np.array(normal), np.array(painted), np.array(defects, float), 1000 * statistics.median(times))


def _spread(dataset: Dataset, defective: bool, limit: int) -> tuple[Sample, ...]:
    """At most so many images of one kind, evenly spaced in their order."""
    kind = [sample for sample in dataset.samples if sample.defective is defective]
    return tuple(kind[:: -(-len(kind) // limit)] if kind else ())
