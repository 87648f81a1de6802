"""Surfaces made of grains: asphalt, exposed aggregate, natural stone, and the ground (never cracked here)."""

from __future__ import annotations

import numpy as np

from blemish.datasets.synthesis.canvas import Canvas, Colour, Light, mix, tinted
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
from blemish.datasets.synthesis.surfaces_plain import add_pores, mottled


def _stones(rng: Generator, shape: tuple[int, int], size_px: float, *, fill: float) -> tuple[Field, Field, Field]:
    """Stones in a binder: opacity of the stones, a random tone per stone (about N(0, 1)), and their height 0 to 1."""
    number, away = cells(rng, shape, size_px)
    count = int(number.max()) + 1
    radius = (size_px * np.float32(0.62) * np.sqrt(rng.random(count, dtype=np.float32)))[number] * np.float32(fill)
    # Angular outlines rather than discs.
    depth = radius - away + value_noise(rng, shape, max(1.5, size_px * 0.35)) * np.float32(size_px * 0.12)
    tone = rng.standard_normal(count, dtype=np.float32)[number]
    return np.clip(depth + 0.5, 0, 1), tone, np.clip(depth / np.float32(max(size_px * 0.3, 0.7)), 0, 1)


def asphalt(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Road surfacing: dark binder, stones of one or two sizes worn light, voids between them."""
    worn = rng.random()
    level = tinted(rng, rng.uniform(0.14, 0.45) + 0.25 * worn * rng.random(), tint=0.015)
    colour = mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.12))
    canvas = Canvas(colour, np.zeros(shape, dtype=np.float32), light, grain_px, level=level)
    contrast = rng.uniform(0.1, 0.6)
    size = max(1.6, grain_px * 2.2)
    for share in (1.0, rng.uniform(1.8, 3.5))[: 1 if rng.random() < 0.4 else 2]:
        opaque, tone, height = _stones(rng, shape, size * share, fill=rng.uniform(0.55, 1.1))
        stone = level * (1 + contrast * (0.35 + 0.8 * tone))[..., None]
        if rng.random() < 0.5:  # a few warm stones
            stone = stone * (1 + np.maximum(tone - 1, 0)[..., None] * np.array([0.25, 0.05, -0.15], dtype=np.float32))
        canvas.blend(stone.astype(np.float32), opaque * np.float32(rng.uniform(0.4, 0.95)))
        canvas.relief_px += height * np.float32(size * share * rng.uniform(0.05, 0.35))
    fine = grain(rng, shape, 1.2)
    canvas.colour += (fine * np.float32(rng.uniform(0.01, 0.05)))[..., None]
    if rng.random() < 0.75:
        add_pores(canvas, rng, share=rng.uniform(0.02, 0.16), size_px=size * rng.uniform(0.5, 1.1))
    np.clip(canvas.colour, 0.01, 1, out=canvas.colour)
    return canvas


def aggregate(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Exposed-aggregate concrete and terrazzo: pebbles of many colours in a pale matrix."""
    level = tinted(rng, rng.uniform(0.4, 0.8), tint=0.035)
    colour = mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.08))
    canvas = Canvas(colour, np.zeros(shape, dtype=np.float32), light, grain_px, level=level)
    spread = rng.uniform(0.08, 0.35)
    for share in (log_uniform(rng, 2.5, 8), log_uniform(rng, 1.5, 4)):
        opaque, tone, height = _stones(rng, shape, grain_px * share, fill=rng.uniform(0.6, 1.1))
        tint = rng.normal(0, 0.06, 3).astype(np.float32)
        stone = level * (1 + spread * tone[..., None]) + tint * tone[..., None]
        canvas.blend(np.clip(stone, 0.03, 0.97).astype(np.float32), opaque * np.float32(rng.uniform(0.5, 1)))
        canvas.relief_px += height * np.float32(grain_px * share * rng.uniform(0.0, 0.3))
    canvas.colour += (grain(rng, shape, 1.3) * np.float32(rng.uniform(0.01, 0.05)))[..., None]
    return canvas


def stone(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Natural stone: granite speckle, bedded sandstone or veined marble (its veins are no cracks)."""
    kind = rng.integers(0, 3)
    level = tinted(rng, rng.uniform(0.3, 0.85), tint=0.05)
    canvas = Canvas(
        mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.12)),
        np.zeros(shape, dtype=np.float32),
        light,
        grain_px,
        level=level,
    )
    if kind == 0:
        number, _ = cells(rng, shape, max(1.6, grain_px * rng.uniform(1.5, 4)))
        palette = np.stack([tinted(rng, level_, tint=0.04) for level_ in rng.uniform(0.08, 0.95, 12)])
        weights = rng.dirichlet(np.ones(12) * 0.7)
        crystal = palette[rng.choice(12, int(number.max()) + 1, p=weights)][number]
        canvas.blend(crystal.astype(np.float32), np.full(shape, rng.uniform(0.15, 0.6), dtype=np.float32))
    elif kind == 1:
        beds = fractal_noise(rng, shape, canvas.size_px * 0.2, 2, stretch=rng.uniform(4, 12), persistence=0.7)
        beds = warp(beds, rng, amplitude_px=canvas.size_px * 0.04, cell_px=canvas.size_px * 0.4)
        tint = np.array([1.0, rng.uniform(0.7, 0.95), rng.uniform(0.4, 0.9)], dtype=np.float32)
        canvas.colour *= 1 + (beds * np.float32(rng.uniform(0.03, 0.12)))[..., None] * tint
        canvas.relief_px += beds * np.float32(grain_px * rng.uniform(0.1, 1.2))
    else:
        _veins(canvas, rng)
    rough = fractal_noise(rng, shape, grain_px * log_uniform(rng, 4, 40), 1.5, persistence=0.75)
    canvas.relief_px += rough * np.float32(grain_px * log_uniform(rng, 0.05, 1.4))
    canvas.colour += (grain(rng, shape, grain_px) * np.float32(log_uniform(rng, 0.01, 0.05)))[..., None]
    return canvas


def _veins(canvas: Canvas, rng: Generator) -> None:
    """Marble: soft winding bands where a smooth field crosses zero."""
    for _ in range(int(rng.integers(1, 4))):
        field = fractal_noise(rng, canvas.shape, canvas.size_px * rng.uniform(0.2, 0.7), 8)
        width = log_uniform(rng, 0.03, 0.25)
        band = np.exp(-((field / np.float32(width)) ** 2)) * smoothstep(
            -0.6, 1, value_noise(rng, canvas.shape, canvas.size_px * 0.3)
        )
        colour: Colour = np.clip(canvas.level * rng.uniform(0.45, 1.35), 0.05, 0.97).astype(np.float32)
        canvas.blend(colour, band.astype(np.float32) * np.float32(rng.uniform(0.15, 0.6)))


def ground(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Soil, gravel or grass: full of dark gaps and blades that are no cracks."""
    kind = rng.integers(0, 3)
    if kind == 0:  # gravel
        size = max(3.0, grain_px * rng.uniform(3, 9))
        level = tinted(rng, rng.uniform(0.3, 0.65), tint=0.03)
        canvas = Canvas(
            mottled(rng, shape, level * 0.35, strength=0.1),
            np.zeros(shape, dtype=np.float32),
            light,
            grain_px,
            level=level,
        )
        for share in (1.0, 0.6):
            opaque, tone, height = _stones(rng, shape, size * share, fill=1.5)
            pebble = level * (1 + 0.25 * tone[..., None]) * (0.55 + 0.45 * height[..., None])
            canvas.blend(pebble.astype(np.float32), opaque)
            canvas.relief_px += height * np.float32(size * 0.35)
    elif kind == 1:  # soil
        level = (tinted(rng, rng.uniform(0.2, 0.5), tint=0.02) * np.array([1.1, 0.92, 0.75])).astype(np.float32)
        canvas = Canvas(
            mottled(rng, shape, level, strength=0.2), np.zeros(shape, dtype=np.float32), light, grain_px, level=level
        )
        clods = fractal_noise(rng, shape, grain_px * 14, 1.5, persistence=0.85)
        canvas.relief_px += clods * np.float32(grain_px * 1.6)
        canvas.darken(np.clip(1 + 0.2 * clods, 0.3, 1.4).astype(np.float32))
    else:  # grass
        level = (np.array([0.34, 0.44, 0.18]) * rng.uniform(0.5, 1.3) + rng.normal(0, 0.04, 3)).astype(np.float32)
        blades = fractal_noise(rng, shape, max(3.0, grain_px * 3), 1.2, stretch=rng.uniform(0.15, 0.4), persistence=0.8)
        blades = warp(blades, rng, amplitude_px=grain_px * 8, cell_px=grain_px * 14)
        colour = mix(level * 0.25, np.clip(level * 1.5, 0, 0.95), smoothstep(-1.6, 1.8, blades))
        canvas = Canvas(colour, np.zeros(shape, dtype=np.float32), light, grain_px, level=level)
        canvas.darken(np.exp(0.2 * fractal_noise(rng, shape, 60, 8)).astype(np.float32))
    canvas.colour += (grain(rng, shape, 1.2) * np.float32(0.03))[..., None]
    return canvas
