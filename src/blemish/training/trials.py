"""Trying a detector on held-out training images: normal ones, the same with painted defects, and labelled defects.

Three tenths of the images are held out once. Where there are too few for that, each normal image is held out in turn,
and the outcomes of all turns are pooled. Where there is one alone, nothing is tried.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, Sample, hold_out
from blemish.datasets.identity import relative_name
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.evaluation import auroc
from blemish.synthesis.painted_defects import paint_defect
from blemish.training.splits import normal_training_samples

FEW_NORMALS = 20
"""Below this many normal images, each is held out in turn; this many held out are needed to compare methods by."""
MIN_DEFECTS = 10
"""Held-out labelled defects from which on they decide in place of painted ones."""

_HELD_OUT_FRACTION = 0.3
# Enough to rank methods by, and it bounds the time that a trial takes.
_MAX_TO_FIT = 200
_MAX_TO_TRY = 100
# Where few are held out each is painted on several times, so that the AUROC does not hang on one stroke.
_PAINTED_WHERE_FEW = 4


@dataclass(frozen=True, slots=True)
class TrialImages:
    """The training images of a data set, split for trials.

    Attributes:
        fit: what candidates are trained on, all in the training split: normal images and labelled defects.
        normal: held-out normal images, each also tried with a painted defect; empty where there is one image alone.
        defects: held-out labelled defects; may be empty.
        paintings: defects painted on each normal image, one at a time.
    """

    fit: Dataset
    normal: tuple[Sample, ...]
    defects: tuple[Sample, ...]
    paintings: int = 1

    @property
    def real(self) -> bool:
        """Whether labelled defects decide, rather than painted ones."""
        return len(self.defects) >= MIN_DEFECTS


def too_few_to_compare(parts: Sequence[TrialImages]) -> bool:
    """Whether neither labelled defects nor enough held-out normal images are there to compare methods by."""
    return not parts[0].real and sum(len(part.normal) for part in parts) < FEW_NORMALS


def describe(parts: Sequence[TrialImages]) -> str:
    """What is tried on what, in a sentence."""
    first = parts[0]
    if not first.normal:
        return "Nothing was tried: one normal image leaves none to hold out."
    fitted = sum(1 for sample in first.fit.samples if not sample.defective)
    shown = len(first.fit) - fitted
    tried = f"{len(first.defects)} labelled defects" if first.real else "the same with painted defects"
    if len(parts) > 1:
        return (
            f"Each of {len(parts)} normal images of the training split was held out in turn: trained on the other "
            f"{fitted}, tried on it and on {tried}."
        )
    return (
        f"Trained on {fitted} normal images and {shown} labelled defects of the training split, "
        f"tried on {len(first.normal)} other normal ones and {tried}."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a detector did.

    Attributes:
        normal: scores of normal images, float64 (n,).
        painted: scores of the same with painted defects, (n · k,): those of the first image, of the second, …
        defects: scores of labelled defects, (m,).
        maxima: of the anomaly maps of the normal images, (n,); empty without maps.
        score_ms: median time for one image, without decoding.
    """

    normal: NDArray[np.float64]
    painted: NDArray[np.float64]
    defects: NDArray[np.float64]
    maxima: NDArray[np.float64]
    score_ms: float

    def pairs(self, *, real: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Scores, and which of them are of defects, labelled or painted ones."""
        bad = self.defects if real else self.painted
        return np.concatenate([self.normal, bad]), np.arange(len(self.normal) + len(bad)) >= len(self.normal)

    def images(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A row for each normal image: its score (n,), and those with its painted defects (n, k)."""
        return self.normal, self.painted.reshape(len(self.normal), -1)

    def auroc(self, *, real: bool) -> float | None:
        """Against labelled or painted defects; None without any."""
        return auroc(*self.pairs(real=real))


def split_for_trials(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> tuple[TrialImages, ...]:
    """Hold out three tenths of the training images to try detectors on, of few each in turn, and of one none.

    The test split is never opened.

    Raises:
        DataError: no normal image.
    """
    known = normal_training_samples(dataset, seed=seed, say=say)
    known = known.where(lambda sample: sample.defective is not None)
    train = replace(known, samples=tuple(replace(sample, split="train") for sample in known.samples))
    normal = tuple(sample for sample in train.samples if not sample.defective)
    if not normal:
        raise DataError(f'"{dataset.root}" has no normal training image, and "auto" needs one at least.')
    if len(normal) == 1:
        return (TrialImages(replace(train, samples=normal), (), ()),)
    if len(normal) < FEW_NORMALS:
        defects = _spread(train, True, _MAX_TO_TRY)
        return tuple(
            TrialImages(replace(train, samples=_without(normal, one)), (one,), defects, _PAINTED_WHERE_FEW)
            for one in normal
        )
    fit, held_out = hold_out(train, _HELD_OUT_FRACTION, seed)
    fitted = (*_spread(fit, False, _MAX_TO_FIT), *_spread(fit, True, _MAX_TO_FIT))
    images = TrialImages(
        fit=replace(fit, samples=fitted),
        normal=_spread(held_out, False, _MAX_TO_TRY),
        defects=_spread(held_out, True, _MAX_TO_TRY),
    )
    return (replace(images, paintings=_PAINTED_WHERE_FEW) if too_few_to_compare([images]) else images,)


def try_out(detector: Detector, images: TrialImages) -> Outcome:
    """Score the held-out images, and normal ones again with painted defects, the same for every detector."""
    normal, painted, maxima, times = [], [], [], []
    for sample in images.normal:
        pixels = sample.read_image()
        started = time.perf_counter()
        score, anomaly_map = detector.score(pixels)
        times.append(time.perf_counter() - started)
        normal.append(score)
        maxima += [] if anomaly_map is None else [float(anomaly_map.max())]
        # Seeded by its name, so that an image gets the same defects whatever else is tried.
        name = hashlib.sha256(relative_name(images.fit, sample).encode()).digest()
        rng = np.random.default_rng(int.from_bytes(name[:8], "big"))
        painted += [detector.score(paint_defect(pixels, rng)[0])[0] for _ in range(images.paintings)]
    defects = [detector.score(sample.read_image())[0] for sample in images.defects]
    return Outcome(
        normal=np.array(normal),
        painted=np.array(painted),
        defects=np.array(defects, float),
        maxima=np.array(maxima, float),
        score_ms=1000 * statistics.median(times) if times else 0.0,
    )


def pooled(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of all turns as one; of defects, which every turn scores, each score is the mean over turns."""
    return Outcome(
        normal=np.concatenate([each.normal for each in outcomes]),
        painted=np.concatenate([each.painted for each in outcomes]),
        defects=np.mean([each.defects for each in outcomes], axis=0),
        maxima=np.concatenate([each.maxima for each in outcomes]),
        score_ms=statistics.median(each.score_ms for each in outcomes),
    )


def auroc_of_images(normal: NDArray[np.float64], painted: NDArray[np.float64]) -> float | None:
    """Of the rows of `Outcome.images`: whatever is drawn of them, an image and its painted defects stay together."""
    scores = np.concatenate([normal, painted.ravel()])
    return auroc(scores, np.arange(len(scores)) >= len(normal))


def _without(samples: tuple[Sample, ...], one: Sample) -> tuple[Sample, ...]:
    """All others, without those of the same part."""
    return tuple(sample for sample in samples if sample is not one and (one.group is None or sample.group != one.group))


def _spread(dataset: Dataset, defective: bool, limit: int) -> tuple[Sample, ...]:
    """At most so many images of one kind, evenly spaced in their order."""
    kind = [sample for sample in dataset.samples if sample.defective is defective]
    return tuple(kind[:: -(-len(kind) // limit)] if kind else ())
