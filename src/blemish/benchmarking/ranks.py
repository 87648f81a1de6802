"""Is one contender better than another over several data sets? Tests on ranks.

Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006: metrics on different data sets
cannot be averaged, but ranks can. Friedman's test (with Iman and Davenport's correction, Comm. Stat. 9, 1980) asks
whether there is any difference; Nemenyi's critical difference says how far average ranks must lie apart; Wilcoxon's
signed-rank test compares two contenders, and Holm's procedure (Scand. J. Stat. 6, 1979) corrects for the number of
pairs. The data sets are the sample here: with few of them nothing can be shown, and `Ranks.sentence` says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two contenders over all data sets.

    Attributes:
        first, second: names.
        gap: average rank of the first minus that of the second; positive where the second is better.
        nemenyi_p: of Nemenyi's test, corrected for the number of contenders by itself.
        wilcoxon_p: of the signed-rank test, after Holm's correction.
    """

    first: str
    second: str
    gap: float
    nemenyi_p: float
    wilcoxon_p: float


@dataclass(frozen=True, slots=True)
class Ranks:
    """Contenders ranked over data sets.

    Attributes:
        metric: its name in the tables; higher is better.
        data: names of the data sets that every contender finished.
        average: of each contender, 1 being the best on every data set; in ascending order.
        friedman_p: of Iman and Davenport's F; None for fewer than three contenders.
        critical_difference: of average ranks, at `SIGNIFICANCE`, by Nemenyi.
        pairs: every pair, in the order of ``average``.
    """

    metric: str
    data: tuple[str, ...]
    average: Mapping[str, float]
    friedman_p: float | None
    critical_difference: float
    pairs: tuple[PairTest, ...]

    def sentence(self) -> str:
        """What the tests say, and what so few data sets could say at most."""
        n, possible = len(self.data), 2.0 ** (1 - len(self.data))
        said = f"{self.metric} over {n} data sets: average ranks must differ by {self.critical_difference:.2f}"
        if self.friedman_p is not None:
            said += f"; Friedman p = {self.friedman_p:.3f}"
        if possible * len(self.pairs) > SIGNIFICANCE:
            said += f"; with {n} data sets no signed-rank test of {len(self.pairs)} can reach {SIGNIFICANCE:g}"
        return f"{said}."

    def cliques(self) -> tuple[tuple[str, ...], ...]:
        """The largest sets of contenders whose average ranks lie within the critical difference, two or more each."""
        names, places = list(self.average), list(self.average.values())
        found: list[tuple[int, int]] = []
        for start in range(len(names)):
            end = max(i for i in range(start, len(names)) if places[i] - places[start] <= self.critical_difference)
            if end > start and (not found or end > found[-1][1]):
                found.append((start, end))
        return tuple(tuple(names[start : end + 1]) for start, end in found)


def rank_over_data(metric: str, values: Mapping[str, Mapping[str, float]]) -> Ranks | None:
    """Rank contenders on each data set and test the average ranks.

    Args:
        metric: its name.
        values: by contender, then by data set; higher is better. Data sets that a contender lacks are left out.

    Returns:
        None for fewer than two contenders or fewer than two data sets that all of them have.
    """
    names = list(values)
    data = tuple(name for name in next(iter(values.values()), {}) if all(name in row for row in values.values()))
    if len(names) < 2 or len(data) < 2:
        return None
    table = np.array([[values[name][each] for name in names] for each in data])
    average = average_ranks(table)
    order = sorted(range(len(names)), key=lambda i: average[i])
    n, k = table.shape
    error = math.sqrt(k * (k + 1) / (6.0 * n))
    couples = list(combinations(order, 2))
    wilcoxon = holm([signed_rank_p(table[:, i] - table[:, j]) for i, j in couples])
    return Ranks(
        metric=metric,
        data=data,
        average={names[i]: float(average[i]) for i in order},
        friedman_p=iman_davenport(table)[1] if k > 2 else None,
        critical_difference=float(stats.studentized_range.isf(SIGNIFICANCE, k, np.inf)) / math.sqrt(2) * error,
        pairs=tuple(
            PairTest(
                names[i],
                names[j],
                float(average[i] - average[j]),
                float(stats.studentized_range.sf(abs(average[i] - average[j]) / error * math.sqrt(2), k, np.inf)),
                p,
            )
            for (i, j), p in zip(couples, wilcoxon, strict=True)
        ),
    )


def average_ranks(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """(data sets, contenders), higher is better -> average rank of each contender; ties share theirs."""
    return np.asarray(stats.rankdata(-table, axis=1).mean(axis=0))


def iman_davenport(table: NDArray[np.float64]) -> tuple[float, float]:
    """Friedman's test of a table as in `average_ranks`, in Iman and Davenport's form: F, and its p-value."""
    n, k = table.shape
    ranks = stats.rankdata(-table, axis=1)
    between = n * float(np.square(ranks.mean(axis=0) - (k + 1) / 2).sum())
    within = float(np.square(ranks - (k + 1) / 2).sum()) - between
    if between == 0.0:
        return 0.0, 1.0
    if within <= 0.0:  # the same order on every data set: of all (k!)^(n - 1) orders only this one is as extreme
        return math.inf, math.factorial(k) ** -(n - 1.0)
    f = between / (within / (n - 1))
    return f, float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))


def signed_rank_p(gaps: NDArray[np.float64]) -> float:
    """Wilcoxon's signed-rank test of paired differences, two-sided; ties are left out, and 1 where there is nothing."""
    gaps = gaps[gaps != 0.0]
    return float(stats.wilcoxon(gaps).pvalue) if gaps.size else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number by Holm's step-down procedure, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.zeros(len(p_values))
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return [float(each) for each in adjusted]
