"""Trying a detector on training images that it has not learned from: good ones, painted ones, and labelled defects."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, Sample, hold_out
from blemish.datasets.fingerprint import relative_name
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.evaluation import auroc
from blemish.images import read_image
from blemish.synthesis.painted_defects import paint_defect
from blemish.training.normals import normal_training_split

MIN_GOOD = 10
"""Good training images below which nothing can be tried."""
MIN_DEFECTS = 10
"""Labelled defects in a trial from which on they count in place of painted ones."""

_HELD_OUT_FRACTION = 0.3
# Enough to rank methods by, and it bounds the time that a trial takes.
_MAX_TO_FIT = 200
_MAX_TO_TRY = 100


@dataclass(frozen=True, slots=True)
class TrialImages:
    """The training images of a data set, dealt out for trials.

    Attributes:
        teach: what candidates learn from, all in the training split: normal images and labelled defects.
        good: normal images that they do not see; each is also tried with a painted defect.
        defects: labelled defects that they do not see; may be empty.
    """

    fit: Dataset
    good: tuple[Sample, ...]
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
            f"Learned from {fitted} normal images and {shown} labelled defects of the training split, "
            f"tried on {len(self.good)} other good ones and {tried}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a detector did.

    Attributes:
        good: scores of normal images, float64 (n,).
        painted: scores of the same with painted defects, (n,).
        defects: scores of labelled defects, (m,).
        score_ms: median time for one image, decoding left out.
    """

    good: NDArray[np.float64]
    painted: NDArray[np.float64]
    defects: NDArray[np.float64]
    score_ms: float

    def pairs(self, *, real: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Scores, and which of them are of defects, labelled or painted ones."""
        bad = self.defects if real else self.painted
        return np.concatenate([self.good, bad]), np.arange(len(self.good) + len(bad)) >= len(self.good)

    def auroc(self, *, real: bool) -> float | None:
        """Against labelled or painted defects; None without any."""
        return auroc(*self.pairs(real=real))


def split_for_trials(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> TrialImages:
    """Set three tenths of the training images aside to try detectors on; the test split is never opened.

    Raises:
        DataError: too few normal images.
    """
    known = normal_training_split(dataset, seed=seed, say=say)
    known = known.where(lambda sample: sample.defective is not None)
    train = replace(known, samples=tuple(replace(sample, split="train") for sample in known.samples))
    good = sum(1 for sample in train.samples if not sample.defective)
    if good < MIN_GOOD:
        raise DataError(
            f'"{dataset.root}" has {good} normal training images, too few to try methods on; at least {MIN_GOOD} are '
            "needed, or name a method: blemish train patchcore."
        )
    fit, aside = hold_out(train, _HELD_OUT_FRACTION, seed)
    fitted = (*_spread(fit, False, _MAX_TO_FIT), *_spread(fit, True, _MAX_TO_FIT))
    return TrialImages(
        fit=replace(fit, samples=fitted),
        good=_spread(aside, False, _MAX_TO_TRY),
        defects=_spread(aside, True, _MAX_TO_TRY),
    )


def try_out(detector: Detector, images: TrialImages) -> Outcome:
    """Score the images set aside, and good ones again with a painted defect each; the same for every detector."""
    good, painted, times = [], [], []
    for sample in images.good:
        pixels = read_image(Path(sample.path))
        started = time.perf_counter()
        good.append(detector.score(pixels)[0])
        times.append(time.perf_counter() - started)
        # By its name, so that an image gets the same defect whatever else is tried.
        name = hashlib.sha256(relative_name(images.fit, sample).encode()).digest()
        rng = np.random.default_rng(int.from_bytes(name[:8], "big"))
        painted.append(detector.score(paint_defect(pixels, rng)[0])[0])
    defects = [detector.score(read_image(Path(sample.path)))[0] for sample in images.defects]
    return Outcome(np.array(good), np.array(painted), np.array(defects, float), 1000 * statistics.median(times))


def _spread(dataset: Dataset, defective: bool, most: int) -> tuple[Sample, ...]:
    """At most so many images of one kind, evenly over the order they have."""
    kind = [sample for sample in dataset.samples if sample.defective is defective]
    return tuple(kind[:: -(-len(kind) // most)] if kind else ())
