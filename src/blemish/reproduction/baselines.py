"""Trivial baselines: one number of an image, without a network. A method is worth what it adds to them.

All but the residual of a PCA are untrained. Each is turned into a score in two ways: in the direction that is natural
(darker, rougher, farther from the principal components), and, where none is, by its distance from the mean of the
normal training images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Sample
from blemish.images import resize_image

_SIDE_PX = 64
_COMPONENTS = 32
_SMALL = "small copy"
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

Statistic = Callable[[NDArray[np.float32]], float]
"""Of a grey copy of 64 × 64 px, 0 to 255: at its own size an image's detail depends on its camera."""

STATISTICS: dict[str, Statistic] = {
    "mean grey": lambda grey: float(grey.mean()),
    "standard deviation": lambda grey: float(grey.std()),
    "mean |Laplacian|": lambda grey: float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean()),
    "darkest pixel": lambda grey: -float(grey.min()),
}
PCA = f"residual of {_COMPONENTS} principal components"
NAMES = (*STATISTICS, PCA)


def baseline_scores(
    normal: Sequence[Sample], test: Sequence[Sample]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Scores of test images by every baseline.

    Args:
        normal: training images without defects.
        test: at least one.

    Returns:
        For each of `NAMES`: the plain value (N,), and its distance from the mean of the normal images in their standard
        deviations (N,).
    """
    of_normal, of_test = _values(normal), _values(test)
    found = {}
    for name in STATISTICS:
        mean, std = of_normal[name].mean(), max(float(of_normal[name].std()), 1e-9)
        found[name] = of_test[name], np.abs(of_test[name] - mean) / std
    residual = _residuals(of_normal[_SMALL], of_test[_SMALL])
    found[PCA] = residual, residual
    return found


def _values(samples: Sequence[Sample]) -> dict[str, NDArray[np.float64]]:
    """Every statistic of every image, and the small copies as rows."""
    rows: dict[str, list[object]] = {name: [] for name in (*STATISTICS, _SMALL)}
    for sample in samples:
        grey = np.asarray(sample.read_image().astype(np.float32) @ _LUMA, np.float32)
        small = resize_image(grey.round().clip(0, 255).astype(np.uint8), (_SIDE_PX, _SIDE_PX)).astype(np.float32)
        for name, statistic in STATISTICS.items():
            rows[name].append(statistic(small))
        rows[_SMALL].append(small.ravel())
    return {name: np.asarray(values, np.float64) for name, values in rows.items()}


def _residuals(normal: NDArray[np.float64], test: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean squared distance of images, as rows, from the first principal components of normal ones."""
    mean = normal.mean(axis=0)
    components = np.linalg.svd(normal - mean, full_matrices=False)[2][:_COMPONENTS]
    centred = test - mean
    return np.asarray(np.square(centred - centred @ components.T @ components).mean(axis=1))
