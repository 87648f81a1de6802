"""Random changes of an image that keep its label true: symmetries of the square, angle, exposure, colour."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# An unpublished industry study changed angle and colour of its images and does not state by how much: ours.
_MAX_ANGLE_DEG = 15.0
_MAX_COLOUR_CHANGE = 0.1


class Symmetry(NamedTuple):
    """One of the eight symmetries of the square: rotation by quarters, then a mirror image or not."""

    quarters: int
    mirrored: bool

    def apply(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """(H, W, ...) -> contiguous (H, W, ...) or (W, H, ...)."""
        rotated = np.rot90(pixels, self.quarters)
        return np.ascontiguousarray(rotated[:, ::-1] if self.mirrored else rotated)

    def without_quarters(self) -> Symmetry:
        """One of the four symmetries of a rectangle: rotated by a half or not at all."""
        return self._replace(quarters=self.quarters // 2 * 2)


def random_symmetry(rng: np.random.Generator) -> Symmetry:
    """Each of the eight with the same probability."""
    return Symmetry(int(rng.integers(4)), bool(rng.integers(2)))


def exposure_table(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another exposure, grey value for grey value: contrast ±25 %, brightness ±25, gamma 0.8 to 1.25; uint8 (256,)."""
    levels = np.arange(256, dtype=np.float32) / 255.0
    levels = levels ** float(np.exp(rng.uniform(-0.22, 0.22)))
    levels = (levels - 0.5) * rng.uniform(0.75, 1.25) + 0.5 + rng.uniform(-0.1, 0.1)
    return np.asarray((np.clip(levels, 0, 1) * 255).round(), np.uint8)


def contrast_table(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another contrast and brightness, grey value for grey value: ±25 %, ±25; uint8 (256,)."""
    contrast, brightness = rng.uniform(0.75, 1.25), rng.uniform(-25, 25)
    levels = (np.arange(256) - 127.5) * contrast + 127.5 + brightness
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def another_angle(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Rotated about its centre by up to 15°, uint8 (H, W, 3); corners are filled by reflection."""
    height, width = image.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, float(rng.uniform(-_MAX_ANGLE_DEG, _MAX_ANGLE_DEG)), 1.0)
    rotated = cv2.warpAffine(np.ascontiguousarray(image), matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(rotated, np.uint8)


def another_colour(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Brightness, contrast and each channel changed by up to a tenth, uint8 (H, W, 3)."""
    change = rng.uniform(-_MAX_COLOUR_CHANGE, _MAX_COLOUR_CHANGE, 5)
    levels = image.astype(np.float32)
    grey = levels.mean()
    levels = (levels - grey) * np.float32(1 + change[0]) + grey * np.float32(1 + change[1])
    return np.asarray((levels * (1 + change[2:]).astype(np.float32)).round().clip(0, 255), np.uint8)
