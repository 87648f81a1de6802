"""Trying a detector on training photos that it has not learned from: good ones, painted ones, and labelled defects."""

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
from blemish.datasets.synthesis.painted_defects import paint_defect
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.evaluation import auroc
from blemish.images import read_image
from blemish.training.normals import normal_training_split

LEAST_GOOD = 10
"""Good training photos below which nothing can be tried."""
LEAST_DEFECTS = 10
"""Labelled defects in a trial from which on they count in place of painted ones."""

_HELD_OUT_SHARE = 0.3
# Enough to rank methods by, and it bounds the time that a trial takes.
_MOST_TO_TEACH = 200
_MOST_TO_TRY = 100


@dataclass(frozen=True, slots=True)
class TrialPhotos:
    """The training photos of a data set, dealt out for trials.

    Attributes:
        teach: what candidates learn from, all in the training split: good photos and labelled defects.
        good: good photos that they do not see; each is also tried with a painted defect.
        defects: labelled defects that they do not see; may be empty.
    """

    teach: Dataset
    good: tuple[Sample, ...]
    defects: tuple[Sample, ...]

    @property
    def real(self) -> bool:
        """Whether labelled defects decide, rather than painted ones."""
        return len(self.defects) >= LEAST_DEFECTS

    def describe(self) -> str:
        """What is tried on what, in a sentence."""
        taught = sum(1 for sample in self.teach.samples if not sample.defective)
        shown = len(self.teach) - taught
        tried = f"{len(self.defects)} labelled defects" if self.real else "the same with painted defects"
        return (
            f"Learned from {taught} good photos and {shown} labelled defects of the training split, "
            f"tried on {len(self.good)} other good ones and {tried}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a detector did.

    Attributes:
        good: scores of good photos, float64 (n,).
        painted: scores of the same with painted defects, (n,).
        defects: scores of labelled defects, (m,).
        score_ms: median time for one photo, decoding left out.
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


def deal_for_trials(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> TrialPhotos:
    """Set three tenths of the training photos aside to try detectors on; the test split is never opened.

    Raises:
        DataError: too few good photos.
    """
    known = normal_training_split(dataset, seed=seed, say=say)
    known = known.where(lambda sample: sample.defective is not None)
    train = replace(known, samples=tuple(replace(sample, split="train") for sample in known.samples))
    good = sum(1 for sample in train.samples if not sample.defective)
    if good < LEAST_GOOD:
        raise DataError(
            f'"{dataset.root}" has {good} good training photos, too few to try methods on; at least {LEAST_GOOD} are '
            "needed, or name a method: blemish train patchcore."
        )
    teach, aside = hold_out(train, _HELD_OUT_SHARE, seed)
    taught = (*_spread(teach, False, _MOST_TO_TEACH), *_spread(teach, True, _MOST_TO_TEACH))
    return TrialPhotos(
        teach=replace(teach, samples=taught),
        good=_spread(aside, False, _MOST_TO_TRY),
        defects=_spread(aside, True, _MOST_TO_TRY),
    )


def try_out(detector: Detector, photos: TrialPhotos) -> Outcome:
    """Score the photos set aside, and good ones again with a painted defect each; the same for every detector."""
    good, painted, times = [], [], []
    for sample in photos.good:
        pixels = read_image(Path(sample.path))
        started = time.perf_counter()
        good.append(detector.score(pixels)[0])
        times.append(time.perf_counter() - started)
        # By its name, so that a photo gets the same defect whatever else is tried.
        name = hashlib.sha256(relative_name(photos.teach, sample).encode()).digest()
        rng = np.random.default_rng(int.from_bytes(name[:8], "big"))
        painted.append(detector.score(paint_defect(pixels, rng)[0])[0])
    defects = [detector.score(read_image(Path(sample.path)))[0] for sample in photos.defects]
    return Outcome(np.array(good), np.array(painted), np.array(defects, float), 1000 * statistics.median(times))


def _spread(dataset: Dataset, defective: bool, most: int) -> tuple[Sample, ...]:
    """At most so many photos of one kind, evenly over the order they have."""
    kind = [sample for sample in dataset.samples if sample.defective is defective]
    return tuple(kind[:: -(-len(kind) // most)] if kind else ())
