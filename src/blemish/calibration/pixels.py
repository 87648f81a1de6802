"""Pixel thresholds from normal images.

Pixels of one image are not independent samples: a stain raises thousands at once. So the sample is the image, and its
score the highest value of its map. A threshold guaranteed for those maxima guarantees "at most a fraction alpha of
normal images shows any false pixel at all" (family-wise).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.calibration.guarantee import Guarantee, guaranteed_threshold, marginal_threshold
from blemish.errors import DataError


def image_maxima(anomaly_maps: Iterable[NDArray[np.floating[Any]]]) -> NDArray[np.float64]:
    """Highest map value of each normal image, drawn one map at a time.

    Args:
        anomaly_maps: float32 (H, W) each, finite, higher is worse.

    Returns:
        float64 (n,).

    Raises:
        DataError: an empty map, or NaN or infinite values, with the number of the map.
    """
    maxima = []
    for number, anomaly_map in enumerate(anomaly_maps, start=1):
        if anomaly_map.size == 0 or not np.isfinite(anomaly_map).all():
            raise DataError(f"Anomaly map number {number} is empty or has NaN or infinite values; all must be finite.")
        maxima.append(float(anomaly_map.max()))
    return np.array(maxima, dtype=np.float64)


def pixel_threshold(maxima: NDArray[np.float64], alpha: float, confidence: float | None = 0.95) -> Guarantee:
    """The lowest pixel threshold with: "at most a fraction alpha of normal images shows any false pixel".

    Args:
        maxima: (n,) highest map value of each held-out normal image, from `image_maxima`.
        alpha: guaranteed fraction of images, in (0, 1).
        confidence: in (0, 1); None for the marginal guarantee.

    Returns:
        The guarantee; a pixel is flagged at ``anomaly_map >= threshold``.

    Raises:
        TooFewImagesError, DataError, SettingsError: as `guaranteed_threshold`.
    """
    if confidence is None:
        return marginal_threshold(maxima, alpha)
    return guaranteed_threshold(maxima, alpha, confidence)
