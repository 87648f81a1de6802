"""Thin things that are no cracks: joints, scratches, cables, twigs, grass, roots, ridges, drawn lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.canvas import Canvas, rgb, spread, tinted
from blemish.synthesis.noise import Field, Generator, grain, log_uniform, noise_along, smoothstep, value_noise
from blemish.synthesis.strokes import Points, StrokeField, normals, resample, stroke_field


def across_image(rng: Generator, shape: tuple[int, int], *, upright: float = 0.7) -> Points:
    """A straight line from border to border, with chance ``upright`` nearly level or plumb; float64 (2, 2)."""
    height, width = shape
    level_or_plumb = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.06)
    turn = level_or_plumb if rng.random() < upright else rng.uniform(0, np.pi)
    centre = np.array([width, height]) * rng.uniform(0.05, 0.95, 2)
    half = np.hypot(width, height) * np.array([np.cos(turn), np.sin(turn)])
    return np.stack([centre - half, centre + half])


def curve(rng: Generator, start: Points, end: Points, *, sag: float, wander: float) -> Points:
    """A smooth line between two points: a sagging arc and a slow wander, both relative to its length."""
    line = resample(np.stack([start, end]), 1.0)
    length = float(np.hypot(*(end - start)))
    at = np.linspace(0, 1, len(line))
    # Slow waves rather than noise: cables and blades have no corners.
    waves = sum(rng.normal() * np.sin(2 * np.pi * (k * at + rng.random())) / k for k in (0.7, 1.6, 3.1))
    off = sag * 4 * at * (1 - at) + wander * waves
    side = normals(np.stack([start, end]))[0]
    return np.asarray(line + side * (off * length)[:, None], dtype=np.float64)


def _clip_line(line: Points, shape: tuple[int, int], beyond_px: float) -> Points:
    x, y = line.T
    keep = (x > -beyond_px) & (x < shape[1] + beyond_px) & (y > -beyond_px) & (y < shape[0] + beyond_px)
    return np.asarray(line[keep])


def draw_stroke(
    canvas: Canvas, line: Points, width_px: float | NDArray[np.float64], *, margin_px: float = 2.0
) -> StrokeField | None:
    """The field of a line on the canvas; None where it misses the image."""
    largest = float(np.max(width_px))
    if isinstance(width_px, float):
        line = _clip_line(line, canvas.shape, largest + margin_px + 10)
        widths = np.full(len(line), width_px)
    else:
        widths = width_px
    if len(line) < 2:
        return None
    return stroke_field(line, np.maximum(widths, 0.05) / 2, canvas.shape, margin_px=margin_px)


def _line_width(rng: Generator, canvas: Canvas, low: float, high: float) -> float:
    return log_uniform(rng, low, max(low * 1.5, high * canvas.size_px / 512))


def joint(canvas: Canvas, rng: Generator) -> None:
    """A construction or expansion joint: straight, even, often with parallel edges, a bevel, sealant or dirt."""
    line = resample(across_image(rng, canvas.shape), 1.0)
    if rng.random() < 0.3:
        line = line + normals(line) * (noise_along(rng, len(line), 80) * rng.uniform(0.3, 1.5))[:, None]
    width = _line_width(rng, canvas, 1.0, 40)
    line = _clip_line(line, canvas.shape, width + 10)
    if len(line) < 2:
        return
    worn = 1 + rng.choice([0.0, 0.1, 0.3]) * noise_along(rng, len(line), max(4.0, width), octaves=4)
    field = draw_stroke(canvas, line, np.maximum(width * worn, 0.3), margin_px=width + 6)
    if field is None:
        return
    size = field.depth_px.shape
    look = rng.random()
    alpha = field.coverage()
    profile = np.clip(field.depth_px / max(width / 2, 0.7), 0, 1)
    if look < 0.55:  # open or dirty groove, dark
        dark = rng.uniform(0.05, 0.6) + 0.15 * value_noise(rng, size, 25)
        shade = np.clip(dark + (1 - dark) * 0.35 * (1 - profile), 0.03, 1)
        canvas.scale((1 - alpha * (1 - shade) * np.float32(rng.uniform(0.5, 1))).astype(np.float32), field.window)
    elif look < 0.8:  # sealed: another, even material
        level = tinted(rng, rng.uniform(0.06, 0.85))
        body = spread(level) * (1 + 0.06 * grain(rng, size, 2.0) + 0.15 * (profile - 0.5))
        canvas.blend(body, alpha * np.float32(rng.uniform(0.8, 1)), field.window)
    else:  # only a step between two pours
        side = smoothstep(-1.0, 1.0, field.across_px) * (field.depth_px > -1e3)
        canvas.scale((1 - alpha * np.float32(rng.uniform(0.05, 0.4))).astype(np.float32), field.window)
        canvas.scale((1 + side * np.float32(rng.normal(0, 0.06))).astype(np.float32), field.window)
    # Bevelled or rounded edges: one lit, one in shade.
    bevel = np.exp(-np.maximum(-field.depth_px, 0) / max(width * 0.25, 1.0)) * (1 - alpha) * np.sign(field.across_px)
    direction = normals(line)[len(line) // 2]
    facing = -float(direction @ np.array([canvas.light.x, canvas.light.y]))
    canvas.scale(
        np.clip(1 + bevel * np.float32(facing * rng.uniform(0, 0.4)), 0.4, 1.5).astype(np.float32), field.window
    )


def scratch(canvas: Canvas, rng: Generator) -> None:
    """Scratches: straight or gently curved, even, shallow, light or dark, often several alike."""
    count = int(rng.integers(1, 6))
    turn = rng.uniform(0, np.pi)
    for _ in range(count):
        direction = turn + rng.normal(0, 0.15)
        length = canvas.size_px * log_uniform(rng, 0.1, 1.1)
        start = np.array([canvas.shape[1], canvas.shape[0]]) * rng.random(2)
        end = start + length * np.array([np.cos(direction), np.sin(direction)])
        line = curve(rng, start, end, sag=rng.normal(0, 0.04), wander=0.004)
        at = np.linspace(0, 1, len(line))
        width = log_uniform(rng, 0.6, 3.0) * np.minimum(1, 6 * np.minimum(at, 1 - at) + 0.05)
        field = draw_stroke(canvas, line, width)
        if field is None:
            continue
        broken = smoothstep(-1.2, 0.2, value_noise(rng, field.depth_px.shape, 12))
        gain = rng.uniform(1.15, 1.7) if rng.random() < 0.6 else rng.uniform(0.3, 0.8)
        canvas.scale((1 + (gain - 1) * field.coverage() * broken).astype(np.float32), field.window)


def drawn_line(canvas: Canvas, rng: Generator) -> None:
    """Pencil, chalk, crayon or marker lines: a surveyor's strokes, rings and numbers beside nothing."""
    colours = np.array(
        [[0.9, 0.9, 0.88], [0.12, 0.12, 0.14], [0.75, 0.2, 0.2], [0.2, 0.3, 0.65], [0.9, 0.45, 0.6], [0.9, 0.8, 0.2]]
    )
    colour = colours[rng.integers(len(colours))].astype(np.float32)
    width = log_uniform(rng, 1.0, 9.0 * canvas.size_px / 512 + 1.5)
    centre = np.array([canvas.shape[1], canvas.shape[0]]) * rng.random(2)
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.3:  # a ring
            angle = np.linspace(0, rng.uniform(4, 6.6), 200)
            radius = canvas.size_px * rng.uniform(0.04, 0.25)
            line = centre + radius * np.stack([np.cos(angle), np.sin(angle) * rng.uniform(0.6, 1)], axis=1)
            line = resample(line, 1.0)
        else:
            direction = rng.uniform(0, 2 * np.pi)
            end = centre + canvas.size_px * rng.uniform(0.08, 0.8) * np.array([np.cos(direction), np.sin(direction)])
            line = curve(rng, centre, end, sag=rng.normal(0, 0.08), wander=0.01)
            centre = end if rng.random() < 0.6 else centre + rng.normal(0, 30, 2)
        field = draw_stroke(canvas, line, width)
        if field is None:
            continue
        # Crayon sits on the grain's tops only.
        hold = smoothstep(-1.0, rng.uniform(-0.6, 1.0), grain(rng, field.depth_px.shape, canvas.grain_px * 1.5))
        canvas.blend(colour, field.coverage() * hold * np.float32(rng.uniform(0.4, 0.95)), field.window)


def ridge(canvas: Canvas, rng: Generator) -> None:
    """Trowel ridges, grout fins and lap lines: a lit side and a dark side, no hole between them."""
    for _ in range(int(rng.integers(1, 4))):
        ends = across_image(rng, canvas.shape, upright=0.4)
        line = curve(rng, ends[0], ends[1], sag=rng.normal(0, 0.05), wander=rng.uniform(0, 0.01))
        width = log_uniform(rng, 1.5, 12)
        field = draw_stroke(canvas, line, width, margin_px=2)
        if field is None:
            continue
        bump = np.sqrt(np.clip(field.depth_px / (width / 2), 0, 1))
        sideways = np.clip(field.across_px / (width / 2), -1, 1) * (field.depth_px > 0)
        direction = normals(line)[len(line) // 2]
        facing = float(direction @ np.array([canvas.light.x, canvas.light.y]))
        patchy = smoothstep(-1, 0.6, value_noise(rng, field.depth_px.shape, 40))
        gain = 1 + sideways * np.float32(facing * rng.uniform(0.2, 0.7)) * patchy + 0.04 * bump
        canvas.scale(np.clip(gain, 0.4, 1.5).astype(np.float32), field.window)


def dents(canvas: Canvas, rng: Generator) -> None:
    """Creases and dents as in brick faces and screeds: short, bent, swelling in the middle, one edge lit."""
    size = canvas.size_px * log_uniform(rng, 0.02, 0.12)
    turn = rng.uniform(0, np.pi)
    for _ in range(int(rng.integers(4, 25))):
        heading = turn + rng.normal(0, rng.choice([0.3, 2.0]))
        start = np.array([canvas.shape[1], canvas.shape[0]]) * rng.random(2)
        end = start + size * log_uniform(rng, 0.4, 2.0) * np.array([np.cos(heading), np.sin(heading)])
        line = curve(rng, start, end, sag=rng.normal(0, 0.2), wander=0.04)
        swell = np.sin(np.linspace(0, np.pi, len(line))) ** rng.uniform(0.4, 1.0)
        width = size * log_uniform(rng, 0.04, 0.3) * swell * (1 + 0.25 * noise_along(rng, len(line), 12))
        field = draw_stroke(canvas, line, np.maximum(width, 0.2), margin_px=3)
        if field is None:
            continue
        direction = normals(line)[len(line) // 2]
        facing = float(direction @ np.array([canvas.light.x, canvas.light.y]))
        lit = (
            np.exp(-np.abs(field.depth_px) / 1.2)
            * np.sign(field.across_px)
            * np.float32(-facing * rng.uniform(0.1, 0.5))
        )
        shade = 1 - field.coverage() * np.float32(rng.uniform(0.15, 0.7))
        canvas.scale(np.clip(shade * (1 + lit * (field.depth_px > -3)), 0.2, 1.6), field.window)


def cable(canvas: Canvas, rng: Generator) -> None:
    """Cables, pipes and wires in front of the surface: round, even, with a highlight and a shadow beside them."""
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        ends = across_image(rng, canvas.shape, upright=0.6)
        line = curve(rng, ends[0], ends[1], sag=rng.normal(0, 0.06), wander=rng.choice([0.0, 0.01, 0.03]))
        width = _line_width(rng, canvas, 1.2, 50)
        lift = width * rng.uniform(0.2, 2.0)
        shadow = line - lift * np.array([canvas.light.x, canvas.light.y])
        cast = draw_stroke(canvas, shadow, width, margin_px=4)
        if cast is not None:
            soft = smoothstep(-2.0, 2.0, cast.depth_px) * np.float32(canvas.light.umbra)
            canvas.scale(1 - soft, cast.window)
        field = draw_stroke(canvas, line, width)
        if field is None:
            continue
        dark = rng.random() < 0.65
        level = tinted(rng, rng.uniform(0.04, 0.25) if dark else rng.uniform(0.3, 0.9), tint=0.05)
        turn = np.clip(field.across_px / (width / 2), -1, 1)
        direction = normals(line)[len(line) // 2]
        facing = float(direction @ np.array([canvas.light.x, canvas.light.y]))
        body = 0.75 + 0.35 * turn * facing + 0.35 * np.exp(-(((turn - 0.4 * facing) / 0.25) ** 2))
        alpha = field.coverage()
        canvas.blend(np.clip(spread(level) * body, 0, 1), alpha, field.window)
        canvas.hide(alpha, field.window)


def _branch(
    rng: Generator, start: Points, heading: float, length: float, width: float, depth: int
) -> list[tuple[Points, Field]]:
    end = start + length * np.array([np.cos(heading), np.sin(heading)])
    line = curve(rng, start, end, sag=rng.normal(0, 0.08), wander=0.02)
    taper = np.linspace(1, 0.35, len(line))
    parts = [(line, (width * taper).astype(np.float32))]
    if depth > 0:
        for _ in range(int(rng.integers(1, 4))):
            at = int(len(line) * rng.uniform(0.2, 0.95))
            turn = heading + rng.choice([-1, 1]) * rng.uniform(0.35, 1.0)
            parts += _branch(rng, line[at], turn, length * rng.uniform(0.3, 0.65), width * taper[at] * 0.65, depth - 1)
    return parts


def branches(
    rng: Generator, shape: tuple[int, int], *, width_px: float, count: int, depth: int
) -> list[tuple[Points, Field]]:
    """Twigs or bare trees: smooth forking strokes from outside or inside the image, as (line, width) pairs."""
    height, width = shape
    parts: list[tuple[Points, Field]] = []
    for _ in range(count):
        start = np.array([width, height]) * rng.uniform(-0.1, 1.1, 2)
        heading = np.arctan2(*(np.array([height, width]) / 2 - start[::-1])) + rng.normal(0, 0.6)
        length = min(shape) * log_uniform(rng, 0.2, 0.9)
        parts += _branch(rng, start, float(heading), length, width_px * log_uniform(rng, 0.5, 1.5), depth)
    return parts


def twig(canvas: Canvas, rng: Generator) -> None:
    """Twigs, roots and bare creepers on the surface: forked like cracks, but round, lit and casting a shadow."""
    width = _line_width(rng, canvas, 1.2, 12)
    level = rgb(0.35, 0.26, 0.18) * np.float32(rng.uniform(0.4, 1.9))
    for line, widths in branches(
        rng, canvas.shape, width_px=width, count=int(rng.integers(1, 3)), depth=int(rng.integers(0, 3))
    ):
        shadow = line - np.array([canvas.light.x, canvas.light.y]) * (width * rng.uniform(0.3, 1.0))
        cast = draw_stroke(canvas, shadow, widths.astype(np.float64), margin_px=3)
        if cast is not None:
            canvas.scale(1 - smoothstep(-1.5, 1.5, cast.depth_px) * np.float32(canvas.light.umbra), cast.window)
        field = draw_stroke(canvas, line, widths.astype(np.float64))
        if field is None:
            continue
        turn = np.clip(field.across_px / np.maximum(field.half_width_px, 0.5), -1, 1)
        bark = 1 + 0.2 * grain(rng, field.depth_px.shape, 2.0) + 0.3 * turn * np.float32(rng.choice([-1, 1]))
        alpha = field.coverage()
        canvas.blend(np.clip(spread(level) * bark, 0.02, 1), alpha, field.window)
        canvas.hide(alpha, field.window)


def grass(canvas: Canvas, rng: Generator) -> None:
    """Blades of grass or straw, in a tuft or scattered."""
    tuft = np.array([canvas.shape[1], canvas.shape[0]]) * rng.random(2)
    scattered = rng.random() < 0.4
    dry = rng.random() < 0.4
    base = rgb(0.62, 0.55, 0.33) if dry else rgb(0.3, 0.42, 0.14)
    for _ in range(int(rng.integers(3, 16))):
        start = (
            np.array([canvas.shape[1], canvas.shape[0]]) * rng.random(2) if scattered else tuft + rng.normal(0, 12, 2)
        )
        heading = rng.uniform(0, 2 * np.pi) if scattered else rng.normal(-np.pi / 2, 0.6)
        end = start + canvas.size_px * log_uniform(rng, 0.05, 0.35) * np.array([np.cos(heading), np.sin(heading)])
        line = curve(rng, start, end, sag=rng.normal(0, 0.12), wander=0.01)
        width = log_uniform(rng, 1.0, 5.0) * np.linspace(1, 0.2, len(line))
        field = draw_stroke(canvas, line, width)
        if field is None:
            continue
        shade = spread(base) * (np.float32(rng.uniform(0.5, 1.5)) * (1 + 0.25 * np.sign(field.across_px)))
        canvas.blend(np.clip(shade, 0, 1), field.coverage(), field.window)
        canvas.hide(field.coverage(), field.window)
