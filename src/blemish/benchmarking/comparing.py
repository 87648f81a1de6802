"""Is one contender better than another? Differences on the same images, with confidence intervals.

The bootstrap resamples images (groups together, normal and defective ones separately) and seeds. Of n seeds n - 1 are
drawn, since drawing n of so few would make the interval too short by the factor sqrt((n - 1) / n) (McCarthy and
Snowden, "The bootstrap and finite population sampling", 1985; Rao and Wu, JASA 83, 1988). With one seed the interval
covers the choice of images alone. Intervals are not adjusted for the number of comparisons: at 95 %, one in twenty
comparisons of equals shows a difference.

AUROCs also get DeLong's interval and p-value, in closed form and for the choice of images alone
(`blemish.evaluation.delong`): where both agree, more draws would not change the conclusion; where only DeLong's
excludes zero, the seeds disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.benchmarking.records import ImageAnswers, RunRecord, read_images
from blemish.evaluation import Interval, auroc, average_precision
from blemish.evaluation.delong import Areas, areas

CONFIDENCE = 0.95
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the second contender is better than the first.

    Attributes:
        data: name of the data set.
        first, second: names of the contenders.
        metric: its name in the tables; higher is better.
        interval: of ``second - first``, mean over seeds.
        seeds: that both finished.
        images: that the metric is computed on.
        delong: of the difference in AUROC, for the choice of images alone; None for other metrics, or too few images.
        delong_p: two-sided, of no difference.
    """

    data: str
    first: str
    second: str
    metric: str
    interval: Interval
    seeds: tuple[int, ...]
    images: int
    delong: Interval | None = None
    delong_p: float | None = None

    def sentence(self) -> str:
        """The conclusion."""
        if not self.interval.excludes_zero:
            return "no difference shown"
        better = self.second if self.interval.estimate > 0 else self.first
        return f"{better} is better"


Metric = Callable[[ImageAnswers, NDArray[np.intp]], float | None]


def _image_auroc(answers: ImageAnswers, rows: NDArray[np.intp]) -> float | None:
    return auroc(answers.scores[rows], answers.defective[rows])


def _image_average_precision(answers: ImageAnswers, rows: NDArray[np.intp]) -> float | None:
    return average_precision(answers.scores[rows], answers.defective[rows])


def _pixel_f1(answers: ImageAnswers, rows: NDArray[np.intp]) -> float | None:
    found, false, missed, _ = answers.counts[rows].sum(axis=0).tolist()
    return 2 * found / (2 * found + false + missed) if found + false + missed else None


AUROC = "image AUROC"
COMPARED: dict[str, Metric] = {
    AUROC: _image_auroc,
    "image AP": _image_average_precision,
    "pixel F1": _pixel_f1,
}


def differences(
    records: Sequence[RunRecord], folder_of: Callable[[RunRecord], Path], *, resamples: int = RESAMPLES
) -> tuple[Difference, ...]:
    """Every pair of contenders on every data set, for every metric.

    Args:
        records: finished runs.
        folder_of: where a run's answers are.
        resamples: number of draws.

    Returns:
        In the order of the records; pairs without a common seed, and metrics that are undefined, are left out.

    Raises:
        DataError: a run's table is damaged.
    """
    answers = read_answers(records, folder_of)
    found = []
    for data in dict.fromkeys(name for name, _ in answers):
        contenders = [contender for name, contender in answers if name == data]
        for first, second in combinations(contenders, 2):
            one, two = answers[data, first], answers[data, second]
            seeds = tuple(seed for seed in one if seed in two)
            for metric, compute in COMPARED.items() if seeds else ():
                pairs = [(one[seed], two[seed]) for seed in seeds]
                interval = difference_of(compute, pairs, resamples=resamples)
                if interval is not None:
                    images = int(np.count_nonzero(pairs[0][0].known))
                    delong = _delong_of(pairs) if metric == AUROC else (None, None)
                    found.append(Difference(data, first, second, metric, interval, seeds, images, *delong))
    return tuple(found)


def read_answers(
    records: Sequence[RunRecord], folder_of: Callable[[RunRecord], Path]
) -> dict[tuple[str, str], dict[int, ImageAnswers]]:
    """The answers of finished runs, by data set and contender, then by seed.

    Raises:
        DataError: a run's table is damaged.
    """
    answers: dict[tuple[str, str], dict[int, ImageAnswers]] = {}
    for record in records:
        by_seed = answers.setdefault((record.data, record.contender), {})
        by_seed[record.identity.seed] = read_images(folder_of(record))
    return answers


def areas_of(runs: Sequence[ImageAnswers]) -> Areas | None:
    """AUROCs of runs on the same images, with their covariance; None for too few images."""
    known = runs[0].known
    groups = [group for group, is_known in zip(runs[0].groups, known, strict=True) if is_known]
    return areas([run.scores[known] for run in runs], runs[0].defective[known], groups=groups)


def _delong_of(pairs: Sequence[tuple[ImageAnswers, ImageAnswers]]) -> tuple[Interval | None, float | None]:
    """Of the difference between the means over seeds."""
    found = areas_of([*(first for first, _ in pairs), *(second for _, second in pairs)])
    if found is None:
        return None, None
    return found.contrast(np.repeat([-1.0, 1.0], len(pairs)) / len(pairs), confidence=CONFIDENCE)


def difference_of(
    metric: Metric,
    pairs: Sequence[tuple[ImageAnswers, ImageAnswers]],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The mean over seeds of ``metric(second) - metric(first)``, with a bootstrap interval over images and seeds.

    Args:
        metric: of some rows of one run's answers.
        pairs: answers of the first and the second contender, one pair per seed, all on the same images in one order.
        confidence: in (0, 1).
        resamples: number of draws.
        seed: of the draws.

    Returns:
        The interval; None where the metric is undefined for one of them.
    """
    images = pairs[0][0]
    every = np.flatnonzero(images.known)

    def mean_gap(drawn: Sequence[tuple[ImageAnswers, ImageAnswers]], rows: NDArray[np.intp]) -> float | None:
        gaps = []
        for first, second in drawn:
            one, two = metric(first, rows), metric(second, rows)
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
    """Groups of rows, each drawn as a whole, in two strata: groups with a defect, and the others."""
    members: dict[Hashable, list[int]] = {}
    for row in rows.tolist():
        members.setdefault(images.groups[row], []).append(row)
    strata: dict[bool, list[NDArray[np.intp]]] = {}
    for unit in members.values():
        strata.setdefault(bool(images.defective[unit].any()), []).append(np.array(unit, dtype=np.intp))
    return list(strata.values())
