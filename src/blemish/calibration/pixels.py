"""Pixel thresholds from normal images.

Pixels of one image are not independent samples: a stain raises thousands at once. So the sample is the image, and its
score the highest value of its map. A threshold promised for those maxima promises "at most a share alpha of good images
shows any false pixel at all" (family-wise).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.calibration.promise import Promise, marginal_threshold, promised_threshold
from blemish.errors import DataError


def image_maxima(heat_maps: Iterable[NDArray[np.floating[Any]]]) -> NDArray[np.float64]:
    """Highest map value of each normal image, drawn one map at a time.

    Args:
        heat_maps: float32 (H, W) each, finite, higher is worse.

    Returns:
        float64 (n,).

    Raises:
        DataError: an empty map, or NaN or infinite values, with the number of the map.
    """
    maxima = []
    for number, heat_map in enumerate(heat_maps, start=1):
        if heat_map.size == 0 or not np.isfinite(heat_map).all():
            raise DataError(f"Heat map number {number} is empty or has NaN or infinite values; all must be finite.")
        maxima.append(float(heat_map.max()))
    return np.array(maxima, dtype=np.float64)


def pixel_threshold(maxima: NDArray[np.float64], alpha: float, confidence: float | None = 0.95) -> Promise:
    """The lowest pixel threshold with: "at most a share alpha of good images shows any false pixel".

    Args:
        maxima: (n,) highest map value of each held-out normal image, from `image_maxima`.
        alpha: promised share of images, in (0, 1).
        confidence: in (0, 1); None for the marginal promise.

    Returns:
        The promise; a pixel is flagged at ``heat_map >= threshold``.

    Raises:
        TooFewImagesError, DataError, SettingsError: as `promised_threshold`.
    """
    if confidence is None:
        return marginal_threshold(maxima, alpha)
    return promised_threshold(maxima, alpha, confidence)
