"""Thresholds as the published systems choose them, each under its own name. None of them guarantees a false-alarm rate.

They are here so that a published experiment can be repeated and compared with `blemish.calibration.guarantee`. All look
at calibration scores only: the sources that scaled or tuned on test scores are not followed in that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import checked_scores, checked_varied
from blemish.errors import DataError, SettingsError


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold without a guarantee.

    Attributes:
        threshold: an image is flagged at ``score >= threshold``.
        source: how it was chosen, in words.
    """

    threshold: float
    source: str


def fixed(threshold: float) -> Choice:
    """A number that somebody chose (crack inpainting: 0.1 on the restored difference).

    Raises:
        SettingsError: NaN or infinite.
    """
    if not math.isfinite(threshold):
        raise SettingsError(f"A threshold must be a finite number; got {threshold}.")
    return Choice(float(threshold), "fixed")


def mean_plus_std(scores: ArrayLike, k: float = 1.0) -> Choice:
    """Mean plus k standard deviations of normal scores (García-de-la-Puente et al. 2023: k = 1).

    For Gaussian scores k = 1 rejects 16 % of normal images, k = 3 rejects .13 %; scores are seldom Gaussian.

    Args:
        scores: (n,) raw scores of held-out normal images, n >= 2.
        k: number of standard deviations (n - 1 in the denominator).

    Raises:
        DataError: NaN, infinite or all equal scores, or fewer than two.
        SettingsError: ``k`` NaN or infinite.
    """
    if not math.isfinite(k):
        raise SettingsError(f"k must be a finite number of standard deviations; got {k}.")
    values = checked_varied(scores)
    if values.size < 2:
        raise DataError("Mean plus k standard deviations needs at least 2 normal images; got 1.")
    threshold = float(values.mean() + k * values.std(ddof=1))
    return Choice(threshold, f"mean + {k:g} std of {values.size} normal scores")


def min_max(scores: ArrayLike, at: float = 0.5) -> Choice:
    """The raw score that min-max scaling over calibration scores maps to ``at``.

    Scaled scores may lie outside [0, 1]: the range is that of the calibration images, and a test image never moves it.

    Args:
        scores: (n,) raw scores of calibration images, n >= 2.
        at: threshold on the scaled score; 1 is the highest calibration score.

    Raises:
        DataError: NaN, infinite or all equal scores, or fewer than two.
        SettingsError: ``at`` NaN or infinite.
    """
    if not math.isfinite(at):
        raise SettingsError(f"The scaled threshold must be a finite number; got {at}.")
    low, high = _range(scores)
    return Choice(low + at * (high - low), f"min-max over {np.size(scores)} calibration scores at {at:g}")


def min_max_scaled(scores: ArrayLike, calibration_scores: ArrayLike) -> NDArray[np.float64]:
    """Scores on the scale where the calibration scores run from 0 to 1; not clamped, so that order survives.

    Args:
        scores: (m,) raw scores.
        calibration_scores: (n,) raw scores, n >= 2.

    Returns:
        float64 (m,).

    Raises:
        DataError: NaN, infinite or all equal scores, or fewer than two for calibration.
    """
    low, high = _range(calibration_scores)
    return np.asarray((checked_scores(scores, "scores") - low) / (high - low), dtype=np.float64)


def _range(scores: ArrayLike) -> tuple[float, float]:
    values = checked_varied(scores)
    if values.size < 2:
        raise DataError("Min-max scaling needs at least 2 calibration images; got 1.")
    return float(values.min()), float(values.max())


def best_f1(scores: ArrayLike, defective: ArrayLike) -> Choice:
    """The threshold with the highest F1 on labelled validation images (never test images).

    It spends labelled defects, and holds only while defects are as frequent as they were there.

    Args:
        scores: (n,) raw scores of validation images.
        defective: (n,) bool.

    Raises:
        DataError: NaN or infinite scores, lengths that differ, or one class only.
    """
    values = checked_varied(scores, "validation scores")
    truth = np.asarray(defective, dtype=np.bool_)
    if truth.shape != values.shape:
        raise DataError(f"There are {values.size} validation scores and labels of shape {truth.shape}; give one each.")
    if truth.all() or not truth.any():
        raise DataError(
            "The best F1 needs good and defective validation images;"
            f" all {truth.size} are {'defective' if truth.all() else 'good'}."
        )
    thresholds = np.unique(values)[::-1]
    found = np.count_nonzero(truth) - np.searchsorted(np.sort(values[truth]), thresholds, side="left")
    flagged = values.size - np.searchsorted(np.sort(values), thresholds, side="left")
    f1 = 2.0 * found / (flagged + np.count_nonzero(truth))
    best = int(np.argmax(f1))
    return Choice(float(thresholds[best]), f"best F1 on {values.size} labelled validation images")
