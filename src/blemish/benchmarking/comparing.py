"""Is one contender better than another? Differences on the same images, with the range that they may lie in.

A bootstrap over both sources of chance: images are drawn again (groups together, normal and defective ones apart), and
so are the seeds. Of n seeds n - 1 are drawn, since drawing n of so few would make the range too short by the factor
sqrt((n - 1) / n) (McCarthy and Snowden, "The bootstrap and finite population sampling", 1985; Rao and Wu, JASA 83,
1988). With one seed the range knows of the images alone. Ranges are not adjusted for the number of comparisons: at 95 %
one in twenty differences that are none will look like one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.benchmarking.records import CellRecord, ImageAnswers, read_images
from blemish.evaluation import Interval, auroc, average_precision

CONFIDENCE = 0.95
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the second contender lies above the first.

    Attributes:
        data: name of the data set.
        first, second: names of the contenders.
        figure: which figure, as the tables call it; higher is better.
        interval: of ``second - first``, mean over seeds.
        seeds: that both finished.
        images: that the figure is taken on.
    """

    data: str
    first: str
    second: str
    figure: str
    interval: Interval
    seeds: tuple[int, ...]
    images: int

    def sentence(self) -> str:
        """What may be said."""
        if not self.interval.excludes_zero:
            return "no difference shown"
        better = self.second if self.interval.estimate > 0 else self.first
        return f"{better} is better"


Figure = Callable[[ImageAnswers, NDArray[np.intp]], float | None]


def _image_auroc(answers: ImageAnswers, rows: NDArray[np.intp]) -> float | None:
    return auroc(answers.scores[rows], answers.defective[rows])


def _image_average_precision(answers: ImageAnswers, rows: NDArray[np.intp]) -> float | None:
    return average_precision(answers.scores[rows], answers.defective[rows])


def _pixel_f1(answers: ImageAnswers, rows: NDArray[np.intp]) -> float | None:
    found, false, missed, _ = answers.counts[rows].sum(axis=0).tolist()
    return 2 * found / (2 * found + false + missed) if found + false + missed else None


COMPARED: dict[str, Figure] = {
    "image AUROC": _image_auroc,
    "image AP": _image_average_precision,
    "pixel F1": _pixel_f1,
}


def differences(
    records: Sequence[CellRecord], folder_of: Callable[[CellRecord], Path], *, resamples: int = RESAMPLES
) -> tuple[Difference, ...]:
    """Every pair of contenders on every data set, figure by figure.

    Args:
        records: finished cells.
        folder_of: where a cell's answers are.
        resamples: number of draws.

    Returns:
        In the order of the records; pairs without a common seed, and figures without a meaning, are left out.

    Raises:
        DataError: a cell's table is damaged.
    """
    answers: dict[tuple[str, str], dict[int, ImageAnswers]] = {}
    for record in records:
        by_seed = answers.setdefault((record.data, record.contender), {})
        by_seed[record.identity.seed] = read_images(folder_of(record))
    found = []
    for data in dict.fromkeys(name for name, _ in answers):
        contenders = [contender for name, contender in answers if name == data]
        for first, second in combinations(contenders, 2):
            one, two = answers[data, first], answers[data, second]
            seeds = tuple(seed for seed in one if seed in two)
            for figure, compute in COMPARED.items() if seeds else ():
                pairs = [(one[seed], two[seed]) for seed in seeds]
                interval = difference_of(compute, pairs, resamples=resamples)
                if interval is not None:
                    images = int(np.count_nonzero(pairs[0][0].known))
                    found.append(Difference(data, first, second, figure, interval, seeds, images))
    return tuple(found)


def difference_of(
    figure: Figure,
    pairs: Sequence[tuple[ImageAnswers, ImageAnswers]],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The mean over seeds of ``figure(second) - figure(first)``, with a bootstrap interval over images and seeds.

    Args:
        figure: of the images in some rows of one cell's answers.
        pairs: answers of the first and the second contender, one pair a seed, all on the same images in one order.
        confidence: in (0, 1).
        resamples: number of draws.
        seed: of the draws.

    Returns:
        The interval; None where the figure has no meaning for one of them.
    """
    images = pairs[0][0]
    every = np.flatnonzero(images.known)

    def mean_gap(drawn: Sequence[tuple[ImageAnswers, ImageAnswers]], rows: NDArray[np.intp]) -> float | None:
        gaps = []
        for first, second in drawn:
            one, two = figure(first, rows), figure(second, rows)
            if one is None or two is None:
                return None
            gaps.append(two - one)
        return float(np.mean(gaps))

    estimate = mean_gap(pairs, every) if every.size else None
    if estimate is None:
        return None
    rng = np.random.default_rng(seed)
    strata = _units(images, every)
    values = []
    for _ in range(resamples):
        chosen = rng.integers(0, len(pairs), size=max(1, len(pairs) - 1))
        rows = np.concatenate([units[i] for units in strata for i in rng.integers(0, len(units), size=len(units))])
        value = mean_gap([pairs[i] for i in chosen], rows)
        if value is not None:
            values.append(value)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values or [estimate], [tail, 1.0 - tail])
    return Interval(estimate=estimate, low=float(low), high=float(high), confidence=confidence)


def _units(images: ImageAnswers, rows: NDArray[np.intp]) -> list[list[NDArray[np.intp]]]:
    """Groups of rows that are drawn together, in strata that are drawn apart: groups with a defect, and the others."""
    members: dict[Hashable, list[int]] = {}
    for row in rows.tolist():
        members.setdefault(images.groups[row], []).append(row)
    strata: dict[bool, list[NDArray[np.intp]]] = {}
    for unit in members.values():
        strata.setdefault(bool(images.defective[unit].any()), []).append(np.array(unit, dtype=np.intp))
    return list(strata.values())
