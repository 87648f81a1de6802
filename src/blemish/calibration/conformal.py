"""Split-conformal p-values, and which of a batch of images to reject.

Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005; Bates, Candès, Lei, Romano, Sesia, "Testing for
outliers with conformal p-values", Annals of Statistics 51, 2023; Benjamini and Hochberg, JRSS B 57, 1995.

Valid when the calibration images were never shown to the detector in training and are exchangeable with the normal
images that follow. Then a normal image has p <= a with probability at most a, on average over draws of the calibration
images; for a guarantee about *these* calibration images see `blemish.calibration.guarantee`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import checked_fraction, checked_scores
from blemish.errors import DataError


def p_value(score: float, normal_scores: ArrayLike) -> float:
    """Fraction of normal images that score at least as high, the image itself counted: (1 + #{normal >= score}) / (n +
    1).

    Args:
        score: raw image score, finite, higher is worse.
        normal_scores: (n,) raw scores of held-out normal images, in any order.

    Returns:
        In [1 / (n + 1), 1]. Small: few normal images look as bad.

    Raises:
        DataError: a score that is NaN or infinite, or no normal scores.
    """
    return float(p_values([score], normal_scores)[0])


def p_values(scores: ArrayLike, normal_scores: ArrayLike) -> NDArray[np.float64]:
    """`p_value` of many images at once.

    Args:
        scores: (m,) raw image scores.
        normal_scores: (n,) raw scores of held-out normal images, in any order.

    Returns:
        float64 (m,), each in [1 / (n + 1), 1].

    Raises:
        DataError: as `p_value`.
    """
    asked = checked_scores(scores, "scores")
    normal = np.sort(checked_scores(normal_scores))
    as_high = normal.size - np.searchsorted(normal, asked, side="left")
    return np.asarray((1.0 + as_high) / (normal.size + 1.0), dtype=np.float64)


def benjamini_hochberg(p: ArrayLike, rate: float) -> NDArray[np.bool_]:
    """Which images of a batch to reject so that the expected fraction of good ones among them is at most ``rate``.

    Conformal p-values share their calibration images and so depend on one another, but positively: the bound holds
    all the same (Bates et al. 2023), on average over draws of the calibration images.

    Args:
        p: (m,) p-values in [0, 1].
        rate: false discovery rate, in (0, 1).

    Returns:
        bool (m,), True where rejected.

    Raises:
        DataError: p-values outside [0, 1], or none.
        SettingsError: ``rate`` outside (0, 1).
    """
    values = checked_scores(p, "p-values")
    if values.min() < 0.0 or values.max() > 1.0:
        raise DataError(f"p-values lie between 0 and 1; got {values.min():g} to {values.max():g}.")
    checked_fraction(rate, "rate")
    ranked = np.sort(values)
    # The slack keeps p = rate * k / m rejected where the product rounds down.
    passing = np.flatnonzero(ranked <= rate * np.arange(1, values.size + 1) / values.size * (1 + 1e-12))
    if passing.size == 0:
        return np.zeros(values.size, dtype=np.bool_)
    return np.asarray(values <= ranked[passing[-1]], dtype=np.bool_)
