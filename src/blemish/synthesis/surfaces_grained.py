"""Surfaces made of grains: asphalt, exposed aggregate, natural stone, and the ground (never cracked here)."""

from __future__ import annotations

import numpy as np

from blemish.synthesis.canvas import Canvas, Light, mix, new_canvas, rgb, spread, tinted
from blemish.synthesis.noise import (
    Field,
    Generator,
    cells,
    exp,
    fractal_noise,
    grain,
    log_uniform,
    smoothstep,
    value_noise,
    warp,
)
from blemish.synthesis.surfaces_plain import add_pores, mottled


def _stones(rng: Generator, shape: tuple[int, int], size_px: float, *, fill: float) -> tuple[Field, Field, Field]:
    """Stones in a binder: opacity of the stones, a random tone per stone (about N(0, 1)), and their height 0 to 1."""
    number, away = cells(rng, shape, size_px)
    count = int(number.max()) + 1
    radius = (np.float32(size_px * 0.62 * fill) * np.sqrt(rng.random(count, dtype=np.float32)))[number]
    # Angular outlines rather than discs.
    depth = radius - away + value_noise(rng, shape, max(1.5, size_px * 0.35)) * np.float32(size_px * 0.12)
    tone = rng.standard_normal(count, dtype=np.float32)[number]
    height = np.clip(depth * np.float32(1 / max(size_px * 0.3, 0.7)), 0, 1)
    return np.clip(depth + np.float32(0.5), 0, 1), tone, height


def asphalt(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Road surfacing: dark binder, stones of one or two sizes worn light, voids between them."""
    level = tinted(rng, rng.uniform(0.16, 0.42) + 0.25 * rng.random() ** 2, tint=0.012)
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.12)), light, grain_px, level)
    contrast = rng.uniform(0.08, 0.5)
    size = max(1.6, grain_px * 2.2)
    for fraction in (1.0, rng.uniform(1.8, 3.5))[: 1 if rng.random() < 0.4 else 2]:
        opaque, tone, height = _stones(rng, shape, size * fraction, fill=rng.uniform(0.55, 1.1))
        body = spread(level) * (1 + np.float32(contrast) * (np.float32(0.35) + np.float32(0.8) * tone))
        if rng.random() < 0.5:  # a few warm stones
            body *= 1 + np.maximum(tone - 1, 0) * spread(rgb(0.25, 0.05, -0.15))
        canvas.blend(body, opaque * np.float32(rng.uniform(0.4, 0.95)))
        canvas.relief_px += height * np.float32(size * fraction * rng.uniform(0.03, 0.25))
    canvas.add(grain(rng, shape, 1.2) * np.float32(rng.uniform(0.01, 0.05)))
    if rng.random() < 0.75:
        add_pores(canvas, rng, fraction=rng.uniform(0.02, 0.16), size_px=size * rng.uniform(0.5, 1.1))
    return canvas


def aggregate(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Exposed-aggregate concrete and terrazzo: pebbles of many colours in a pale matrix."""
    level = tinted(rng, rng.uniform(0.35, 0.8), tint=0.03)
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.1)), light, grain_px, level)
    contrast = rng.uniform(0.06, 0.3)
    for fraction in (log_uniform(rng, 2.5, 8), log_uniform(rng, 1.5, 4)):
        opaque, tone, height = _stones(rng, shape, grain_px * fraction, fill=rng.uniform(0.6, 1.1))
        tint = rng.normal(0, 0.025, 3).astype(np.float32)
        body = spread(level) * (1 + np.float32(contrast) * tone) + spread(tint) * tone
        canvas.blend(np.clip(body, 0.03, 0.97), opaque * np.float32(rng.uniform(0.4, 1)))
        canvas.relief_px += height * np.float32(grain_px * fraction * rng.uniform(0.0, 0.2))
    canvas.add(grain(rng, shape, 1.3) * np.float32(rng.uniform(0.01, 0.06)))
    if rng.random() < 0.5:
        add_pores(canvas, rng, fraction=log_uniform(rng, 0.005, 0.06), size_px=grain_px * log_uniform(rng, 1, 3))
    return canvas


def stone(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Natural stone: granite speckle, bedded sandstone or veined marble (its veins are no cracks)."""
    kind = rng.integers(0, 3)
    level = tinted(rng, rng.uniform(0.3, 0.85), tint=0.035)
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.02, 0.12)), light, grain_px, level)
    if kind == 0:
        number, _ = cells(rng, shape, max(1.6, grain_px * rng.uniform(1.2, 3)))
        palette = np.stack([tinted(rng, tone, tint=0.03) for tone in rng.uniform(0.08, 0.95, 12)])
        chosen = rng.choice(12, int(number.max()) + 1, p=rng.dirichlet(np.full(12, 0.7)))
        crystal = np.stack([palette[chosen, k][number] for k in range(3)])
        canvas.blend(crystal, np.full(shape, rng.uniform(0.1, 0.5), dtype=np.float32))
    elif kind == 1:
        beds = fractal_noise(rng, shape, canvas.size_px * 0.2, 2, stretch=rng.uniform(4, 12), persistence=0.7)
        beds = warp(beds, rng, amplitude_px=canvas.size_px * 0.04, cell_px=canvas.size_px * 0.4)
        canvas.scale(
            1 + beds * spread(rgb(1.0, rng.uniform(0.8, 1.0), rng.uniform(0.6, 1)) * np.float32(rng.uniform(0.02, 0.1)))
        )
        canvas.relief_px += beds * np.float32(grain_px * rng.uniform(0.1, 0.9))
    else:
        _veins(canvas, rng)
    rough = fractal_noise(rng, shape, grain_px * log_uniform(rng, 4, 40), 1.5, persistence=0.75)
    canvas.relief_px += rough * np.float32(grain_px * log_uniform(rng, 0.05, 0.9))
    canvas.add(grain(rng, shape, grain_px) * np.float32(log_uniform(rng, 0.01, 0.06)))
    return canvas


def _veins(canvas: Canvas, rng: Generator) -> None:
    """Marble: soft winding bands where a smooth field crosses zero."""
    for _ in range(int(rng.integers(1, 4))):
        field = fractal_noise(rng, canvas.shape, canvas.size_px * rng.uniform(0.2, 0.7), 8)
        band = exp(-((field * np.float32(1 / log_uniform(rng, 0.03, 0.25))) ** 2))
        band *= smoothstep(-0.6, 1, value_noise(rng, canvas.shape, canvas.size_px * 0.3))
        canvas.blend(
            np.clip(canvas.level * rng.uniform(0.45, 1.35), 0.05, 0.97), band * np.float32(rng.uniform(0.15, 0.6))
        )


def ground(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Soil, gravel or grass: full of dark gaps and blades that are no cracks."""
    kind = rng.integers(0, 3)
    if kind == 0:  # gravel
        size = max(3.0, grain_px * rng.uniform(3, 9))
        level = tinted(rng, rng.uniform(0.3, 0.65), tint=0.03)
        canvas = new_canvas(mottled(rng, shape, level * np.float32(0.35), strength=0.1), light, grain_px, level)
        for fraction in (1.0, 0.6):
            opaque, tone, height = _stones(rng, shape, size * fraction, fill=1.5)
            body = spread(level) * ((1 + np.float32(0.22) * tone) * (np.float32(0.55) + np.float32(0.45) * height))
            canvas.blend(np.clip(body, 0, 1), opaque)
            canvas.relief_px += height * np.float32(size * 0.3)
    elif kind == 1:  # soil
        level = tinted(rng, rng.uniform(0.2, 0.5), tint=0.02) * rgb(1.1, 0.92, 0.75)
        canvas = new_canvas(mottled(rng, shape, level, strength=0.2), light, grain_px, level)
        clods = fractal_noise(rng, shape, grain_px * 14, 1.5, persistence=0.85)
        canvas.relief_px += clods * np.float32(grain_px * 1.2)
        canvas.scale(np.clip(1 + np.float32(0.2) * clods, 0.3, 1.4))
    else:  # grass
        level = rgb(0.34, 0.44, 0.18) * np.float32(rng.uniform(0.5, 1.3)) + rng.normal(0, 0.03, 3).astype(np.float32)
        blades = fractal_noise(rng, shape, max(3.0, grain_px * 3), 1.2, stretch=rng.uniform(0.15, 0.4), persistence=0.8)
        blades = warp(blades, rng, amplitude_px=grain_px * 8, cell_px=grain_px * 14)
        colour = mix(level * np.float32(0.25), np.clip(level * 1.5, 0, 0.95), smoothstep(-1.6, 1.8, blades))
        canvas = new_canvas(colour, light, grain_px, level)
        canvas.scale(exp(np.float32(0.2) * fractal_noise(rng, shape, 60, 8)))
    canvas.add(grain(rng, shape, 1.2) * np.float32(0.03))
    return canvas
