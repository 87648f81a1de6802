"""Verdicts by both tails: an image is unusual where its score is unusually high, or unusually low.

Generative methods rank some kinds of defects upside down: a smooth, blurred or empty image is reconstructed better than
normal ones. The two-sided conformal p-value is twice the smaller of the two one-sided ones (Bonferroni over the tails;
for conformal prediction e.g. Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005, chapter 2), so a
normal image has p <= a with probability at most a, as before: half of the false alarms are spent on either tail.

`unusualness` puts this on one scale on which higher is worse, so that thresholds and metrics need not know of tails:
-log10 of the p-value, interpolated between calibration scores and continued beyond the outermost ones.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.conformal import p_values
from blemish.calibration.guarantee import Guarantee, flagged_within_risk, too_few_images
from blemish.calibration.scores import checked_fraction, checked_scores, checked_varied

# A score that is no calibration score never counts as one, however near it lies: that far apart, of one whole count.
# The threshold lies half-way, because two processors need not agree on the last bit of a logarithm.
_APART = 1e-8


def two_sided_p_values(scores: ArrayLike, normal_scores: ArrayLike) -> NDArray[np.float64]:
    """Twice the smaller of: fraction of normal images that score at least as high; at least as low.

    Args:
        scores: (m,) raw image scores.
        normal_scores: (n,) raw scores of held-out normal images, in any order.

    Returns:
        float64 (m,), each in [2 / (n + 1), 1], or all 1 for n = 1.

    Raises:
        DataError: a score that is NaN or infinite, or no normal scores.
    """
    high = p_values(scores, normal_scores)
    low = p_values(-checked_scores(scores, "scores"), -checked_scores(normal_scores))
    return np.asarray(np.minimum(1.0, 2 * np.minimum(high, low)), np.float64)


def unusualness(scores: ArrayLike, normal_scores: ArrayLike) -> NDArray[np.float64]:
    """How far out each score lies among normal ones, on either side; higher is worse.

    0 in the middle, log10((n + 1) / 2) at the outermost calibration scores, and beyond them one more for each
    standard deviation of the calibration scores times ln 10. At a calibration score it is -log10 of
    ``2 k / (n + 1)``, where k counts calibration scores from there outwards.

    Args:
        scores: (m,) raw image scores.
        normal_scores: (n,) raw scores of held-out normal images, in any order, not all equal.

    Returns:
        float64 (m,), 0 or more.

    Raises:
        DataError: a score that is NaN or infinite, or normal scores that are none or all equal.
    """
    asked = checked_scores(scores, "scores")
    normal = np.sort(checked_varied(normal_scores))
    high = _outwards(-asked, -normal[::-1])
    doubled = 2 * np.minimum(high, _outwards(asked, normal))
    return np.asarray(-np.log10(np.minimum(1.0, doubled)) + 0.0, np.float64)


def two_sided_threshold(scores: ArrayLike, alpha: float, confidence: float | None) -> Guarantee:
    """The lowest threshold on `unusualness` that keeps the false-alarm rate at most alpha.

    Rejecting beyond the k-th lowest and the k-th highest of n calibration scores gives a rate that follows
    Beta(2 k, n - 2 k + 1), as rejecting above the 2 k-th highest alone does.

    Args:
        scores: (n,) raw scores of held-out normal images.
        alpha: guaranteed false-alarm rate, in (0, 1).
        confidence: in (0, 1), with which it holds for this calibration set; None: on average over calibration sets.

    Returns:
        The guarantee; its threshold belongs to `unusualness` and not to raw scores.

    Raises:
        TooFewImagesError: n is too small; the message and ``needed`` give the number that would do.
        DataError: NaN, infinite or all equal scores, or none.
        SettingsError: alpha or confidence outside (0, 1).
    """
    checked_fraction(alpha, "alpha")
    values = np.sort(checked_varied(scores))
    n = values.size
    each_side = (flagged_within_risk(n, alpha, confidence) + 1) // 2
    if each_side < 1 or n < 2:
        raise too_few_images(n, alpha, confidence, above=1)
    threshold = -math.log10(min(1.0, 2 * (each_side - _APART / 2) / (n + 1)))
    above = int(np.count_nonzero(unusualness(values, values) >= threshold))
    return Guarantee(threshold=threshold, alpha=alpha, confidence=confidence, n=n, above=above)


def _outwards(scores: NDArray[np.float64], ascending: NDArray[np.float64]) -> NDArray[np.float64]:
    """Calibration scores at or below each score, by n + 1; between two of them interpolated, below all exponential."""
    n = ascending.size
    count = np.searchsorted(ascending, scores, side="right")
    lower, upper = ascending[np.clip(count - 1, 0, None)], ascending[np.clip(count, None, n - 1)]
    gap = np.where(upper > lower, upper - lower, 1.0)
    # Where a score is a calibration score itself, nothing is added.
    between = np.where((count > 0) & (count < n), np.minimum((scores - lower) / gap, 1 - _APART), 0.0)
    below = np.minimum(np.exp(-np.clip((ascending[0] - scores) / ascending.std(), 0, 600)), 1 - _APART)
    return np.asarray(np.where(count > 0, count + between, below) / (n + 1), np.float64)
