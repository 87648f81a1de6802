"""Confidence intervals of AUROC and of linear combinations of several, in closed form.

DeLong, DeLong, Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic
curves: a nonparametric approach", Biometrics 44, 1988; by midranks as in Sun, Xu, "Fast implementation of DeLong's
algorithm", IEEE Signal Process. Lett. 21, 2014. Images of one group are not independent: their parts of the variance
are summed within the group (Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53, 1997),
which is DeLong's variance where every image stands alone.

The interval of one AUROC is computed on the logit scale and so stays within 0 and 1 (Qin, Hotilovac, "Comparison of
non-parametric confidence intervals for the area under the ROC curve", Stat. Methods Med. Res. 17, 2008). It covers the
choice of images, and never that of the training.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from blemish.errors import DataError
from blemish.evaluation.bootstrap import Interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Several AUROCs on the same images, with what is known of their errors.

    Attributes:
        values: float64 (k,).
        covariance: float64 (k, k).
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def mean(self, *, confidence: float = CONFIDENCE) -> Interval | None:
        """Of all of them, on the logit scale; None where every one is 0 or 1, of which the variance says nothing."""
        k = len(self.values)
        area, error = self._combined(np.full(k, 1.0 / k))
        if error <= 0.0 or not 0.0 < area < 1.0:
            return None
        reach = float(stats.norm.isf((1.0 - confidence) / 2.0)) * error / (area * (1.0 - area))
        middle = math.log(area / (1.0 - area))
        low, high = (1.0 / (1.0 + math.exp(-(middle + sign * reach))) for sign in (-1, 1))
        return Interval(area, low, high, confidence)

    def contrast(self, weights: ArrayLike, *, confidence: float = CONFIDENCE) -> tuple[Interval, float]:
        """A weighted sum, such as the difference of two: its interval, and the two-sided p-value of its being 0.

        Args:
            weights: (k,), adding up to 0.
            confidence: in (0, 1).
        """
        value, error = self._combined(np.asarray(weights, np.float64))
        reach = float(stats.norm.isf((1.0 - confidence) / 2.0)) * error
        p = float(2.0 * stats.norm.sf(abs(value) / error)) if error > 0.0 else float(value == 0.0)
        return Interval(value, value - reach, value + reach, confidence), p

    def _combined(self, weights: NDArray[np.float64]) -> tuple[float, float]:
        """The sum and its standard error."""
        variance = float(weights @ self.covariance @ weights)
        return float(weights @ self.values), math.sqrt(max(0.0, variance))


def areas(scores: ArrayLike, defective: ArrayLike, *, groups: Sequence[Hashable] | None = None) -> Areas | None:
    """AUROCs of several runs on the same images.

    Args:
        scores: (k, n), one row per run, finite, higher is worse.
        defective: (n,) bool.
        groups: (n,), images that share one are not independent; None takes every image for itself.

    Returns:
        None unless there are two normal and two defective images, in two groups each.

    Raises:
        DataError: scores that are NaN or infinite, or lengths that differ.
    """
    rows, truth = np.atleast_2d(np.asarray(scores, np.float64)), np.asarray(defective, np.bool_)
    if truth.ndim != 1 or rows.shape[1:] != truth.shape or (groups is not None and len(groups) != truth.size):
        raise DataError(
            f"Every run must have one score for each image; got {rows.shape[1]} scores for {truth.size} images."
        )
    if not np.isfinite(rows).all():
        raise DataError("A score is NaN or infinite; such an image cannot be ranked.")
    members: dict[Hashable, int] = {}
    unit = np.array([members.setdefault(one, len(members)) for one in (groups or range(truth.size))], np.intp)
    kinds = (truth, ~truth)
    units = [np.unique(unit[kind]).size for kind in kinds]
    if min(units) < 2:
        return None
    places = [_placements(row, truth) for row in rows]
    values = np.array([above.mean() for above, _ in places])
    # Of each unit the summed deviations of its defective images, and of its normal ones, (k, units) each.
    deviations = []
    for kind, of_kind in zip(kinds, range(2), strict=True):
        summed = np.zeros((len(rows), len(members)))
        for number, pair in enumerate(places):
            np.add.at(summed[number], unit[kind], pair[of_kind] - values[number])
        deviations.append(summed)
    counts = [int(kind.sum()) for kind in kinds]
    covariance = sum(
        (own @ own.T * (many / (many - 1)) / count**2)
        for own, many, count in zip(deviations, units, counts, strict=True)
    )
    both = deviations[0] @ deviations[1].T * (len(members) / (len(members) - 1)) / (counts[0] * counts[1])
    return Areas(values, np.asarray(covariance + both + both.T))


def _placements(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """For each defective image the fraction of normal ones below it, for each normal one that of defective ones above.

    Ties count half.
    """
    bad, normal = scores[truth], scores[~truth]
    ranks = stats.rankdata(np.concatenate([bad, normal]))
    below = (ranks[: bad.size] - stats.rankdata(bad)) / normal.size
    above = 1.0 - (ranks[bad.size :] - stats.rankdata(normal)) / bad.size
    return below, above
