"""Lines drawn exactly, apart from anything in blemish: each pixel's fraction of a shape, from 8 × 8 samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Shape = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
SAMPLES = 8
SURFACE, CRACK = 210.0, 40.0


@dataclass(frozen=True)
class Drawing:
    """Shapes are functions of (x, y) in pixels, pixel centres at whole numbers; angles counter-clockwise as seen."""

    shape: tuple[int, int] = (220, 220)

    @staticmethod
    def bar(x: float, y: float, deg: float, length: float, width: float) -> Shape:
        """A straight crack with square ends about (x, y)."""
        c, s = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))

        def inside(px, py):
            along, across = (px - x) * c - (py - y) * s, (px - x) * s + (py - y) * c
            return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)

        return inside

    @staticmethod
    def arc(x: float, y: float, radius: float, start_deg: float, sweep_deg: float, width: float) -> Shape:
        """Part of a circle about (x, y), its length radius × sweep."""

        def inside(px, py):
            turned = np.mod(np.arctan2(y - py, px - x) - np.deg2rad(start_deg), 2 * np.pi)
            return (np.abs(np.hypot(px - x, py - y) - radius) <= width / 2) & (turned <= np.deg2rad(sweep_deg))

        return inside

    @staticmethod
    def wedge(x: float, y: float, length: float, narrow: float, wide: float) -> Shape:
        """A horizontal crack from (x, y) to the right that widens evenly."""

        def inside(px, py):
            fraction = (px - x) / length
            return (fraction >= 0) & (fraction <= 1) & (np.abs(py - y) <= (narrow + (wide - narrow) * fraction) / 2)

        return inside

    @staticmethod
    def together(*shapes: Shape) -> Shape:
        """The union of shapes."""
        return lambda px, py: np.logical_or.reduce([shape(px, py) for shape in shapes])

    def mask(self, shape: Shape) -> NDArray[np.bool_]:
        """Pixels whose centre lies in the shape."""
        height, width = self.shape
        return shape(np.arange(width)[np.newaxis, :], np.arange(height)[:, np.newaxis])

    def coverage(self, shape: Shape) -> NDArray[np.float64]:
        """Fraction of each pixel that lies in the shape; sampled finely where corners and centre do not agree."""
        height, width = self.shape
        corners = shape(np.arange(width + 1)[np.newaxis, :] - 0.5, np.arange(height + 1)[:, np.newaxis] - 0.5)
        votes = self.mask(shape).astype(int)
        for rows in (slice(None, -1), slice(1, None)):
            for columns in (slice(None, -1), slice(1, None)):
                votes += corners[rows, columns]
        covered = (votes == 5).astype(np.float64)
        mixed = np.nonzero((votes > 0) & (votes < 5))
        between = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
        y, x = (place[:, np.newaxis, np.newaxis] for place in mixed)
        covered[mixed] = shape(x + between, y + between[:, np.newaxis]).mean(axis=(1, 2))
        return covered

    def image(self, shape: Shape, *, blur: float = 0.0, noise: float = 0.05, seed: int = 0) -> NDArray[np.uint8]:
        """Dark on light, blurred by a Gaussian (px), with noise (fraction of full brightness)."""
        grey = (SURFACE + (CRACK - SURFACE) * self.coverage(shape)).astype(np.float32)
        if blur:
            grey = cv2.GaussianBlur(grey, (0, 0), blur)
        grey = grey + np.random.default_rng(seed).normal(0, noise * 255, grey.shape)
        return np.clip(np.round(grey), 0, 255).astype(np.uint8)


@pytest.fixture
def drawing() -> Drawing:
    return Drawing()
