"""How well scores rank defective above normal: exact, on raw scores, with ties.

Nothing here depends on the scale of the scores: any increasing transform gives the same metrics. A metric that has no
meaning (one class only) is None and never 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.errors import DataError


class RocCurve(NamedTuple):
    """Operating points from (0, 0), threshold infinity, to (1, 1), one per distinct score. All float64 (K,)."""

    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    threshold: NDArray[np.float64]


class PrecisionRecallCurve(NamedTuple):
    """Operating points by falling threshold, one per distinct score. All float64 (K,)."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    threshold: NDArray[np.float64]


class BestF1(NamedTuple):
    """The threshold with the highest F1, ``score >= threshold`` being defective."""

    threshold: float
    f1: float


def auroc(scores: ArrayLike, defective: ArrayLike) -> float | None:
    """Probability that a defective item scores above a normal one, ties counting half (Mann-Whitney).

    Args:
        scores: (n,) raw scores, finite, higher is worse.
        defective: (n,) bool.

    Returns:
        In [0, 1]; None unless both classes are there.

    Raises:
        DataError: scores that are NaN or infinite, or lengths that differ.
    """
    _, true_positives, false_positives = _cumulated(scores, defective)
    if not _both_classes(true_positives, false_positives):
        return None
    twice_area = np.sum(np.diff(false_positives) * (true_positives[1:] + true_positives[:-1]))
    return float(twice_area) / (2.0 * float(true_positives[-1]) * float(false_positives[-1]))


def average_precision(scores: ArrayLike, defective: ArrayLike) -> float | None:
    """Precision averaged over recall, without interpolation: sum over thresholds of (R_k - R_{k-1}) P_k.

    Args:
        scores: (n,) raw scores, finite, higher is worse.
        defective: (n,) bool.

    Returns:
        In (0, 1]; None unless both classes are there (with no normal item it would be 1 whatever the scores).

    Raises:
        DataError: as `auroc`.
    """
    _, true_positives, false_positives = _cumulated(scores, defective)
    if not _both_classes(true_positives, false_positives):
        return None
    gained = np.diff(true_positives)
    precision = true_positives[1:] / (true_positives[1:] + false_positives[1:])
    return float(np.sum(gained * precision) / true_positives[-1])


def roc_curve(scores: ArrayLike, defective: ArrayLike) -> RocCurve | None:
    """The receiver operating characteristic, or None unless both classes are there. Arguments as `auroc`."""
    thresholds, true_positives, false_positives = _cumulated(scores, defective)
    if not _both_classes(true_positives, false_positives):
        return None
    return RocCurve(
        false_positive_rate=false_positives / false_positives[-1],
        true_positive_rate=true_positives / true_positives[-1],
        threshold=thresholds,
    )


def precision_recall_curve(scores: ArrayLike, defective: ArrayLike) -> PrecisionRecallCurve | None:
    """Precision and recall at every threshold, or None unless both classes are there. Arguments as `auroc`."""
    thresholds, true_positives, false_positives = _cumulated(scores, defective)
    if not _both_classes(true_positives, false_positives):
        return None
    return PrecisionRecallCurve(
        precision=true_positives[1:] / (true_positives[1:] + false_positives[1:]),
        recall=true_positives[1:] / true_positives[-1],
        threshold=thresholds[1:],
    )


def fpr_at_tpr(scores: ArrayLike, defective: ArrayLike, tpr: float = 0.95) -> float | None:
    """Smallest fraction of normal items flagged by a threshold that finds at least ``tpr`` of the defective ones.

    Args:
        scores: (n,) raw scores, finite, higher is worse.
        defective: (n,) bool.
        tpr: fraction of the defective items to find, in (0, 1].

    Returns:
        In [0, 1]; None unless both classes are there.

    Raises:
        DataError: as `auroc`.
    """
    _, true_positives, false_positives = _cumulated(scores, defective)
    if not _both_classes(true_positives, false_positives):
        return None
    first = int(np.argmax(true_positives >= tpr * true_positives[-1]))
    return float(false_positives[first] / false_positives[-1])


def best_f1(scores: ArrayLike, defective: ArrayLike) -> BestF1 | None:
    """The threshold with the highest F1 over these items; the highest such threshold where several tie.

    To choose a threshold by it, the items must be labelled images held out for that, never test images.

    Args:
        scores: (n,) raw scores, finite, higher is worse.
        defective: (n,) bool.

    Returns:
        Threshold (one of the scores) and F1; None unless both classes are there: without defects F1 is undefined, and
        without normal items the best threshold is any that flags everything.

    Raises:
        DataError: as `auroc`.
    """
    thresholds, true_positives, false_positives = _cumulated(scores, defective)
    if not _both_classes(true_positives, false_positives):
        return None
    f1 = 2.0 * true_positives / (true_positives + false_positives + true_positives[-1])
    best = int(np.argmax(f1))
    return BestF1(threshold=float(thresholds[best]), f1=float(f1[best]))


def checked_pairs(scores: ArrayLike, defective: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores as float64 (n,) and labels as bool (n,).

    Raises:
        DataError: not one-dimensional, lengths that differ, or scores that are NaN or infinite.
    """
    values = np.asarray(scores, dtype=np.float64)
    truth = np.asarray(defective, dtype=np.bool_)
    if values.ndim != 1 or values.shape != truth.shape:
        raise DataError(
            f"Scores and labels must be two lists of one length; got shapes {values.shape} and {truth.shape}."
        )
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise DataError(f"{bad} of the {values.size} scores are NaN or infinite; every score must be a finite number.")
    return values, truth


def _cumulated(
    scores: ArrayLike, defective: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Distinct thresholds, falling from infinity, with the defective and the normal items at or above each."""
    values, truth = checked_pairs(scores, defective)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    last_of_run = np.append(np.flatnonzero(np.diff(values)), values.size - 1) if values.size else np.empty(0, np.intp)
    found = np.cumsum(truth, dtype=np.int64)[last_of_run]
    return (
        np.concatenate([[np.inf], values[last_of_run]]),
        np.concatenate([[0], found]),
        np.concatenate([[0], last_of_run + 1 - found]),
    )


def _both_classes(true_positives: NDArray[np.int64], false_positives: NDArray[np.int64]) -> bool:
    return bool(true_positives[-1] > 0 and false_positives[-1] > 0)
