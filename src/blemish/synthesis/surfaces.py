"""The surfaces by name, and drawing one."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from blemish.errors import SettingsError, did_you_mean
from blemish.synthesis import surfaces_grained, surfaces_jointed, surfaces_plain
from blemish.synthesis.canvas import Canvas, Light
from blemish.synthesis.noise import Generator

DrawSurface = Callable[[Generator, tuple[int, int], float, Light], Canvas]

SURFACES: MappingProxyType[str, DrawSurface] = MappingProxyType(
    {
        "concrete": surfaces_plain.concrete,
        "shuttering": surfaces_plain.shuttering,
        "render": surfaces_plain.render,
        "painted": surfaces_plain.painted,
        "asphalt": surfaces_grained.asphalt,
        "aggregate": surfaces_grained.aggregate,
        "stone": surfaces_grained.stone,
        "brick": surfaces_jointed.brick,
        "paving": surfaces_jointed.paving,
        "tiles": surfaces_jointed.tiles,
        "rubble": surfaces_jointed.rubble,
        "wood": surfaces_jointed.wood,
        "metal": surfaces_jointed.metal,
        "ground": surfaces_grained.ground,
        "weathered": surfaces_plain.weathered,
    }
)
"""Every surface by name."""

ONLY_WHERE_ASKED = frozenset({"weathered"})
"""Surfaces that came later than the others: unless settings name them, a seed draws the image that it drew before."""

NEVER_CRACKED = frozenset({"wood", "metal", "ground"})
"""Surfaces that only ever stand for "no crack here"."""


def draw_surface(name: str, rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Draw a surface, its relief not yet lit.

    Args:
        name: one of `SURFACES`.
        rng: source of chance.
        shape: (height, width), pixels.
        grain_px: size of the finest grain, pixels.
        light: where the light comes from.

    Returns:
        A canvas of that size.

    Raises:
        SettingsError: no surface has that name.
    """
    if name not in SURFACES:
        raise SettingsError(f'There is no surface called "{name}".{did_you_mean(name, SURFACES)}')
    canvas = SURFACES[name](rng, shape, grain_px, light)
    np.clip(canvas.colour, 0.0, 1.0, out=canvas.colour)
    return canvas
