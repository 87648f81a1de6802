"""Defects painted on images of normal parts: something to tell normal images from, where no defective one can be had.

Four kinds that hardly depend on the material: a thin line (crack, scratch, hair), a ragged stain, a piece of the image
in another place (cut and paste: Li et al., "CutPaste", CVPR 2021), and small pits. Contrast is measured in spreads of
the image's own grey values around the spot, so that a defect is as hard to see on rough stone as on smooth steel.

They choose between settings and methods. They do not stand for real defects: a figure on them is no guarantee.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.noise import Field, Generator, fractal_noise, log_uniform, smoothstep, value_noise

# Least grey levels that a painted defect differs by: on a flat image any spread is near zero.
_MIN_LEVELS = 6.0


def paint_defect(image: NDArray[np.uint8], rng: Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Paint one defect of a random kind, size and contrast.

    Args:
        image: uint8 RGB (H, W, 3), at least 16 px each way.
        rng: decides everything.

    Returns:
        The image with a defect, uint8 (H, W, 3), and where it differs, bool (H, W), at least one pixel.
    """
    kinds = (_line, _stain, _pasted, _pits)
    size = (int(image.shape[0]), int(image.shape[1]))
    while True:
        painted = kinds[int(rng.integers(len(kinds)))](image, size, rng)
        changed = np.abs(painted.astype(np.int16) - image).max(axis=2) >= 2
        if changed.any():
            return painted, changed


def _line(image: NDArray[np.uint8], size: tuple[int, int], rng: Generator) -> NDArray[np.uint8]:
    """A wandering line, mostly dark."""
    side = min(size)
    length = log_uniform(rng, 0.1, 0.6) * side
    steps = max(6, int(length / 3))
    bends = np.cumsum(rng.normal(0, 0.18, steps)) + rng.uniform(0, 2 * np.pi)
    walk = np.cumsum(np.stack([np.cos(bends), np.sin(bends)], axis=1) * (length / steps), axis=0)
    walk += _spot(size, rng) - walk.mean(axis=0)
    line = np.zeros(size, np.uint8)
    width = max(1, round(log_uniform(rng, 0.004, 0.016) * side))
    # Sixteenths of a pixel.
    cv2.polylines(line, [np.rint(walk * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    return _shaded(image, np.divide(line, 255, dtype=np.float32), _contrast(rng, dark=0.75), rng)


def _stain(image: NDArray[np.uint8], size: tuple[int, int], rng: Generator) -> NDArray[np.uint8]:
    """A ragged patch, lighter or darker."""
    return _shaded(image, _blob(size, rng, log_uniform(rng, 0.02, 0.12)), _contrast(rng, dark=0.5), rng)


def _pasted(image: NDArray[np.uint8], size: tuple[int, int], rng: Generator) -> NDArray[np.uint8]:
    """A patch shows another part of the image, turned."""
    alpha = _blob(size, rng, log_uniform(rng, 0.03, 0.12))[..., None]
    turn = cv2.getRotationMatrix2D(((size[1] - 1) / 2, (size[0] - 1) / 2), rng.uniform(60, 300), 1.0)
    turn[:, 2] += rng.uniform(-0.25, 0.25, 2) * size[::-1]
    other = cv2.warpAffine(image, turn, size[::-1], borderMode=cv2.BORDER_REFLECT_101)
    mixed = image + alpha * (np.asarray(other, np.float32) - image)
    return np.asarray(mixed.round().clip(0, 255), np.uint8)


def _pits(image: NDArray[np.uint8], size: tuple[int, int], rng: Generator) -> NDArray[np.uint8]:
    """One to a few small dark or bright dots near each other."""
    dots = np.zeros(size, np.uint8)
    side = min(size)
    centre = _spot(size, rng)
    for _ in range(int(rng.integers(1, 5))):
        at = np.rint((centre + rng.normal(0, 0.04 * side, 2)) * 16).astype(int)
        radius = max(1.0, log_uniform(rng, 0.005, 0.02) * side)
        cv2.circle(dots, (int(at[0]), int(at[1])), round(radius * 16), 255, -1, cv2.LINE_AA, 4)
    return _shaded(image, np.divide(dots, 255, dtype=np.float32), _contrast(rng, dark=0.7), rng)


def _spot(size: tuple[int, int], rng: Generator) -> NDArray[np.float64]:
    """A place (x, y) away from the border."""
    return np.asarray(rng.uniform(0.15, 0.85, 2) * size[::-1])


def _blob(size: tuple[int, int], rng: Generator, radius: float) -> Field:
    """A ragged patch around a spot, 0 to 1; the radius as a fraction of the shorter side."""
    reach = radius * min(size)
    x, y = _spot(size, rng)
    rows, columns = np.ogrid[: size[0], : size[1]]
    away = np.hypot(rows - y, (columns - x) * rng.uniform(0.5, 1.0)).astype(np.float32)
    ragged = fractal_noise(rng, size, max(4.0, reach), 2.0) * np.float32(0.35 * reach)
    return smoothstep(-1.0, 1.0, np.float32(reach) - away + ragged)


def _contrast(rng: Generator, *, dark: float) -> float:
    """In spreads of the surroundings."""
    return log_uniform(rng, 1.0, 4.0) * (-1 if rng.random() < dark else 1)


def _shaded(image: NDArray[np.uint8], alpha: Field, contrast: float, rng: Generator) -> NDArray[np.uint8]:
    """The image made lighter or darker where ``alpha`` is."""
    rows, columns = np.nonzero(alpha > 0.1)
    if not len(rows):
        return image
    margin = max(8, min(alpha.shape) // 16)
    around = image[
        max(0, rows.min() - margin) : rows.max() + margin, max(0, columns.min() - margin) : columns.max() + margin
    ]
    levels = contrast * max(_MIN_LEVELS, float(around.std(axis=(0, 1)).mean()))
    patchy = 1 + np.float32(0.25) * value_noise(rng, (alpha.shape[0], alpha.shape[1]), 12.0)
    shaded = image + (alpha * patchy * np.float32(levels))[..., None]
    return np.asarray(shaded.round().clip(0, 255), np.uint8)
