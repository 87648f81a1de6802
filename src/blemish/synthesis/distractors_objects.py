"""Things in and before the scene that are no cracks: shadows, leaves, edges, metalwork, holes, picture frames."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.canvas import Canvas, Colour, mix, rgb, speckled, spread, tinted
from blemish.synthesis.distractors_lines import across_image, branches, draw_stroke
from blemish.synthesis.noise import (
    Field,
    Generator,
    cells,
    coordinates,
    exp,
    fractal_noise,
    grain,
    log_uniform,
    smoothstep,
    value_noise,
)
from blemish.synthesis.surfaces import ONLY_WHERE_ASKED, SURFACES, draw_surface


def _cast(canvas: Canvas, rng: Generator, alpha: Field) -> None:
    """Darken by a shadow, a little bluish as skylight fills it."""
    depth = np.float32(rng.uniform(0.2, 0.65))
    canvas.scale(1 - alpha * spread(rgb(1.0, 0.98, 0.93) * depth))


def shadow(canvas: Canvas, rng: Generator) -> None:
    """The shadow of a building, a pole or an overhang: straight edges, sharp near and soft far."""
    height, width = canvas.shape
    kind = rng.random()
    soft = log_uniform(rng, 0.6, 14)
    if kind < 0.5:
        line = across_image(rng, canvas.shape, upright=0.35)
        direction = line[1] - line[0]
        off = _beside(canvas, line.mean(axis=0), direction)
        if rng.random() < 0.5:
            off = np.abs(off) - np.float32(canvas.size_px * log_uniform(rng, 0.01, 0.2))
        alpha = smoothstep(soft, -soft, off)
    else:
        shape = np.zeros(canvas.shape, dtype=np.uint8)
        corners = np.array([width, height]) * rng.uniform(-0.3, 1.3, (int(rng.integers(3, 6)), 2))
        cv2.fillConvexPoly(shape, cv2.convexHull(corners.astype(np.int32)), 255)
        alpha = cv2.GaussianBlur(shape, (0, 0), soft).astype(np.float32) * np.float32(1 / 255)
    _cast(canvas, rng, alpha)


def branch_shadow(canvas: Canvas, rng: Generator) -> None:
    """The shadow of bare branches, wires or railings: dark forked lines with blurred edges."""
    alpha = np.zeros(canvas.shape, dtype=np.float32)
    width = log_uniform(rng, 1.5, 25 * canvas.size_px / 512 + 2)
    for line, widths in branches(
        rng, canvas.shape, width_px=width, count=int(rng.integers(1, 4)), depth=int(rng.integers(1, 4))
    ):
        field = draw_stroke(canvas, line, widths.astype(np.float64), margin_px=2)
        if field is not None:
            part = alpha[field.window]
            np.maximum(part, field.coverage(), out=part)
    _cast(canvas, rng, np.asarray(cv2.GaussianBlur(alpha, (0, 0), log_uniform(rng, 0.6, 6)), dtype=np.float32))


def dapple(canvas: Canvas, rng: Generator) -> None:
    """Light through leaves."""
    field = fractal_noise(rng, canvas.shape, canvas.size_px * log_uniform(rng, 0.05, 0.4), 6, persistence=0.5)
    edge = rng.uniform(-0.8, 0.8)
    _cast(canvas, rng, smoothstep(edge, edge + log_uniform(rng, 0.1, 2.0), field))


def leaves(canvas: Canvas, rng: Generator) -> None:
    """Fallen or hanging leaves with a midrib, and their shadows."""
    height, width = canvas.shape
    palette = np.array([[0.55, 0.35, 0.12], [0.3, 0.42, 0.14], [0.62, 0.5, 0.2], [0.4, 0.22, 0.12], [0.2, 0.3, 0.1]])
    base = palette[rng.integers(len(palette))].astype(np.float32)
    size = canvas.size_px * log_uniform(rng, 0.03, 0.2)
    cluster = np.array([width, height]) * rng.random(2) if rng.random() < 0.5 else None
    for _ in range(int(rng.integers(1, 14))):
        centre = np.array([width, height]) * rng.random(2) if cluster is None else cluster + rng.normal(0, 2 * size, 2)
        length, turn, slim = size * rng.uniform(0.6, 1.4), rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.5)
        place = canvas.near(centre[0], centre[1], length * 1.3 + 6)
        if place is None:
            continue
        part, right, below = place
        lift = rng.uniform(1, 5)
        dark, _ = _leaf(
            right + np.float32(lift * canvas.light.x), below + np.float32(lift * canvas.light.y), length, turn, slim
        )
        canvas.scale(1 - dark * np.float32(canvas.light.umbra), part)
        alpha, across = _leaf(right, below, length, turn, slim)
        rib = np.clip(np.float32(1.2) - np.abs(across), 0, 1) * np.float32(rng.uniform(-0.2, 0.35))
        tone = np.float32(rng.uniform(0.6, 1.4)) * (1 + np.float32(0.08) * np.sign(across) + rib)
        canvas.blend(np.clip(spread(base) * tone, 0, 1), alpha, part)
        canvas.hide(alpha, part)


def _leaf(right: Field, below: Field, length: float, turn: float, slim: float) -> tuple[Field, Field]:
    """Opacity of a pointed leaf, and the distance to its midrib, each (h, w), at such places beside its middle."""
    along = right * np.float32(np.cos(turn)) + below * np.float32(np.sin(turn))
    across = below * np.float32(np.cos(turn)) - right * np.float32(np.sin(turn))
    breadth = np.clip(1 - (along / np.float32(length)) ** 2, 0, 1) * np.float32(length * slim)
    return np.clip(breadth - np.abs(across) + np.float32(0.5), 0, 1), across


def _beside(canvas: Canvas, point: NDArray[np.float64], direction: NDArray[np.float64]) -> Field:
    """Signed distance of each pixel to the straight line through a point, float32 (H, W)."""
    rows, columns = coordinates(canvas.shape)
    return np.asarray(
        (columns - np.float32(point[0])) * np.float32(-direction[1])
        + (rows - np.float32(point[1])) * np.float32(direction[0])
    )


def edge(canvas: Canvas, rng: Generator) -> None:
    """The end of the wall or slab: sky, foliage, grass, soil, a dark opening or another wall beyond it."""
    height, width = canvas.shape
    line = across_image(rng, canvas.shape, upright=0.85)
    direction = (line[1] - line[0]) / np.hypot(*(line[1] - line[0]))
    point = np.array([width, height]) * np.where(rng.random(2) < 0.5, rng.uniform(0.02, 0.35), rng.uniform(0.65, 0.98))
    off = _beside(canvas, point, direction)
    if off[height // 2, width // 2] > 0:  # most of the image stays surface
        off = -off
    off += value_noise(rng, canvas.shape, 25) * np.float32(rng.choice([0.0, 0.5, 3.0]))
    alpha = np.clip(off + np.float32(0.5), 0, 1)
    beyond = _beyond(canvas, rng)
    fall = exp(np.minimum(off, 0) * np.float32(1 / log_uniform(rng, 1.5, 20)))
    canvas.scale(1 - fall * np.float32(rng.uniform(0, 0.5)))
    canvas.blend(beyond, alpha)
    if rng.random() < 0.3:  # a gap between the two
        gap = np.clip(np.float32(log_uniform(rng, 0.7, 6)) - np.abs(off), 0, 1)
        canvas.scale(1 - gap * np.float32(rng.uniform(0.4, 0.95)))
    canvas.hide(alpha)


def _beyond(canvas: Canvas, rng: Generator) -> Colour:
    shape = canvas.shape
    kind = rng.integers(0, 6)
    if kind == 0:  # sky
        top, low = np.array([0.45, 0.62, 0.85]), np.array([0.85, 0.89, 0.93])
        clouds = smoothstep(-1.5, 2.0, fractal_noise(rng, shape, canvas.size_px * 0.6, 8))
        return mix((top * rng.uniform(0.8, 1.1)).astype(np.float32), low.astype(np.float32), clouds)
    if kind == 1:  # foliage
        number, _ = cells(rng, shape, canvas.size_px * log_uniform(rng, 0.008, 0.05))
        tone = rng.random(int(number.max()) + 1, dtype=np.float32)[number] ** 1.5
        tone *= smoothstep(-2.0, 1.5, fractal_noise(rng, shape, 60, 5))
        green = (np.array([0.42, 0.55, 0.2]) * rng.uniform(0.6, 1.3)).astype(np.float32)
        return mix(green * np.float32(0.12), green, tone)
    if kind == 2:  # soil, grass, gravel
        base = (np.array([[0.36, 0.4, 0.18], [0.4, 0.32, 0.22], [0.5, 0.47, 0.42]])[rng.integers(3)]).astype(np.float32)
        rough = fractal_noise(rng, shape, canvas.grain_px * 12, 1.5, persistence=0.85)
        return mix(base * np.float32(0.3), np.clip(base * 1.4, 0, 1), smoothstep(-2.2, 2.2, rough))
    if kind == 5:  # any other surface
        names = sorted(SURFACES.keys() - ONLY_WHERE_ASKED)
        name = names[int(rng.integers(len(names)))]
        other = draw_surface(name, rng, shape, canvas.grain_px * log_uniform(rng, 0.5, 2), canvas.light)
        other.shade_relief(log_uniform(rng, 0.25, 1.0))
        return np.clip(other.colour, 0, 1)
    if kind == 3:  # a dark opening
        return speckled(rng, tinted(rng, rng.uniform(0.02, 0.15)), value_noise(rng, shape, 40), 0.05, 0.2)
    level = tinted(rng, rng.uniform(0.2, 0.9), tint=0.04)  # another smooth wall
    return speckled(rng, level, grain(rng, shape, canvas.grain_px), 0.01, 0.1)


def metalwork(canvas: Canvas, rng: Generator) -> None:
    """Plates, brackets, gratings, bars and window frames: straight bright or dark pieces with a hard shadow."""
    height, width = canvas.shape
    level = tinted(rng, rng.choice([rng.uniform(0.05, 0.25), rng.uniform(0.4, 0.9)]), tint=0.04)
    bars = int(rng.choice([1, 1, 2, 5]))
    size = (canvas.size_px * log_uniform(rng, 0.1, 1.5), canvas.size_px * log_uniform(rng, 0.015, 0.25))
    turn = float(rng.choice([0, 90]) + rng.normal(0, 4))
    start = np.array([width, height]) * rng.random(2)
    step = (np.array([-np.sin(np.deg2rad(turn)), np.cos(np.deg2rad(turn))])) * size[1] * rng.uniform(1.4, 3)
    shape, cast = np.zeros(canvas.shape, dtype=np.uint8), np.zeros(canvas.shape, dtype=np.uint8)
    away = np.array([canvas.light.x, canvas.light.y]) * -rng.uniform(1, 8)
    for bar in range(bars):
        centre = start + bar * step
        for plane, moved in ((shape, centre), (cast, centre + away)):
            box = cv2.boxPoints(((float(moved[0]), float(moved[1])), size, turn))
            cv2.fillConvexPoly(plane, np.rint(box * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    dark = cv2.GaussianBlur(cast, (0, 0), rng.uniform(0.6, 3)).astype(np.float32) / 255
    canvas.scale(1 - dark * np.float32(canvas.light.umbra))
    alpha = shape.astype(np.float32) / 255
    gradient = 1 + 0.12 * value_noise(rng, canvas.shape, canvas.size_px * 0.3) + 0.03 * grain(rng, canvas.shape, 1.5)
    canvas.blend(np.clip(spread(level) * gradient, 0, 1), alpha)
    canvas.hide(alpha)


def window(canvas: Canvas, rng: Generator) -> None:
    """A window or door: frame, panes with reflections, glazing bars, a sill and its shadow."""
    height, width = canvas.shape
    high, wide = canvas.size_px * rng.uniform(0.2, 0.7), canvas.size_px * rng.uniform(0.15, 0.6)
    left, top = rng.uniform(-0.3 * wide, width - 0.5 * wide), rng.uniform(-0.3 * high, height - 0.5 * high)
    columns = (np.arange(width, dtype=np.float32) - np.float32(left))[None]
    rows = (np.arange(height, dtype=np.float32) - np.float32(top))[:, None]
    depth = np.minimum(np.minimum(columns, np.float32(wide) - columns), np.minimum(rows, np.float32(high) - rows))
    outside = np.clip(depth + np.float32(0.5), 0, 1)
    bar = max(1.5, wide * rng.uniform(0.02, 0.1))
    panes = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    pitch = np.float32(wide / panes[0]), np.float32(high / panes[1])
    across = np.minimum(columns % pitch[0], pitch[0] - columns % pitch[0])
    down = np.minimum(rows % pitch[1], pitch[1] - rows % pitch[1])
    glass = np.clip(
        np.minimum(np.minimum(across, down) - np.float32(bar / 2), depth - np.float32(bar)) + np.float32(0.5), 0, 1
    )
    cast = np.clip(np.float32(bar) - np.abs(rows - np.float32(high)), 0, 1) * (columns > 0) * (columns < wide)
    canvas.scale(1 - cast.astype(np.float32) * np.float32(canvas.light.umbra))
    canvas.blend(tinted(rng, rng.choice([rng.uniform(0.1, 0.4), rng.uniform(0.75, 0.95)]), tint=0.06), outside)
    sky = smoothstep(-1.5, 1.5, fractal_noise(rng, canvas.shape, canvas.size_px * 0.5, 10))
    pane = mix(tinted(rng, rng.uniform(0.03, 0.2)), tinted(rng, rng.uniform(0.2, 0.8), tint=0.06), sky)
    canvas.blend(pane, glass * outside)
    canvas.hide(outside)


def tie_holes(canvas: Canvas, rng: Generator) -> None:
    """Form-tie holes, bolts and anchor plugs: round, in a row, some with a rust run."""
    height, width = canvas.shape
    radius = canvas.size_px * log_uniform(rng, 0.006, 0.05)
    count = int(rng.integers(1, 7))
    start = np.array([width, height]) * rng.random(2)
    step = canvas.size_px * rng.uniform(0.15, 0.5) * (np.array([1, 0]) if rng.random() < 0.5 else np.array([0, 1]))
    plugged = rng.random() < 0.3
    for number in range(count):
        x, y = start + number * step + rng.normal(0, 1, 2)
        place = canvas.near(x, y, radius + 5)
        if place is None:
            continue
        window, right, below = place
        depth = np.float32(radius) - np.asarray(cv2.magnitude(right, below), dtype=np.float32)
        alpha = np.clip(depth + np.float32(0.5), 0, 1)
        if plugged:
            canvas.scale(1 - exp(-(depth**2) / 2) * np.float32(0.4), window)
            plug = np.clip(canvas.level * np.float32(rng.uniform(0.8, 1.25)), 0, 1)
            canvas.blend(plug, alpha * np.float32(0.8), window)
        else:
            towards = (right * np.float32(canvas.light.x) + below * np.float32(canvas.light.y)) / np.float32(
                max(radius, 1)
            )
            canvas.scale(1 + alpha * (np.clip(0.3 - 0.3 * towards, 0.04, 0.8) - 1), window)


def picture_frame(canvas: Canvas, rng: Generator) -> None:
    """What the web puts round a picture: a plain border, perhaps with a drop shadow, on one side or all."""
    height, width = canvas.shape
    level = np.float32(rng.choice([1.0, 1.0, 0.0, rng.uniform(0, 1)]))
    sides = rng.random(4) < 0.5 if rng.random() < 0.5 else np.ones(4, dtype=bool)
    sizes = (rng.uniform(0.004, 0.09, 4) * canvas.size_px * sides).astype(int)
    inner = np.zeros(canvas.shape, dtype=np.float32)
    inner[sizes[0] : height - sizes[1], sizes[2] : width - sizes[3]] = 1
    border = np.full((3, *canvas.shape), level, dtype=np.float32)
    if rng.random() < 0.3 and level > 0.5:
        cast = cv2.GaussianBlur(np.roll(inner, (4, 4), (0, 1)), (0, 0), 4)
        border *= 1 - np.float32(0.6) * cast
    canvas.blend(border, 1 - inner)
    canvas.hide(1 - inner)
