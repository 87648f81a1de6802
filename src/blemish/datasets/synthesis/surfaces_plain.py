"""Surfaces cast or spread in one piece: concrete, board-marked concrete, render, paint."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets.synthesis.canvas import Canvas, Colour, Light, tinted
from blemish.datasets.synthesis.noise import (
    Field,
    Generator,
    cells,
    fractal_noise,
    grain,
    log_uniform,
    smoothstep,
    value_noise,
    warp,
)


def mottled(rng: Generator, shape: tuple[int, int], level: Colour, *, strength: float) -> Colour:
    """A colour that varies over the surface as damp, age and mixture make it: brightness most, tint a little."""
    size = max(shape)
    clouds = fractal_noise(rng, shape, size * rng.uniform(0.15, 0.7), 6, persistence=rng.uniform(0.5, 0.85))
    tint = fractal_noise(rng, shape, size * rng.uniform(0.2, 0.6), 24)
    gain = np.exp(np.clip(clouds, -3, 3) * np.float32(strength))
    shift = rng.normal(0, 0.35, 3).astype(np.float32) * np.float32(strength)
    shift -= shift.mean()
    return np.asarray(level * gain[..., None] * (1 + tint[..., None] * shift), dtype=np.float32)


def add_pores(canvas: Canvas, rng: Generator, *, share: float, size_px: float) -> None:
    """Small dark holes of irregular shape, with a lit far edge where they are large enough to show one."""
    shape = canvas.shape
    field = grain(rng, shape, max(size_px, 1.2))
    if size_px > 2:
        field += 0.35 * grain(rng, shape, 1.5)
    threshold = float(np.quantile(field[::7, ::7], 1 - share))
    hole = smoothstep(threshold, threshold + 0.5, field)
    # Pores gather: a patchy surface, not an even sprinkling.
    hole *= smoothstep(-0.8, 0.6, value_noise(rng, shape, max(12.0, canvas.size_px * rng.uniform(0.05, 0.4))))
    canvas.darken(1 - hole * np.float32(rng.uniform(0.2, 0.75)))
    canvas.relief_px -= hole * np.float32(min(size_px, 3.0) * 0.5)


def add_blowholes(canvas: Canvas, rng: Generator, *, count: int, radius_px: float) -> None:
    """Round air holes of cast concrete: dark towards the light, lit on the far wall."""
    height, width = canvas.shape
    for _ in range(count):
        radius = radius_px * log_uniform(rng, 0.5, 2.2)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        reach = int(radius * 1.6) + 3
        x0, x1, y0, y1 = int(x) - reach, int(x) + reach + 1, int(y) - reach, int(y) + reach + 1
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if x0 >= x1 or y0 >= y1:
            continue
        rows, columns = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        squash = rng.uniform(0.65, 1.0)
        turn = rng.uniform(0, np.pi)
        dx, dy = columns - np.float32(x), rows - np.float32(y)
        u = dx * np.float32(np.cos(turn)) + dy * np.float32(np.sin(turn))
        v = (dy * np.float32(np.cos(turn)) - dx * np.float32(np.sin(turn))) / np.float32(squash)
        wobble = 1 + 0.2 * np.sin(np.arctan2(v, u) * rng.integers(2, 5) + rng.uniform(0, 6))
        depth = np.float32(radius) * wobble - np.hypot(u, v)
        inside = np.clip(depth + 0.5, 0, 1).astype(np.float32)
        towards = (dx * np.float32(canvas.light.x) + dy * np.float32(canvas.light.y)) / np.float32(max(radius, 1))
        shade = np.clip(0.45 - 0.4 * towards * (0.3 + canvas.light.hardness), 0.12, 1.1).astype(np.float32)
        canvas.darken(1 + inside * (shade - 1) * np.float32(rng.uniform(0.6, 1.0)), (slice(y0, y1), slice(x0, x1)))


def concrete(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Cast or floated concrete: mottled grey to ochre, sandy grain, pores, sometimes blowholes and trowel marks."""
    level = tinted(rng, rng.uniform(0.3, 0.85), tint=abs(rng.normal(0.015, 0.03)))
    if rng.random() < 0.18:  # ochre, sandstone-like, pinkish
        level = np.clip(level * np.array([1.08, rng.uniform(0.94, 1.0), rng.uniform(0.72, 0.9)]), 0, 0.95)
    level = level.astype(np.float32)
    colour = mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.16))
    canvas = Canvas(colour, np.zeros(shape, dtype=np.float32), light, grain_px, level=level)
    sand = grain(rng, shape, grain_px)
    canvas.colour += (sand * np.float32(log_uniform(rng, 0.008, 0.06)))[..., None]
    canvas.relief_px += sand * np.float32(grain_px * log_uniform(rng, 0.03, 0.4))
    canvas.relief_px += fractal_noise(rng, shape, rng.uniform(10, 80), 3) * np.float32(log_uniform(rng, 0.1, 1.5))
    if rng.random() < 0.7:
        add_pores(canvas, rng, share=log_uniform(rng, 0.003, 0.08), size_px=grain_px * log_uniform(rng, 1, 4))
    if rng.random() < 0.35:
        add_blowholes(canvas, rng, count=int(rng.integers(3, 50)), radius_px=grain_px * log_uniform(rng, 1, 3.5))
    if rng.random() < 0.3:  # broom or trowel strokes
        stretch = log_uniform(rng, 6, 30)
        strokes = fractal_noise(
            rng, shape, grain_px * 5, grain_px, stretch=stretch if rng.random() < 0.5 else 1 / stretch
        )
        canvas.relief_px += strokes * np.float32(grain_px * log_uniform(rng, 0.1, 0.7))
        canvas.colour *= 1 + (strokes * np.float32(rng.uniform(0.0, 0.05)))[..., None]
    return canvas


def shuttering(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Concrete with the print of its formwork: boards or panels, their seams, wood grain, tie holes come apart."""
    canvas = concrete(rng, shape, min(grain_px, 3.0), light)
    height, width = shape
    board = max(8.0, canvas.size_px * log_uniform(rng, 0.06, 0.7))
    upright = rng.random() < 0.5
    length, breadth = (height, width) if upright else (width, height)
    edges = np.cumsum(np.concatenate([[-rng.random() * board], board * rng.normal(1, 0.04, int(breadth / board) + 3)]))
    at = np.arange(breadth, dtype=np.float64)
    number = np.searchsorted(edges, at)
    tone = rng.normal(1, log_uniform(rng, 0.01, 0.07), len(edges) + 1)
    lift = rng.normal(0, 0.6, len(edges) + 1)
    away = np.abs(at[:, None] - edges[None]).min(axis=1)
    seam = np.clip(rng.uniform(0.7, 2.0) + grain_px * 0.3 - away, 0, 1)
    veins = fractal_noise(rng, (breadth, length), board * 0.3, 1.5, stretch=log_uniform(rng, 8, 40), persistence=0.75)
    if rng.random() < 0.7:
        veins = warp(veins, rng, amplitude_px=board * 0.08, cell_px=board)
    strength = np.float32(log_uniform(rng, 0.01, 0.09) if rng.random() < 0.75 else 0)
    gain = (tone[number][:, None] * (1 + veins * strength)).astype(np.float32)
    along = 1 + 0.6 * value_noise(rng, (1, length), 60)
    ridge = np.clip(seam[:, None] * along, 0, 1).astype(np.float32)
    sign = 1.0 if rng.random() < 0.45 else -1.0  # a fin of grout, or a groove
    gain *= 1 + ridge * np.float32(sign * 0.12 if sign > 0 else -rng.uniform(0.1, 0.6))
    relief = lift[number][:, None] + veins * strength * 10 + ridge * np.float32(sign * 2)
    relief = np.broadcast_to(relief, (breadth, length)).astype(np.float32)
    canvas.colour *= (gain.T if upright else gain)[..., None]
    canvas.relief_px += relief.T if upright else relief
    return canvas


def render(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Plaster and render: scraped, trowelled, sprayed or pebble-dashed; white to yellow, pink, grey."""
    level = tinted(rng, rng.uniform(0.45, 0.93))
    level = level * np.array([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.65, 1.0)]) if rng.random() < 0.55 else level
    level = np.clip(level, 0.05, 0.96).astype(np.float32)
    canvas = Canvas(
        mottled(rng, shape, level, strength=log_uniform(rng, 0.01, 0.1)),
        np.zeros(shape, dtype=np.float32),
        light,
        grain_px,
        level=level,
    )
    kind = rng.integers(0, 4)
    depth = np.float32(grain_px * log_uniform(rng, 0.25, 1.6))
    if kind == 0:  # sprayed: lumps
        lumps = grain(rng, shape, grain_px * 2.2)
        canvas.relief_px += np.maximum(lumps, -0.4) * depth
    elif kind == 1:  # pebble-dash
        _, away = cells(rng, shape, grain_px * 3)
        canvas.relief_px -= away * np.float32(0.7) * depth / np.float32(grain_px)
        canvas.colour *= np.exp(-0.05 * np.minimum(away, 6))[..., None]
    elif kind == 2:  # trowelled: short arcs
        strokes = fractal_noise(rng, shape, grain_px * 6, grain_px, stretch=rng.uniform(2, 6))
        canvas.relief_px += warp(strokes, rng, amplitude_px=grain_px * 12, cell_px=grain_px * 25) * depth
    else:  # smooth float finish
        canvas.relief_px += fractal_noise(rng, shape, grain_px * 12, grain_px) * depth * np.float32(0.4)
    fine = grain(rng, shape, max(1.0, grain_px * 0.6))
    canvas.relief_px += fine * np.float32(grain_px * log_uniform(rng, 0.05, 0.4))
    canvas.colour += (fine * np.float32(log_uniform(rng, 0.005, 0.03)))[..., None]
    if rng.random() < 0.35:
        add_pores(canvas, rng, share=log_uniform(rng, 0.002, 0.03), size_px=grain_px * log_uniform(rng, 0.8, 3))
    return canvas


def painted(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """A painted wall: even colour, roller texture, sometimes a second coat's edge or paint come off in patches."""
    hue = rng.random()
    if hue < 0.45:
        level = tinted(rng, rng.uniform(0.75, 0.95), tint=0.02)
    else:
        pixel = np.array([[[rng.integers(0, 180), rng.integers(15, 140), rng.integers(90, 245)]]], dtype=np.uint8)
        level = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32) / 255
    colour = mottled(rng, shape, level, strength=log_uniform(rng, 0.006, 0.05))
    canvas = Canvas(colour, np.zeros(shape, dtype=np.float32), light, grain_px, level=level)
    canvas.relief_px += grain(rng, shape, grain_px * 1.5) * np.float32(grain_px * log_uniform(rng, 0.03, 0.3))
    canvas.relief_px += fractal_noise(rng, shape, 60, 8) * np.float32(rng.uniform(0, 1.5))
    if rng.random() < 0.35:
        _peel(canvas, rng)
    return canvas


def _peel(canvas: Canvas, rng: Generator) -> None:
    """Paint come off in flakes: another colour below, a sharp lit or dark rim. Its rim looks much like a crack."""
    shape = canvas.shape
    field = fractal_noise(rng, shape, canvas.size_px * rng.uniform(0.08, 0.4), 3, persistence=rng.uniform(0.45, 0.7))
    edge = rng.uniform(0.8, 1.9)
    bare = smoothstep(edge, edge + 0.04, field)
    under: NDArray[np.float32] = tinted(rng, rng.uniform(0.35, 0.8))
    below = mottled(rng, shape, under, strength=0.08)
    below += (grain(rng, shape, canvas.grain_px) * np.float32(0.03))[..., None]
    canvas.blend(below, bare)
    thickness: Field = smoothstep(edge - 0.02, edge + 0.05, field)
    canvas.relief_px -= thickness * np.float32(rng.uniform(0.5, 2.5))
