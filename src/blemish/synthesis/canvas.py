"""What surfaces, distractors and cracks are drawn on: colour, relief, light, and what hides what.

Colour is planar, (3, H, W): numpy is some ten times slower where the last axis is three long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.noise import Field, Generator, coordinates, log_uniform

Colour = NDArray[np.float32]
"""RGB, 0 to 1, gamma-encoded as in an image: float32 (3,) or (3, H, W)."""

Window = tuple[slice, slice]

Real = NDArray[np.floating[Any]]


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

    @property
    def umbra(self) -> float:
        """How much of its light a cast shadow takes away, 0 to 1."""
        return 0.15 + 0.45 * self.hardness


@dataclass
class Canvas:
    """An image in the making. Drawing functions change it in place.

    Attributes:
        colour: float32 (3, H, W), RGB, 0 to 1.
        relief_px: height of the surface towards the camera, float32 (H, W), in pixels; shaded once, by `shade_relief`.
        light: one light for everything.
        grain_px: size of the finest visible grain of the surface; what lies on it is scaled by it.
        level: typical colour of the surface, float32 (3,).
        joints: centre lines of joints in the surface, each float64 (n, 2) of (x, y); cracks may follow them.
        joint_px: width of those joints.
        hidden: how far something in front hides the surface, 0 to 1, float32 (H, W).
    """

    colour: Colour
    relief_px: Field
    light: Light
    grain_px: float
    level: Colour
    joints: list[NDArray[np.float64]] = field(default_factory=list)
    joint_px: float = 1.0
    hidden: Field = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def __post_init__(self) -> None:
        if self.hidden.size == 0:
            self.hidden = np.zeros(self.shape, dtype=np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), pixels."""
        return self.colour.shape[1], self.colour.shape[2]

    @property
    def size_px(self) -> int:
        """The shorter side."""
        return min(self.shape)

    def part(self, window: Window | None) -> Colour:
        """The canvas's colour in a window of it: a view, (3, h, w)."""
        return self.colour if window is None else self.colour[:, window[0], window[1]]

    def near(self, x: float, y: float, reach_px: float) -> tuple[Window, Field, Field] | None:
        """The part of the image within ``reach_px`` of a point, and how far right and below it each pixel lies.

        Returns:
            The window and two fields, float32 (h, w); None where that part lies outside the image.
        """
        height, width = self.shape
        x0, x1 = max(int(x - reach_px), 0), min(int(x + reach_px) + 2, width)
        y0, y1 = max(int(y - reach_px), 0), min(int(y + reach_px) + 2, height)
        if x0 >= x1 or y0 >= y1:
            return None
        rows, columns = coordinates((y1 - y0, x1 - x0))
        return (slice(y0, y1), slice(x0, x1)), columns + np.float32(x0 - x), rows + np.float32(y0 - y)

    def blend(self, colour: Real | float, alpha: Real, window: Window | None = None) -> None:
        """Lay a colour, (3,), (3, h, w) or a grey, over the canvas with opacity ``alpha``, (h, w) 0 to 1."""
        part = self.part(window)
        over = np.asarray(colour, dtype=np.float32)
        part += (spread(over) - part) * alpha.astype(np.float32, copy=False)

    def scale(self, gain: Real, window: Window | None = None) -> None:
        """Multiply the canvas by ``gain``, (h, w) or (3, h, w)."""
        part = self.part(window)
        part *= gain.astype(np.float32, copy=False)

    def add(self, change: Real, window: Window | None = None) -> None:
        """Add ``change``, (h, w), to every channel."""
        part = self.part(window)
        part += change.astype(np.float32, copy=False)

    def hide(self, alpha: Real, window: Window | None = None) -> None:
        """Note that something in front hides the surface with opacity ``alpha``."""
        part = self.hidden if window is None else self.hidden[window]
        np.maximum(part, alpha, out=part)

    def shade_relief(self, gain: float) -> None:
        """Light the relief, ``gain`` times as strongly as it is: slopes towards the light brighten, others darken.

        Hollows darken from every side (ambient occlusion). The relief is flat afterwards.
        """
        relief = self.relief_px * np.float32(gain)
        slope_x = cv2.Scharr(relief, cv2.CV_32F, 1, 0, scale=1 / 32)
        slope_y = cv2.Scharr(relief, cv2.CV_32F, 0, 1, scale=1 / 32)
        facing = slope_x * np.float32(-self.light.x) + slope_y * np.float32(-self.light.y)
        facing *= np.float32(0.3 + 1.1 * self.light.hardness)
        hollow = relief - cv2.blur(relief, (7, 7))
        facing += np.clip(hollow, -3, 1) * np.float32(0.12)
        # Soft limits: a slope cannot be brighter than facing the light, nor darker than its shade.
        shade = np.tanh(facing * np.float32(1.3)) * np.float32(0.55)
        shade += 1
        self.colour *= shade
        self.relief_px[:] = 0


def new_canvas(colour: Colour, light: Light, grain_px: float, level: Colour) -> Canvas:
    """A canvas with a flat relief."""
    return Canvas(colour, np.zeros(colour.shape[1:], dtype=np.float32), light, grain_px, level)


def spread(colour: Colour) -> Colour:
    """A colour (3,) as (3, 1, 1), so that it multiplies planes; anything else as it is."""
    return colour[:, None, None] if colour.ndim == 1 else colour


def rgb(*channels: float) -> Colour:
    """A colour from its three channels."""
    return np.asarray(channels, dtype=np.float32)


def random_light(rng: Generator) -> Light:
    """Mostly from above, sometimes from anywhere; mostly diffuse."""
    angle = rng.normal(-np.pi / 2, 0.8) if rng.random() < 0.6 else rng.uniform(-np.pi, np.pi)
    return Light(float(np.cos(angle)), float(np.sin(angle)), float(rng.beta(1.1, 2.2)))


def tinted(rng: Generator, level: float, *, tint: float = 0.025) -> Colour:
    """A grey of brightness ``level`` (0 to 1) with a small random tint: warm more often than cool."""
    warm = rng.normal(0.3, 1.0) * tint
    green = rng.normal(0.0, 0.25) * tint
    return np.clip(rgb(level + warm, level + green + warm * 0.25, level - warm), 0.02, 0.98)


def mix(low: Colour, high: Colour, fraction: Field) -> Colour:
    """Colour (3, H, W) between two colours (3,), by a fraction (H, W)."""
    return np.asarray(spread(low) + spread(high - low) * fraction, dtype=np.float32)


def speckled(rng: Generator, level: Colour, texture: Field, low: float, high: float) -> Colour:
    """A colour (3, H, W), its brightness varied by ``texture`` (about N(0, 1)) from ``low`` to ``high`` strong."""
    return np.asarray(
        np.clip(spread(level) * (1 + texture * np.float32(log_uniform(rng, low, high))), 0, 1), dtype=np.float32
    )
