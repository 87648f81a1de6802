"""What a crack looks like: a dark core, walls that catch or miss the light, worn rims, stains, filling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from blemish.synthesis.canvas import Canvas, Colour, Window, rgb, spread
from blemish.synthesis.cracks import CrackField
from blemish.synthesis.noise import (
    Field,
    Generator,
    exp,
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
    """How the cracks of one image look.

    Attributes:
        darkness: opacity of a crack, 0 to 1.
        core: brightness of its depth relative to the surface.
        tint: RGB gain of the depth.
        bank: brightness just inside the edge, between the core's (0) and the surface's (1): worn edges are bright.
        bank_px: how far inside the edge the core begins.
        wall: brightness of a lit inner wall relative to the surface.
        rim: strength of lit and shaded rims.
        halo: darkening (above 0) or bleaching (below) of the surroundings.
        chips_px: how far chips break off the edge.
        filling: "none", "debris", "dirt", "light" or "moss".
        ragged: how far the grain of the surface breaks up edge and depth, 0 to 1: between stones a crack is dark, and
            across them hardly seen.
    """

    darkness: float
    core: float
    tint: Colour
    bank: float
    bank_px: float
    wall: float
    rim: float
    halo: float
    chips_px: float
    filling: str
    ragged: float = 0.0


def ragged_look(look: CrackLook, rng: Generator) -> CrackLook:
    """The same look on coarse grain: shallower, without a clean core, broken up by stones."""
    return replace(
        look,
        core=log_uniform(rng, 0.15, 0.65),
        bank=rng.beta(1.0, 3.0),
        rim=0.5 * look.rim,
        ragged=rng.uniform(0.35, 1.0),
    )


def weathered_look(look: CrackLook, rng: Generator) -> CrackLook:
    """The same look after decades outdoors: paler, its edges chipped and lit."""
    return replace(
        look,
        rim=look.rim + max(0.0, rng.normal(0.15, 0.25)),
        chips_px=look.chips_px or (log_uniform(rng, 1, 5) if rng.random() < 0.4 else 0.0),
        darkness=look.darkness * rng.uniform(0.45, 1),
    )


def random_look(rng: Generator, width_px: float, light_fraction: float) -> CrackLook:
    """A look for cracks about ``width_px`` wide."""
    hairline = width_px < 2.5
    # Old cracks are rarely empty: crumbs of the surface, soil and moss collect in them.
    fractions = {"light": light_fraction, "dirt": 0.03, "debris": 0.0, "moss": 0.0}
    if not hairline:
        fractions |= {"dirt": 0.2, "debris": 0.2, "moss": 0.05}
    reached = np.cumsum(list(fractions.values()))
    place = int(np.searchsorted(reached, rng.random(), side="right"))
    filling = [*fractions, "none"][place]
    return CrackLook(
        darkness=rng.uniform(0.55, 1.0) if hairline else rng.uniform(0.7, 1.0),
        core=log_uniform(rng, 0.03, 0.45),
        tint=rgb(1, rng.uniform(0.85, 1), rng.uniform(0.7, 1)),
        bank=rng.beta(1.3, 2.5),
        bank_px=log_uniform(rng, 1.0, max(8.0, width_px / 2)),
        wall=rng.uniform(0.0, 0.7),
        rim=max(0.0, rng.normal(0.1, 0.15)),
        halo=float(rng.choice([0.0, 0.0, rng.uniform(0.05, 0.35), -rng.uniform(0.05, 0.25)])),
        chips_px=float(rng.choice([0.0, 0.0, log_uniform(rng, 1.0, 8.0)])),
        filling=filling,
    )


def paint_cracks(canvas: Canvas, field: CrackField, look: CrackLook, rng: Generator) -> None:
    """Draw cracks into a surface whose relief is lit already."""
    near = field.depth_px > -HALO_PX
    if not near.any():
        return
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    depth = np.maximum(field.depth_px[window], -HALO_PX - 2)
    half = field.half_width_px[window]
    size = depth.shape
    facing = _facing_light(depth, canvas)
    patchy = smoothstep(-1.0, 1.0, value_noise(rng, size, max(10.0, canvas.size_px * 0.08)))
    _surround(canvas, window, depth, half, look, patchy, rng)
    if look.rim > 0:
        fall = exp(np.abs(depth) * np.float32(-1 / (0.8 + 0.06 * half.max()))) * (depth < 0.5)
        rim = facing * fall * (np.float32(look.rim * (0.4 + canvas.light.hardness)) * (np.float32(0.4) + patchy))
        canvas.scale(1 + np.clip(rim, -0.5, 0.5), window)
    around = np.stack([np.asarray(cv2.blur(plane, (7, 7)), dtype=np.float32) for plane in canvas.part(window)])
    fraction = np.clip(depth / np.clip(half * np.float32(0.7), 0.8, max(look.bank_px, 0.8)), 0, 1)
    wide = np.clip((half - np.float32(1.5)) * np.float32(1 / 3), 0, 1)
    lit = np.clip(facing, 0, 1) * (1 - fraction) * np.float32(look.wall) * wide
    rough = 1 + np.float32(rng.uniform(0.05, 0.3)) * fractal_noise(rng, size, 4 + 4 * canvas.grain_px, 1.5) * wide
    # A crack is darkest in the middle: near the edge the eye still sees the wall.
    edge = np.float32(look.core + (1 - look.core) * look.bank)
    level = np.clip((edge + (np.float32(look.core) - edge) * fraction + lit) * np.clip(rough, 0.3, 1.8), 0.02, 1)
    inside = around * level * spread(look.tint)
    if look.filling != "none":
        inside = _filled(inside, around, look, rng)
    # Only thin cracks fade in places: a wide one is a hole.
    strength = field.strength[window]
    strength = strength + (1 - strength) * np.clip((half - 1) * np.float32(0.4), 0, 1)
    covered = field.coverage()[window]
    if look.ragged > 0:
        covered, inside = _broken_up(canvas, window, depth, inside, level, look, rng)
    canvas.blend(inside, covered * strength * np.float32(look.darkness), window)


def _broken_up(
    canvas: Canvas, window: Window, depth: Field, inside: Colour, level: Field, look: CrackLook, rng: Generator
) -> tuple[Field, Colour]:
    """Coverage with edges along the grain and stones left standing, and a depth that shows the grain."""
    size_px = max(1.5, canvas.grain_px * log_uniform(rng, 1.2, 4.0))
    ragged = np.float32(look.ragged)
    edge = depth + ragged * np.float32(0.6 * size_px) * fractal_noise(rng, depth.shape, size_px * 1.5, 2)
    stones = smoothstep(rng.uniform(-0.3, 0.5), 1.0, value_noise(rng, depth.shape, size_px))
    covered = np.clip(edge + np.float32(0.5), 0, 1) * (1 - np.float32(0.9) * ragged * stones)
    grained = canvas.part(window) * level
    return np.asarray(covered, np.float32), np.asarray(inside + (grained - inside) * (np.float32(0.7) * ragged))


def _facing_light(depth: Field, canvas: Canvas) -> Field:
    """Cosine between the way into the crack and the way to the light: 1 on the wall that faces the light."""
    smooth = cv2.GaussianBlur(depth, (0, 0), 1.0)
    slope_x, slope_y = cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    length = cv2.magnitude(slope_x, slope_y) + np.float32(1e-3)
    return np.asarray((slope_x * np.float32(canvas.light.x) + slope_y * np.float32(canvas.light.y)) / length)


def _surround(
    canvas: Canvas, window: Window, depth: Field, half: Field, look: CrackLook, patchy: Field, rng: Generator
) -> None:
    """Stains, bloom and chips beside the crack."""
    if look.halo != 0:
        fall = exp(np.minimum(depth, 0) * np.float32(1 / rng.uniform(1.5, HALO_PX / 2.5))) * patchy
        if look.halo > 0:
            canvas.scale(1 - np.float32(look.halo) * fall, window)
        else:
            canvas.blend(float(min(1.0, canvas.level.mean() * 1.25 + 0.1)), np.float32(-look.halo) * fall, window)
    if look.chips_px > 0 and half.max() > 1.2:
        # Spalled edges: shallow flats of fresh, rougher material with a shaded step.
        field = fractal_noise(rng, depth.shape, max(6.0, look.chips_px * 4), 2, persistence=0.65)
        limit = (
            np.float32(min(look.chips_px, HALO_PX - 3)) * np.clip(field, 0, 2) * np.clip(half - np.float32(0.8), 0, 2)
        )
        limit = np.minimum(limit, np.float32(HALO_PX - 2))
        chip = np.clip(depth + limit + np.float32(0.5), 0, 1) * (limit > 0.3)
        fresh = np.float32(rng.uniform(0.75, 1.2)) + np.float32(0.08) * grain(rng, depth.shape, 1.5)
        beside = depth + limit
        step = _facing_light(beside, canvas) * exp(np.abs(beside) * np.float32(-1 / 1.2)) * (limit > 0.3)
        gain = 1 + chip * (fresh - 1) + np.float32(0.3 * (0.3 + canvas.light.hardness)) * step
        canvas.scale(np.clip(gain, 0.3, 1.6), window)


def _filled(inside: Colour, around: Colour, look: CrackLook, rng: Generator) -> Colour:
    """Crumbs, dirt, sealant, lime or moss in the crack, mostly only in stretches of it."""
    size = inside.shape[1], inside.shape[2]
    if look.filling == "light":
        return np.asarray(np.clip(around * np.float32(rng.uniform(1.15, 1.6)) + np.float32(0.06), 0, 1))
    where = smoothstep(rng.uniform(-0.8, 0.2), 0.9, value_noise(rng, size, max(15.0, min(size) * 0.15)))
    if look.filling == "debris":
        # What broke off the walls lies lower than they do, and in its own shadow.
        crumbs = 1 + np.float32(rng.uniform(0.2, 0.6)) * grain(rng, size, log_uniform(rng, 1.2, 6.0))
        filling = np.clip(around * np.float32(rng.uniform(0.4, 0.85)) * crumbs, 0, 1)
        return np.asarray(inside + (filling - inside) * (where * np.float32(rng.uniform(0.6, 1.0))))
    colour = rgb(0.36, 0.29, 0.21) if look.filling == "dirt" else rgb(0.25, 0.33, 0.12)
    texture = 1 + np.float32(0.35) * grain(rng, size, 2.0)
    filling = np.clip(spread(colour * np.float32(rng.uniform(0.4, 1.2))) * texture, 0, 1)
    return np.asarray(inside + (filling - inside) * (where * np.float32(rng.uniform(0.4, 0.9))))
