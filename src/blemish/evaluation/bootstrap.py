"""Confidence intervals of metrics, and of the difference between two detectors.

Percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 16): images are
drawn again with replacement, never pixels, since the pixels of one image are not independent. Defective and normal
images are drawn separately where asked for, so that no draw loses a class; images of one group (part, wall, lot) are
drawn together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from blemish.errors import DataError, SettingsError
from blemish.evaluation.confusion import Confusion

Statistic = Callable[..., float | None]


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric and its confidence interval.

    Attributes:
        estimate: the metric on the images as they are.
        low: lower end.
        high: upper end.
        confidence: fraction of such intervals that cover the true value, approximately.
    """

    estimate: float
    low: float
    high: float
    confidence: float

    @property
    def excludes_zero(self) -> bool:
        """For a difference: whether it is one, at this confidence."""
        return self.low > 0.0 or self.high < 0.0

    def to_record(self) -> dict[str, float]:
        """Plain values for JSON."""
        return {"estimate": self.estimate, "low": self.low, "high": self.high, "confidence": self.confidence}


def bootstrap(
    statistic: Statistic,
    *columns: ArrayLike,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    strata: Sequence[Hashable] | None = None,
    groups: Sequence[Hashable] | None = None,
) -> Interval | None:
    """Confidence interval of any metric.

    Args:
        statistic: from the columns to a number, or None where it has no meaning, such as `auroc`.
        columns: arrays with one row per image, such as scores and labels; rows are drawn together.
        confidence: in (0, 1).
        resamples: number of draws; 1,000 are good to about a twentieth of the interval's length.
        seed: of the draws.
        strata: (n,) images are drawn within each stratum; give the labels, so that each draw has both classes.
        groups: (n,) images that share one are drawn together. With ``strata``, a group must lie within one stratum.

    Returns:
        The interval; None where the metric has no meaning on the images as they are.

    Raises:
        DataError: columns of unequal length, none, or a group that spans strata.
        SettingsError: ``confidence`` outside (0, 1), or fewer than 2 resamples.

    Example:
        >>> from blemish.evaluation import auroc
        >>> bootstrap(auroc, [0.1, 0.2, 0.8, 0.9], [False, False, True, True], strata=[0, 0, 1, 1])
        Interval(estimate=1.0, low=1.0, high=1.0, confidence=0.95)
    """
    arrays = _checked_columns(columns, confidence, resamples)
    estimate = statistic(*arrays)
    if estimate is None:
        return None
    n = arrays[0].shape[0]
    drawn = [statistic(*(a[rows] for a in arrays)) for rows in _draws(n, resamples, seed, strata, groups)]
    return _percentiles(estimate, drawn, confidence)


def bootstrap_difference(
    statistic: Statistic,
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    strata: Sequence[Hashable] | None = None,
    groups: Sequence[Hashable] | None = None,
) -> Interval | None:
    """Confidence interval of ``statistic(second) - statistic(first)`` on the same images.

    Both are computed on the same draws: what makes an image hard is hard for both, and cancels.

    Args:
        statistic: as in `bootstrap`.
        first: columns of the first detector, such as (scores, labels).
        second: columns of the second detector, rows in the same order.
        confidence: in (0, 1).
        resamples: number of draws.
        seed: of the draws.
        strata: as in `bootstrap`.
        groups: as in `bootstrap`.

    Returns:
        The interval; None where either metric has no meaning on the images as they are.

    Raises:
        DataError, SettingsError: as `bootstrap`.
    """
    columns = _checked_columns([*first, *second], confidence, resamples)

    def difference(*arrays: NDArray[Any]) -> float | None:
        one, two = statistic(*arrays[: len(first)]), statistic(*arrays[len(first) :])
        return None if one is None or two is None else two - one

    return bootstrap(
        difference, *columns, confidence=confidence, resamples=resamples, seed=seed, strata=strata, groups=groups
    )


def expanded_confidence(confidence: float, n: int) -> float:
    """What to ask of a percentile interval from few images so that it covers about as often as ``confidence`` says.

    Percentiles of n images are too narrow by √((n − 1) / n), and by the normal distribution in place of Student's
    (Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015).

    Args:
        confidence: wanted, in (0, 1).
        n: images that are drawn from, at least 2.

    Example:
        >>> round(expanded_confidence(0.95, 8), 4)
        0.9885
    """
    reach = math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + confidence) / 2)
    return min(float(1 - 2 * ndtr(-reach)), 1 - 1e-9)


def count_columns(per_image: Sequence[Confusion]) -> tuple[NDArray[np.int64], ...]:
    """Counts of each image as four columns (TP, FP, FN, TN), int64 (n,) each: what `pooled` takes."""
    rows = [(c.true_positives, c.false_positives, c.false_negatives, c.true_negatives) for c in per_image]
    return tuple(np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def pooled(metric: str) -> Statistic:
    """The statistic that adds up the counts of images and takes one metric of `Confusion` from the sum.

    Args:
        metric: ``f1``, ``iou``, ``precision``, ``recall``, ``accuracy``, …

    Example:
        >>> counts = count_columns([Confusion(8, 1, 1, 90), Confusion(5, 3, 0, 92)])
        >>> bootstrap(pooled("f1"), *counts).estimate == pooled("f1")(*counts)
        True
    """

    def statistic(*columns: NDArray[np.int64]) -> float | None:
        value = getattr(Confusion(*(int(column.sum()) for column in columns)), metric)
        return None if value is None else float(value)

    return statistic


def _checked_columns(columns: Sequence[ArrayLike], confidence: float, resamples: int) -> list[NDArray[Any]]:
    if not 0.0 < confidence < 1.0:
        raise SettingsError(f"confidence must lie strictly between 0 and 1, such as 0.95; got {confidence:g}.")
    if resamples < 2:
        raise SettingsError(f"A bootstrap needs at least 2 resamples, better 1,000; got {resamples}.")
    arrays = [np.asarray(column) for column in columns]
    lengths = [a.shape[0] if a.ndim else 0 for a in arrays]
    if not arrays or len(set(lengths)) != 1 or lengths[0] == 0:
        raise DataError(f"All columns must have one row per image, and at least one image; got lengths {lengths}.")
    return arrays


def _draws(
    n: int, resamples: int, seed: int, strata: Sequence[Hashable] | None, groups: Sequence[Hashable] | None
) -> Iterator[NDArray[np.intp]]:
    """Row numbers of each draw."""
    for name, given in (("strata", strata), ("groups", groups)):
        if given is not None and len(given) != n:
            raise DataError(f"There are {n} images and {len(given)} {name}; give one each.")
    units: dict[Hashable, list[int]] = {}
    for row in range(n):
        units.setdefault(row if groups is None else groups[row], []).append(row)
    by_stratum: dict[Hashable, list[NDArray[np.intp]]] = {}
    for unit, rows in units.items():
        own = {None if strata is None else strata[row] for row in rows}
        if len(own) > 1:
            raise DataError(f'The group "{unit}" has images in several strata; a group must lie within one.')
        by_stratum.setdefault(own.pop(), []).append(np.array(rows, dtype=np.intp))
    rng = np.random.default_rng(seed)
    # Images that stand alone, the usual case, are drawn in one go; a list of arrays of one would take a hundred times
    # as long.
    alone = {stratum: np.concatenate(members) for stratum, members in by_stratum.items() if len(units) == n}
    for _ in range(resamples):
        drawn = []
        for stratum, members in by_stratum.items():
            chosen = rng.integers(0, len(members), size=len(members))
            drawn += [alone[stratum][chosen]] if alone else [members[i] for i in chosen]
        yield np.concatenate(drawn)


def _percentiles(estimate: float, drawn: Sequence[float | None], confidence: float) -> Interval:
    # A draw without one of the classes has no metric and is left out.
    values = np.array([value for value in drawn if value is not None], dtype=np.float64)
    if values.size == 0:
        return Interval(estimate, estimate, estimate, confidence)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(estimate=float(estimate), low=float(low), high=float(high), confidence=confidence)
