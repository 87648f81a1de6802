"""What surfaces, distractors and cracks are drawn on: colour, relief, light, and what hides what."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets.synthesis.noise import Field, Generator

Colour = NDArray[np.float32]
"""RGB, 0 to 1, gamma-encoded as in a photo: float32 (3,) or (H, W, 3)."""


@dataclass(frozen=True)
class Light:
    """Where the light comes from.

    Attributes:
        x, y: unit vector in the picture's plane, towards the light (y down).
        hardness: 0 overcast, 1 raking sun: strength of relief shading and shadows.
    """

    x: float
    y: float
    hardness: float


@dataclass
class Canvas:
    """A photo in the making. Drawing functions change it in place.

    Attributes:
        colour: float32 (H, W, 3), RGB, 0 to 1.
        relief_px: height of the surface towards the camera, float32 (H, W), in pixels; shaded once, by `shade_relief`.
        light: one light for everything.
        grain_px: size of the finest visible grain of the surface; what lies on it is scaled by it.
        joints: centre lines of joints in the surface, each float64 (n, 2) of (x, y); cracks may follow them.
        hidden: how far something in front hides the surface, 0 to 1, float32 (H, W).
        level: typical colour of the surface, float32 (3,).
    """

    colour: Colour
    relief_px: Field
    light: Light
    grain_px: float = 1.5
    joints: list[NDArray[np.float64]] = field(default_factory=list)
    hidden: Field = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    level: Colour = field(default_factory=lambda: np.full(3, 0.5, dtype=np.float32))

    def __post_init__(self) -> None:
        if self.hidden.size == 0:
            self.hidden = np.zeros(self.shape, dtype=np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), pixels."""
        return self.colour.shape[0], self.colour.shape[1]

    @property
    def size_px(self) -> int:
        """The shorter side."""
        return min(self.shape)

    def shade_relief(self) -> None:
        """Light the relief: slopes towards the light brighten, slopes away darken. The relief is flat afterwards."""
        slope_x = cv2.Scharr(self.relief_px, cv2.CV_32F, 1, 0, scale=1 / 32)
        slope_y = cv2.Scharr(self.relief_px, cv2.CV_32F, 0, 1, scale=1 / 32)
        facing = -(slope_x * np.float32(self.light.x) + slope_y * np.float32(self.light.y))
        gain = 1 + np.clip(facing * np.float32(0.3 + 1.2 * self.light.hardness), -0.75, 0.6)
        self.colour *= gain[..., None].astype(np.float32)
        self.relief_px[:] = 0

    def blend(self, colour: Colour | float, alpha: Field, window: tuple[slice, slice] | None = None) -> None:
        """Lay ``colour`` over the canvas with opacity ``alpha``, float32 (h, w) 0 to 1, in a window of it."""
        part = self.colour if window is None else self.colour[window]
        part += (np.asarray(colour, dtype=np.float32) - part) * alpha[..., None]

    def darken(self, gain: Field, window: tuple[slice, slice] | None = None) -> None:
        """Multiply the canvas by ``gain``, float32 (h, w)."""
        part = self.colour if window is None else self.colour[window]
        part *= gain[..., None]

    def hide(self, alpha: Field, window: tuple[slice, slice] | None = None) -> None:
        """Note that something in front hides the surface with opacity ``alpha``."""
        part = self.hidden if window is None else self.hidden[window]
        np.maximum(part, alpha, out=part)


def random_light(rng: Generator) -> Light:
    """Mostly from above, sometimes from anywhere; mostly diffuse."""
    angle = rng.normal(-np.pi / 2, 0.8) if rng.random() < 0.6 else rng.uniform(-np.pi, np.pi)
    return Light(float(np.cos(angle)), float(np.sin(angle)), float(rng.beta(1.3, 1.8)))


def tinted(rng: Generator, level: float, *, tint: float = 0.03) -> Colour:
    """A grey of brightness ``level`` (0 to 1) with a small random tint: warm more often than cool."""
    warm = rng.normal(0.35, 1.0) * tint
    green = rng.normal(0.0, 0.35) * tint
    return np.clip(np.array([level + warm, level + green, level - warm * 1.2], dtype=np.float32), 0.02, 0.98)


def mix(low: Colour, high: Colour, share: Field) -> Colour:
    """Colour (H, W, 3) between two colours, by a share (H, W)."""
    return np.asarray(low + (high - low) * share[..., None], dtype=np.float32)
