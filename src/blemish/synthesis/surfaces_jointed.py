"""Jointed surfaces: brick, blocks, paving, tiles, rubble, boards, sheet metal. Joints are no cracks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.canvas import Canvas, Light, new_canvas, rgb, spread, tinted
from blemish.synthesis.noise import (
    Field,
    Generator,
    coordinates,
    exp,
    fractal_noise,
    grain,
    log_uniform,
    smoothstep,
    value_noise,
    voronoi,
    warp,
)
from blemish.synthesis.surfaces_plain import add_pores, mottled


@dataclass(frozen=True)
class Bond:
    """Where the pieces of a wall lie.

    Attributes:
        number: number of the piece at each pixel, int32 (H, W).
        away_px: distance to the nearest joint's centre line, px, float32 (H, W).
        paths: stepped ways through the joints, as settlement cracks take them, each float64 (n, 2).
    """

    number: NDArray[np.int32]
    away_px: Field
    paths: list[NDArray[np.float64]]


def lay(rng: Generator, shape: tuple[int, int], piece_px: tuple[float, float], kind: str, *, wobble_px: float) -> Bond:
    """Lay pieces of (height, width) in a bond: "running", "third", "stack", "flemish" or "random"."""
    height, width = shape
    tall, wide = piece_px
    courses = int(np.ceil(height / tall)) + 2
    tops = np.cumsum(np.concatenate([[-rng.random() * tall], tall * rng.normal(1, 0.02, courses)]))
    start = -rng.random() * wide
    heads = [start + _head_joints(rng, width, wide, kind, course) for course in range(courses)]
    number = np.zeros(shape, dtype=np.int32)
    away = np.zeros(shape, dtype=np.float32)
    at = np.arange(width, dtype=np.float64)
    counted = 0
    for course, head in enumerate(heads):
        top, bottom = max(0, int(np.ceil(tops[course]))), min(height, int(np.ceil(tops[course + 1])))
        if top < bottom:
            piece = np.searchsorted(head, at)
            sideways = np.minimum(at - head[np.maximum(piece - 1, 0)], head[np.minimum(piece, len(head) - 1)] - at)
            level = np.arange(top, bottom)
            upright = np.minimum(level - tops[course], tops[course + 1] - level)
            number[top:bottom] = counted + piece
            away[top:bottom] = np.minimum(np.abs(sideways)[None], upright[:, None])
        counted += len(head) + 1
    bond = Bond(number, away, [_stepped_path(rng, tops, heads, shape) for _ in range(3)])
    return _shaken(rng, bond, wide, wobble_px) if wobble_px > 0 else bond


def _head_joints(rng: Generator, width: int, wide: float, kind: str, course: int) -> NDArray[np.float64]:
    """Where the upright joints of one course lie, from before the left edge to beyond the right one."""
    pieces = np.full(int(width / wide * (1.4 if kind == "flemish" else 1)) + 4, wide)
    shift = {"running": 0.5 * (course % 2), "third": (course % 3) / 3, "flemish": 0.25 * (course % 2)}.get(kind, 0.0)
    if kind == "flemish":
        pieces[(course % 2) :: 2] *= 0.5
    elif kind == "random":
        pieces *= rng.uniform(0.6, 1.4, len(pieces))
        shift = rng.random()
    ends = np.cumsum(pieces * rng.normal(1, 0.015, len(pieces)))
    return np.asarray(np.concatenate([[0.0], ends]) - (1 + shift) * wide)


def _shaken(rng: Generator, bond: Bond, wide: float, wobble_px: float) -> Bond:
    """The same wall built by hand: courses and joints wander."""
    height, width = bond.number.shape
    rows, columns = coordinates((height, width))
    shift_x = value_noise(rng, (height, width), wide * 1.6) * np.float32(wobble_px)
    shift_y = value_noise(rng, (height, width), wide * 1.6) * np.float32(wobble_px)
    columns, rows = columns + shift_x, rows + shift_y
    away = cv2.remap(bond.away_px, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    nearest_x = np.clip(np.rint(columns), 0, width - 1).astype(np.intp)
    nearest_y = np.clip(np.rint(rows), 0, height - 1).astype(np.intp)
    paths = []
    for path in bond.paths:  # the shift is smooth: its inverse is its negative, near enough
        x = np.clip(np.rint(path[:, 0]), 0, width - 1).astype(np.intp)
        y = np.clip(np.rint(path[:, 1]), 0, height - 1).astype(np.intp)
        paths.append(path - np.stack([shift_x[y, x], shift_y[y, x]], axis=1))
    return Bond(bond.number[nearest_y, nearest_x], np.asarray(away, dtype=np.float32), paths)


def _stepped_path(
    rng: Generator, tops: NDArray[np.float64], heads: list[NDArray[np.float64]], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """A stair down the wall: along a bed joint to a head joint, down it, and on in about the same direction."""
    x = rng.uniform(-0.1, 1.1) * shape[1]
    lean = 1.0 if x < shape[1] / 2 else -1.0
    points: list[tuple[float, float]] = []
    first = int(rng.integers(0, max(1, len(heads) // 3)))
    for course in range(first, len(heads)):
        side = lean if rng.random() < 0.88 else -lean
        onward = heads[course][(heads[course] - x) * side > 1.0]
        if len(onward) == 0:
            break
        # Mostly the next joint, sometimes one further on.
        order = np.sort(onward)[:: 1 if side > 0 else -1]
        x_next = float(order[min(int(rng.geometric(0.7)) - 1, len(order) - 1)])
        points += [(x, tops[course]), (x_next, tops[course]), (x_next, tops[course + 1])]
        x = x_next
    if len(points) < 2:
        points = [(0.0, float(tops[len(tops) // 2])), (float(shape[1]), float(tops[len(tops) // 2]))]
    return np.asarray(points, dtype=np.float64)


def _per_piece(values: NDArray[np.floating], number: NDArray[np.int32]) -> NDArray[np.float32]:
    """A colour per piece, (n, 3), laid out as planes, (3, H, W)."""
    return np.stack([np.take(values[:, k].astype(np.float32), number) for k in range(3)])


_CLAYS = np.array(
    [
        [0.58, 0.30, 0.23],
        [0.66, 0.40, 0.28],
        [0.74, 0.58, 0.42],
        [0.40, 0.28, 0.23],
        [0.50, 0.48, 0.46],
        [0.80, 0.77, 0.72],
        [0.64, 0.36, 0.32],
        [0.56, 0.44, 0.38],
    ]
)
"""Fired clays: red, orange, buff, brown, grey, white, rose, dun."""


def _brick_colours(rng: Generator, count: int) -> NDArray[np.float64]:
    clay = _CLAYS[rng.integers(0, len(_CLAYS))] * rng.uniform(0.7, 1.2)
    dull = rng.uniform(0.0, 0.6)
    clay = clay * (1 - dull) + clay.mean() * dull
    variety = log_uniform(rng, 0.03, 0.2)
    colours = clay * np.exp(rng.normal(0, variety, (count, 1))) * np.exp(rng.normal(0, variety * 0.25, (count, 3)))
    if rng.random() < 0.4:  # some over-burnt
        colours[rng.random(count) < rng.uniform(0.05, 0.3)] *= rng.uniform(0.5, 0.8)
    return np.asarray(np.clip(colours, 0.03, 0.96))


def brick(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Brickwork in several bonds: ragged arrises, mortar flush, raked or smeared, a colour per brick."""
    wide = min(shape) * log_uniform(rng, 0.09, 1.6)
    tall = wide * rng.uniform(0.26, 0.42)
    joint = max(1.0, wide * log_uniform(rng, 0.03, 0.09))
    kind = str(rng.choice(["running", "running", "third", "flemish", "stack", "random"]))
    bond = lay(rng, shape, (tall, wide), kind, wobble_px=wide * log_uniform(rng, 0.003, 0.02))
    return _masonry(rng, bond, joint, _brick_colours(rng, int(bond.number.max()) + 1), grain_px, light)


def _masonry(
    rng: Generator, bond: Bond, joint_px: float, colours: NDArray[np.float64], grain_px: float, light: Light
) -> Canvas:
    """Pieces of given colours, (n, 3), in mortar."""
    shape = bond.number.shape
    ragged = np.float32(log_uniform(rng, 0.04, 0.35) * joint_px)
    edge = bond.away_px + fractal_noise(rng, shape, max(3.0, joint_px * 1.5), 1.2, persistence=0.65) * ragged
    piece = smoothstep(joint_px / 2 - 0.7, joint_px / 2 + 0.7, edge)
    face = fractal_noise(rng, shape, max(6.0, joint_px * 6), 1.5, persistence=rng.uniform(0.6, 0.85))
    body = _per_piece(colours, bond.number)
    body *= exp(face * np.float32(log_uniform(rng, 0.02, 0.16)))
    # Without mortar, as in a dry wall, the joints are dark gaps.
    mortar_level = tinted(rng, rng.uniform(0.3, 0.85) if rng.random() < 0.8 else rng.uniform(0.03, 0.3))
    mortar = mottled(rng, shape, mortar_level, strength=log_uniform(rng, 0.03, 0.12))
    sand = grain(rng, shape, max(1.0, grain_px * 0.8))
    mortar += sand * np.float32(log_uniform(rng, 0.01, 0.07))
    canvas = new_canvas(mortar.copy(), light, grain_px, colours.mean(axis=0).astype(np.float32))
    canvas.joints, canvas.joint_px = bond.paths, joint_px
    canvas.blend(body, piece)
    if rng.random() < 0.3:  # mortar smeared, or lime bloom, over the pieces
        smear = smoothstep(0.9, 1.8, fractal_noise(rng, shape, max(8.0, joint_px * 5), 2, persistence=0.75))
        canvas.blend(mortar, smear * np.float32(rng.uniform(0.2, 0.95)))
    recess = float(rng.choice([0.0, 0.3, 1.0, 1.8])) * min(joint_px * 0.3, 6.0)
    canvas.relief_px += smoothstep(joint_px / 2 - 1.2, joint_px / 2 + 1.8 + joint_px * 0.15, edge) * np.float32(recess)
    if recess > 1:  # a raked joint lies in the shadow of the course above
        cast = recess * rng.uniform(0.3, 1.2)
        step = np.array([[1, 0, light.x * cast], [0, 1, light.y * cast]], dtype=np.float32)
        above = cv2.warpAffine(piece, step, shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=0)
        canvas.scale(1 - np.maximum(above - piece, 0) * np.float32(rng.uniform(0.2, 0.7)))
    if rng.random() < 0.5:  # worn or pillowed pieces: darker and lower towards their edges
        dome = 1 - exp(
            np.minimum(-edge + np.float32(joint_px / 2), 0) * np.float32(1 / (joint_px * rng.uniform(0.3, 2) + 1))
        )
        canvas.relief_px += dome * np.float32(min(joint_px, 10) * rng.uniform(0.1, 0.8))
        canvas.scale(1 - (1 - dome) * piece * np.float32(rng.uniform(0, 0.4)))
    canvas.relief_px += face * np.float32(grain_px * log_uniform(rng, 0.05, 0.7))
    canvas.relief_px += sand * np.float32(grain_px * 0.2) * (np.float32(1.2) - piece)
    canvas.add(sand * np.float32(log_uniform(rng, 0.008, 0.04)))
    if rng.random() < 0.5:
        add_pores(canvas, rng, fraction=log_uniform(rng, 0.003, 0.05), size_px=grain_px * log_uniform(rng, 1, 4))
    if rng.random() < 0.35:
        _gaps(canvas, rng, bond, joint_px)
    return canvas


def _gaps(canvas: Canvas, rng: Generator, bond: Bond, joint_px: float) -> None:
    """Mortar fallen out here and there: the joint is dark, and straight."""
    shape = canvas.shape
    where = smoothstep(0.9, 1.3, value_noise(rng, shape, max(6.0, joint_px * rng.uniform(2, 8))))
    wobble = value_noise(rng, shape, max(2.0, joint_px * 0.7)) * np.float32(0.12 * joint_px)
    groove = np.clip(np.float32(joint_px * rng.uniform(0.15, 0.5) + 0.5) - bond.away_px + wobble, 0, 1)
    canvas.blend(canvas.level * np.float32(rng.uniform(0.05, 0.3)), groove * where * np.float32(rng.uniform(0.4, 0.9)))


def paving(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Concrete blocks, setts and slabs with open or sanded joints."""
    wide = min(shape) * log_uniform(rng, 0.1, 1.3)
    tall = wide * float(rng.choice([0.5, 0.5, 0.66, 1.0]))
    kind = str(rng.choice(["running", "stack", "third", "random"]))
    bond = lay(rng, shape, (tall, wide), kind, wobble_px=wide * log_uniform(rng, 0.002, 0.02))
    level = tinted(rng, rng.uniform(0.3, 0.75), tint=0.04)
    colours = level * np.exp(rng.normal(0, log_uniform(rng, 0.02, 0.15), (int(bond.number.max()) + 1, 1)))
    joint = max(1.0, min(wide * log_uniform(rng, 0.008, 0.05), 14.0))
    canvas = _masonry(rng, bond, joint, np.clip(colours, 0.03, 0.96), grain_px, light)
    if rng.random() < 0.6:  # joints darker than any mortar: dirt
        dirt = np.clip(np.float32(joint * 0.5 + 0.5) - bond.away_px, 0, 1)
        canvas.scale(1 - dirt * np.float32(rng.uniform(0.2, 0.85)))
    return canvas


def tiles(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Ceramic or stone tiles, precast panels: smooth faces, thin straight joints, light or dark."""
    wide = min(shape) * log_uniform(rng, 0.12, 0.9)
    tall = wide * float(rng.choice([1.0, 1.0, 0.5, 2.0]))
    bond = lay(rng, shape, (tall, wide), "stack" if rng.random() < 0.7 else "running", wobble_px=0.0)
    level = tinted(rng, rng.uniform(0.3, 0.93), tint=0.05)
    tone = np.exp(rng.normal(0, log_uniform(rng, 0.003, 0.05), int(bond.number.max()) + 1)).astype(np.float32)
    canvas = new_canvas(mottled(rng, shape, level, strength=log_uniform(rng, 0.01, 0.09)), light, grain_px, level)
    canvas.scale(tone[bond.number])
    joint = log_uniform(rng, 1.0, max(2.0, min(10.0, wide * 0.08)))
    groove = np.clip(np.float32(joint / 2 + 0.5) - bond.away_px, 0, 1)
    line = np.clip(level * (rng.uniform(0.1, 0.75) if rng.random() < 0.65 else rng.uniform(1.05, 1.4)), 0.02, 0.97)
    grime = np.clip(np.float32(0.85) + np.float32(0.25) * value_noise(rng, shape, 30), 0.3, 1.0)
    canvas.blend(line, groove * grime)
    canvas.relief_px -= smoothstep(joint * 0.5 + 2, joint * 0.5, bond.away_px) * np.float32(rng.uniform(0, 2.5))
    fine = grain(rng, shape, grain_px)
    canvas.add(fine * np.float32(log_uniform(rng, 0.004, 0.04)))
    canvas.relief_px += fine * np.float32(rng.uniform(0, 0.2))
    canvas.joints, canvas.joint_px = bond.paths, joint
    return canvas


def rubble(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Rubble masonry and crazy paving: irregular stones whose winding joints look most like cracks."""
    size = min(shape) * log_uniform(rng, 0.12, 0.6)
    number, _ = voronoi(rng, shape, size)
    border = np.zeros(shape, dtype=np.uint8)
    border[:, 1:] |= number[:, 1:] != number[:, :-1]
    border[1:] |= number[1:] != number[:-1]
    away = np.asarray(cv2.distanceTransform(1 - border, cv2.DIST_L2, 5), dtype=np.float32)
    rows, columns = coordinates(shape)
    columns += np.float32(size * 0.06) * value_noise(rng, shape, size * 0.5)
    rows += np.float32(size * 0.06) * value_noise(rng, shape, size * 0.5)
    away = np.asarray(cv2.remap(away, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))
    moved = cv2.remap(number.astype(np.float32), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    number = moved.astype(np.int32)
    level = tinted(rng, rng.uniform(0.3, 0.75), tint=0.05)
    count = int(number.max()) + 1
    colours = level * np.exp(rng.normal(0, 0.12, (count, 1))) * np.exp(rng.normal(0, 0.03, (count, 3)))
    joint = max(2.0, size * log_uniform(rng, 0.03, 0.15))
    return _masonry(rng, Bond(number, away, []), joint, np.clip(colours, 0.03, 0.95), grain_px, light)


def wood(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Boards and shuttering ply: grain, gaps. Never cracked here."""
    height, width = shape
    upright = rng.random() < 0.5
    breadth, length = (width, height) if upright else (height, width)
    board = max(10.0, min(shape) * log_uniform(rng, 0.1, 0.8))
    bond = lay(rng, (breadth, length), (board, length * 3.0), "stack", wobble_px=0.0)
    rings = fractal_noise(rng, (breadth, length), board * 0.35, 1.2, stretch=log_uniform(rng, 8, 30), persistence=0.8)
    rings = warp(rings, rng, amplitude_px=board * 0.08, cell_px=board * 0.9)
    level = rgb(0.62, 0.47, 0.32) * np.float32(rng.uniform(0.5, 1.3))
    if rng.random() < 0.5:  # weathered grey
        level = np.full(3, level.mean(), dtype=np.float32) * rgb(1.02, 1.0, 0.97)
    tone = np.exp(rng.normal(0, 0.12, int(bond.number.max()) + 1)).astype(np.float32)[bond.number]
    plane = tone * (1 + rings * np.float32(rng.uniform(0.05, 0.22)))
    plane *= 1 - np.clip(np.float32(log_uniform(rng, 1.1, 4)) - bond.away_px, 0, 1) * np.float32(rng.uniform(0.5, 0.95))
    relief = rings * np.float32(grain_px * 0.4)
    if upright:
        plane, relief = np.ascontiguousarray(plane.T), np.ascontiguousarray(relief.T)
    canvas = new_canvas(np.clip(spread(level) * plane, 0, 1), light, grain_px, level)
    canvas.relief_px += relief
    return canvas


def metal(rng: Generator, shape: tuple[int, int], grain_px: float, light: Light) -> Canvas:
    """Sheet metal: brushed, rusty or painted, with seams. Never cracked here."""
    level = tinted(rng, rng.uniform(0.25, 0.8), tint=0.02)
    canvas = new_canvas(mottled(rng, shape, level, strength=0.06), light, grain_px, level)
    brushed = fractal_noise(rng, shape, 6, 1, stretch=log_uniform(rng, 10, 60))
    canvas.scale(1 + brushed * np.float32(rng.uniform(0.0, 0.06)))
    if rng.random() < 0.6:
        rust = smoothstep(0.4, 1.6, fractal_noise(rng, shape, min(shape) * 0.3, 2, persistence=0.8))
        canvas.blend(
            rgb(0.45, 0.26, 0.15) * np.float32(rng.uniform(0.6, 1.3)), rust * np.float32(rng.uniform(0.4, 0.95))
        )
        canvas.relief_px += rust
    if rng.random() < 0.3:  # corrugated
        period = min(shape) * log_uniform(rng, 0.03, 0.2)
        wave = np.sin(np.arange(shape[1], dtype=np.float32) * np.float32(2 * np.pi / period))[None]
        canvas.relief_px += wave * np.float32(period * rng.uniform(0.05, 0.25))
    elif rng.random() < 0.6:
        sheet = (min(shape) * rng.uniform(0.3, 1.2), min(shape) * rng.uniform(0.3, 1.2))
        bond = lay(rng, shape, sheet, "stack", wobble_px=0.0)
        canvas.relief_px -= np.clip(np.float32(2.5) - bond.away_px, 0, 2.5)
        canvas.scale(1 - np.clip(np.float32(1.2) - bond.away_px, 0, 1) * np.float32(0.7))
    canvas.add(grain(rng, shape, 1.0) * np.float32(0.01))
    return canvas
