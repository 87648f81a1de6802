"""Surfaces cast or spread in one piece: concrete, new, board-marked and weathered, render, paint."""

from __future__ import annotations

import cv2
import numpy as np

from blemish.synthesis.canvas import Canvas, Colour, Light, new_canvas, rgb, speckled, spread, tinted
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


def mottled(rng: Generator, shape: tuple[int, int], level: Colour, *, strength: float) -> Colour:
    """A colour that varies over the surface as damp, age and mixture make it: brightness most, warmth a little."""
    size = max(shape)
    clouds = fractal_noise(rng, shape, size * rng.uniform(0.15, 1.0), 3, persistence=rng.uniform(0.6, 0.95))
    warmth = fractal_noise(rng, shape, size * rng.uniform(0.1, 0.6), 12)
    gain = exp(clouds * np.float32(strength))
    shift = np.float32(rng.normal(0, 0.15) * strength)
    return np.stack(
        [
            gain * (np.float32(level[k]) + np.float32(level[k] * tone) * warmth)
            for k, tone in enumerate((shift, 0.1 * shift, -shift))
        ]
    )


def add_pores(canvas: Canvas, rng: Generator, *, fraction: float, size_px: float) -> None:
    """Small dark holes of irregular shape, gathered in patches."""
    shape = canvas.shape
    field = grain(rng, shape, max(size_px, 1.2))
    if size_px > 2:
        field += 0.35 * grain(rng, shape, 1.5)
    threshold = float(np.quantile(field[::7, ::7], 1 - fraction))
    hole = smoothstep(threshold, threshold + 0.5, field)
    hole *= smoothstep(-0.8, 0.6, value_noise(rng, shape, max(12.0, canvas.size_px * rng.uniform(0.05, 0.4))))
    canvas.scale(1 - hole * np.float32(rng.uniform(0.2, 0.75)))
    canvas.relief_px -= hole * np.float32(min(size_px, 3.0) * 0.5)


def add_blowholes(canvas: Canvas, rng: Generator, *, count: int, radius_px: float) -> None:
    """Round air holes of cast concrete: dark towards the light, lit on the far wall."""
    height, width = canvas.shape
    for _ in range(count):
        radius = radius_px * log_uniform(rng, 0.4, 2.5)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        place = canvas.near(x, y, radius * 1.6 + 2)
        if place is None:
            continue
        window, dx, dy = place
        squash, turn = rng.uniform(0.6, 1.0), rng.uniform(0, np.pi)
        u = dx * np.float32(np.cos(turn)) + dy * np.float32(np.sin(turn))
        v = (dy * np.float32(np.cos(turn)) - dx * np.float32(np.sin(turn))) / np.float32(squash)
        wobble = 1 + 0.2 * np.sin(np.arctan2(v, u) * rng.integers(2, 5) + rng.uniform(0, 6))
        inside = np.clip(np.float32(radius) * wobble - np.hypot(u, v) + 0.5, 0, 1).astype(np.float32)
        towards = (dx * np.float32(canvas.light.x) + dy * np.float32(canvas.light.y)) / np.float32(max(radius, 1))
        shade = np.clip(0.5 - 0.4 * towards * (0.3 + canvas.light.hardness), 0.12, 1.1)
        canvas.scale(1 + inside * (shade - 1) * np.float32(rng.uniform(0.4, 1.0)), window)


def concrete(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Cast or floated concrete: mottled grey to ochre, sandy grain, pores, sometimes blowholes and trowel marks."""
    level = tinted(rng, rng.uniform(0.3, 0.82), tint=abs(rng.normal(0.01, 0.02)))
    if rng.random() < 0.22:  # sand and ochre, sometimes pink
        level = np.clip(level * rgb(1.08, rng.uniform(0.92, 1.0), rng.uniform(0.68, 0.92)), 0, 0.95)
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.015, 0.16)), light, grain_px, level)
    sand = grain(rng, shape, grain_px)
    canvas.add(sand * np.float32(log_uniform(rng, 0.008, 0.07)))
    canvas.add(grain(rng, shape, 1.0) * np.float32(log_uniform(rng, 0.003, 0.03)))
    canvas.relief_px += sand * np.float32(grain_px * log_uniform(rng, 0.03, 0.4))
    canvas.relief_px += fractal_noise(rng, shape, rng.uniform(10, 80), 2) * np.float32(log_uniform(rng, 0.05, 1.0))
    for _ in range(int(rng.integers(0, 3))):
        add_pores(canvas, rng, fraction=log_uniform(rng, 0.002, 0.06), size_px=grain_px * log_uniform(rng, 1, 4))
    if rng.random() < 0.35:
        add_blowholes(canvas, rng, count=int(rng.integers(3, 40)), radius_px=grain_px * log_uniform(rng, 0.8, 3))
    if rng.random() < 0.25:  # broom or trowel strokes
        stretch = log_uniform(rng, 6, 30)
        strokes = fractal_noise(
            rng, shape, grain_px * 5, grain_px, stretch=stretch if rng.random() < 0.5 else 1 / stretch
        )
        canvas.relief_px += strokes * np.float32(grain_px * log_uniform(rng, 0.1, 0.5))
        canvas.scale(1 + strokes * np.float32(rng.uniform(0.0, 0.05)))
    return canvas


def shuttering(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Concrete with the print of its formwork: boards or panels, their seams as fins or grooves, wood grain."""
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
        veins = warp(veins, rng, amplitude_px=board * 0.06, cell_px=board)
    strength = np.float32(log_uniform(rng, 0.01, 0.07) if rng.random() < 0.75 else 0)
    along = smoothstep(-1.5, 0.5, value_noise(rng, (1, length), max(20.0, length * 0.15)))
    line = (seam[:, None] * along).astype(np.float32)
    sign = 1.0 if rng.random() < 0.45 else -1.0  # a fin of grout, or a groove
    gain = tone[number][:, None] * (1 + veins * strength)
    gain *= 1 + line * np.float32(0.12 if sign > 0 else -rng.uniform(0.1, 0.6))
    relief = (lift[number][:, None] + veins * strength * 10 + line * np.float32(sign * 2)).astype(np.float32)
    canvas.scale(gain.T if upright else gain)
    canvas.relief_px += relief.T if upright else relief
    return canvas


def weathered(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Concrete that stood outdoors for decades: black and brown stains, mottled grain, runs of water, pale blotches."""
    canvas = concrete(rng, shape, min(grain_px, 3.0), light)
    stains = fractal_noise(rng, shape, max(shape) * log_uniform(rng, 0.06, 0.7), 3, persistence=rng.uniform(0.6, 0.95))
    edge = rng.uniform(-0.8, 0.9)
    tint = rgb(1, rng.uniform(0.88, 1.02), rng.uniform(0.7, 1.0))
    dark = spread(tint * np.float32(rng.uniform(0.05, 0.25)))
    covered = smoothstep(edge, edge + log_uniform(rng, 0.3, 2.5), stains)
    canvas.blend(dark, covered * np.float32(rng.uniform(0.2, 0.85)))
    mottles = fractal_noise(rng, shape, log_uniform(rng, 6, 40), 1.5, persistence=rng.uniform(0.6, 0.9))
    canvas.scale(exp(mottles * np.float32(log_uniform(rng, 0.03, 0.22))))
    if rng.random() < 0.5:
        runs = fractal_noise(rng, shape, log_uniform(rng, 4, 30), 2, stretch=1 / log_uniform(rng, 5, 25))
        top, bottom = rng.uniform(-0.5, 1), rng.uniform(0.3, 1.5)
        lower = np.clip(np.linspace(top, bottom, shape[0], dtype=np.float32)[:, None], 0, 1)
        canvas.scale(exp(runs * lower * np.float32(rng.uniform(0.05, 0.3))))
    if rng.random() < 0.6:
        edge = rng.uniform(0.9, 2.0)
        width = rng.uniform(0.1, 0.8)
        pale = smoothstep(edge, edge + width, fractal_noise(rng, shape, log_uniform(rng, 8, 80), 1.5, persistence=0.8))
        lime = spread(rgb(0.75, 0.73, 0.68) * np.float32(rng.uniform(0.6, 1.1)))
        canvas.blend(lime, pale * np.float32(rng.uniform(0.2, 0.8)))
    return canvas


def render(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Plaster and render: scraped, trowelled, sprayed or pebble-dashed; white to yellow, pink, grey."""
    level = tinted(rng, rng.uniform(0.42, 0.93))
    if rng.random() < 0.5:
        level = level * rgb(1.0, rng.uniform(0.88, 1.0), rng.uniform(0.6, 1.0))
    level = np.clip(level, 0.05, 0.96)
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.01, 0.1)), light, grain_px, level)
    kind = rng.integers(0, 4)
    depth = np.float32(grain_px * log_uniform(rng, 0.1, 0.8))
    if kind == 0:  # sprayed: lumps
        canvas.relief_px += np.maximum(grain(rng, shape, grain_px * 2.2), -0.4) * depth
    elif kind == 1:  # pebble-dash
        _, away = cells(rng, shape, grain_px * 3)
        canvas.relief_px -= away * (np.float32(0.6 / grain_px) * depth)
        canvas.scale(exp(-0.05 * np.minimum(away, 6)))
    elif kind == 2:  # trowelled: short arcs
        strokes = fractal_noise(rng, shape, grain_px * 6, grain_px, stretch=rng.uniform(2, 6))
        canvas.relief_px += (
            warp(strokes, rng, amplitude_px=grain_px * 8, cell_px=grain_px * 25) * depth * np.float32(0.6)
        )
    else:  # floated
        canvas.relief_px += fractal_noise(rng, shape, grain_px * 12, grain_px) * depth * np.float32(0.4)
    fine = grain(rng, shape, max(1.0, grain_px * 0.6))
    canvas.relief_px += fine * np.float32(grain_px * log_uniform(rng, 0.05, 0.4))
    canvas.add(fine * np.float32(log_uniform(rng, 0.005, 0.04)))
    if rng.random() < 0.35:
        add_pores(canvas, rng, fraction=log_uniform(rng, 0.002, 0.03), size_px=grain_px * log_uniform(rng, 0.8, 3))
    return canvas


def painted(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """A painted wall: even colour, roller texture, sometimes paint come off in flakes."""
    if rng.random() < 0.5:
        level = tinted(rng, rng.uniform(0.7, 0.95), tint=0.02)
    else:
        pixel = np.array([[[rng.integers(0, 180), rng.integers(15, 130), rng.integers(90, 245)]]], dtype=np.uint8)
        level = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32) / 255
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.006, 0.06)), light, grain_px, level)
    roller = grain(rng, shape, grain_px * 1.5)
    canvas.relief_px += roller * np.float32(grain_px * log_uniform(rng, 0.03, 0.3))
    canvas.add(grain(rng, shape, 1.2) * np.float32(log_uniform(rng, 0.003, 0.02)))
    canvas.relief_px += fractal_noise(rng, shape, 60, 8) * np.float32(rng.uniform(0, 0.8))
    if rng.random() < 0.35:
        _peel(canvas, rng)
    return canvas


def _peel(canvas: Canvas, rng: Generator) -> None:
    """Paint come off in flakes: another colour below, a sharp lit or dark rim. Its rim looks much like a crack."""
    shape = canvas.shape
    field = fractal_noise(rng, shape, canvas.size_px * rng.uniform(0.08, 0.4), 3, persistence=rng.uniform(0.45, 0.7))
    edge = rng.uniform(0.8, 1.9)
    bare = smoothstep(edge, edge + 0.04, field)
    under = tinted(rng, rng.uniform(0.35, 0.8))
    canvas.blend(speckled(rng, under, grain(rng, shape, canvas.grain_px), 0.02, 0.1), bare)
    thickness: Field = smoothstep(edge - 0.02, edge + 0.05, field)
    canvas.relief_px -= thickness * np.float32(rng.uniform(0.5, 2.5))
