"""Split-conformal p-values.

Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005; Bates, Candès, Lei, Romano, Sesia, "Testing for
outliers with conformal p-values", Annals of Statistics 51, 2023.

Valid when the calibration images were never shown to the detector in training and are exchangeable with the normal
images that follow. Then a normal image has p <= a with probability at most a, on average over draws of the calibration
images; for a guarantee about *these* calibration images see `blemish.calibration.guarantee`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import checked_scores


def p_value(score: float, normal_scores: ArrayLike) -> float:
    """Fraction of normal images that score at least as high, the image itself included.

    (1 + #{normal >= score}) / (n + 1).

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
