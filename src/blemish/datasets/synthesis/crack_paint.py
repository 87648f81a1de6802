"""What a crack looks like: a dark core, walls that catch or miss the light, worn rims, stains, filling."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from blemish.datasets.synthesis.canvas import Canvas, Colour
from blemish.datasets.synthesis.cracks import CrackField
from blemish.datasets.synthesis.noise import (
    Field,
    Generator,
    fractal_noise,
    grain,
    log_uniform,
    smoothstep,
    value_noise,
)

HALO_PX = 14.0
"""How far outside its edge a crack changes its surroundings."""


@dataclass(frozen=True)
class CrackLook:
    """How the cracks of one photo look.

    Attributes:
        darkness: opacity of a crack, 0 to 1.
        core: brightness of its depth relative to the surface.
        tint: RGB gain of the depth.
        wall: brightness of a lit inner wall relative to the surface.
        rim: strength of lit and shaded rims.
        halo: darkening (above 0) or bleaching (below) of the surroundings.
        chips_px: how far chips break off the edge.
        filling: "none", "dirt", "light" or "moss".
    """

    darkness: float
    core: float
    tint: Colour
    wall: float
    rim: float
    halo: float
    chips_px: float
    filling: str


def random_look(rng: Generator, width_px: float, *, light_share: float) -> CrackLook:
    """A look for cracks about ``width_px`` wide."""
    hairline = width_px < 2.5
    draw = rng.random()
    filling = "none"
    if draw < light_share:
        filling = "light"
    elif draw < light_share + (0.03 if hairline else 0.2):
        filling = "dirt"
    elif draw < light_share + (0.03 if hairline else 0.25):
        filling = "moss"
    return CrackLook(
        darkness=rng.uniform(0.55, 1.0) if hairline else rng.uniform(0.75, 1.0),
        core=log_uniform(rng, 0.04, 0.5),
        tint=np.array([1, rng.uniform(0.8, 1), rng.uniform(0.6, 1)], dtype=np.float32),
        wall=rng.uniform(0.15, 0.75),
        rim=max(0.0, rng.normal(0.12, 0.15)),
        halo=rng.choice([0.0, 0.0, rng.uniform(0.05, 0.35), -rng.uniform(0.05, 0.3)]),
        chips_px=rng.choice([0.0, log_uniform(rng, 1.0, 8.0)]),
        filling=filling,
    )


def paint_cracks(canvas: Canvas, field: CrackField, look: CrackLook, rng: Generator) -> None:
    """Draw cracks into a surface whose relief is lit already."""
    shape = canvas.shape
    near = field.depth_px > -HALO_PX
    if not near.any():
        return
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    depth, half, strength = field.depth_px[window], field.half_width_px[window], field.strength[window]
    size = depth.shape
    facing = _facing_light(np.maximum(depth, -HALO_PX - 2), canvas)
    patchy = smoothstep(-1.0, 1.0, value_noise(rng, size, max(10.0, min(shape) * 0.08)))
    _surround(canvas, window, depth, half, look, patchy, rng)
    if look.rim > 0:
        fall = np.exp(-np.abs(depth) / np.float32(0.8 + 0.06 * half.max())) * (depth < 0.5)
        rim = facing * fall * np.float32(look.rim * (0.4 + canvas.light.hardness)) * (0.4 + patchy)
        canvas.darken((1 + np.clip(rim, -0.5, 0.5)).astype(np.float32), window)
    surface = canvas.colour[window]
    around = cv2.GaussianBlur(surface, (0, 0), 2.0)
    share = np.clip(depth / np.maximum(half * np.float32(0.7), 0.8), 0, 1)
    lit = np.clip(facing, 0, 1) * (1 - share) * np.float32(look.wall) * np.clip((half - 1.5) / 3, 0, 1)
    rough = 1 + 0.3 * fractal_noise(rng, size, 8, 1.5) * np.clip((half - 1.5) / 3, 0, 1)
    # A crack is darkest in the middle: near the edge the eye still sees the wall.
    edge = np.float32(look.core + (1 - look.core) * 0.35)
    level = np.clip((edge + (look.core - edge) * share + lit) * np.clip(rough, 0.3, 1.8), 0.02, 1)
    inside = around * level[..., None] * look.tint
    if look.filling != "none":
        inside = _filled(inside, around, half, look, rng)
    alpha = field.coverage()[window] * strength * np.float32(look.darkness)
    canvas.blend(inside.astype(np.float32), alpha.astype(np.float32), window)


def _facing_light(depth: Field, canvas: Canvas) -> Field:
    """Cosine between the way into the crack and the way to the light: 1 on the wall that faces the light."""
    smooth = cv2.GaussianBlur(depth, (0, 0), 1.0)
    slope_x, slope_y = cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    length = np.maximum(np.hypot(slope_x, slope_y), 1e-3)
    return np.asarray((slope_x * canvas.light.x + slope_y * canvas.light.y) / length, dtype=np.float32)


def _surround(
    canvas: Canvas,
    window: tuple[slice, slice],
    depth: Field,
    half: Field,
    look: CrackLook,
    patchy: Field,
    rng: Generator,
) -> None:
    """Stains, bloom and chips beside the crack."""
    if look.halo != 0:
        reach = np.float32(rng.uniform(2, HALO_PX / 2.5))
        fall = np.exp(np.minimum(depth, 0) / reach) * patchy
        if look.halo > 0:
            canvas.darken((1 - np.float32(look.halo) * fall).astype(np.float32), window)
        else:
            canvas.blend(
                np.float32(min(1.0, canvas.level.mean() * 1.25 + 0.1)), (-look.halo * fall).astype(np.float32), window
            )
    if look.chips_px > 0 and half.max() > 1.2:
        # Spalled edges: shallow flats of fresh, rougher material with a shaded step.
        field = fractal_noise(rng, depth.shape, max(6.0, look.chips_px * 4), 2, persistence=0.65)
        limit = np.float32(min(look.chips_px, HALO_PX - 3)) * np.clip(field, 0, 2) * np.clip(half - 0.8, 0, 2)
        chip = np.clip(depth + limit + 0.5, 0, 1) * (limit > 0.3)
        fresh = np.float32(rng.uniform(0.75, 1.25)) + 0.08 * grain(rng, depth.shape, 1.5)
        step = _facing_light(depth + limit, canvas) * np.exp(-np.abs(depth + limit) / 1.2) * (limit > 0.3)
        gain = 1 + chip * (fresh - 1) + np.float32(0.3 * (0.3 + canvas.light.hardness)) * step
        canvas.darken(np.clip(gain, 0.3, 1.6).astype(np.float32), window)


def _filled(inside: Colour, around: Colour, half: Field, look: CrackLook, rng: Generator) -> Colour:
    """Dirt, sealant, lime or moss in the crack, mostly only in stretches of it."""
    size = half.shape
    if look.filling == "light":
        return np.asarray(
            np.clip(around * np.float32(rng.uniform(1.15, 1.6)) + np.float32(0.06), 0, 1), dtype=np.float32
        )
    where = smoothstep(rng.uniform(-0.8, 0.2), 0.9, value_noise(rng, size, max(15.0, min(size) * 0.15)))
    if look.filling == "dirt":
        colour = np.array([0.36, 0.29, 0.21]) * rng.uniform(0.5, 1.2)
    else:
        colour = np.array([0.25, 0.33, 0.12]) * rng.uniform(0.5, 1.3)
    texture = 1 + 0.35 * grain(rng, size, 2.0)
    filling = np.clip(colour.astype(np.float32) * texture[..., None], 0, 1)
    return np.asarray(
        inside + (filling - inside) * (where * np.float32(rng.uniform(0.4, 0.9)))[..., None], dtype=np.float32
    )
