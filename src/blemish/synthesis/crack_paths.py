"""Where cracks run and how wide they are: centre lines with a width profile, before anything is drawn.

A path is rough at every scale (random midpoint displacement, Fournier, Fussell and Carpenter 1982), its width a
log-normal fractal along it. A crack opens by pulling its two sides apart: where it is wide, both edges repeat the
same finer zigzag, so the zigzag is kept apart from the smooth centre line, as a sideways shift along it.
Networks: single, branched, star, several, map cracking (edges of a Voronoi diagram) and steps along the joints of
masonry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.noise import Generator, log_uniform, noise_along
from blemish.synthesis.strokes import Points, normals, resample

NETWORKS = ("single", "branched", "star", "several", "map", "stepped")
"""Every kind of crack network by name."""

VANISHING_PX = 0.3
"""A crack ends where it is thinner than this: no image would show it."""


@dataclass(frozen=True)
class CrackPath:
    """A crack before it is drawn.

    Attributes:
        points: smooth centre line, float64 (n, 2) of (x, y), px, less than a pixel apart.
        right_px: distance from the centre line to the edge on the side of its normal, float64 (n,); may be negative.
        left_px: the same to the other edge; the width is their sum, and 0 where the crack is interrupted.
        strength: how dark it is drawn at each point, 0 to 1, float64 (n,).
    """

    points: Points
    right_px: NDArray[np.float64]
    left_px: NDArray[np.float64]
    strength: NDArray[np.float64]

    @property
    def width_px(self) -> NDArray[np.float64]:
        """Full width at each point, float64 (n,)."""
        return self.right_px + self.left_px


@dataclass(frozen=True)
class Habit:
    """How the cracks of one image run.

    Attributes:
        roughness: sideways displacement of a midpoint relative to the length it divides.
        hurst: 1 is equally rough at all scales, more is smoother in detail.
        finest_px: no kink is shorter.
        spread: standard deviation of the logarithm of the width along a crack.
        interrupted: fraction of a crack's length that is interrupted, 0 to 1.
        faintness: standard deviation of the strength along a crack.
        pockets: number of fallen-out pieces in some 300 px.
    """

    roughness: float
    hurst: float
    finest_px: float
    spread: float
    interrupted: float
    faintness: float
    pockets: float


def random_habit(rng: Generator, width_px: float) -> Habit:
    """A habit for cracks about ``width_px`` wide: wide ones have longer kinks."""
    return Habit(
        roughness=log_uniform(rng, 0.04, 0.16) * (1 - 0.5 * min(1.0, width_px / 40)),
        hurst=rng.uniform(0.92, 1.25),
        finest_px=max(2.0 * log_uniform(rng, 1.0, 3.0), 1.5 * width_px),
        spread=log_uniform(rng, 0.12, 0.7),
        interrupted=rng.uniform(0.02, 0.25) if width_px < 5 and rng.random() < 0.35 else 0.0,
        faintness=rng.uniform(0.0, 0.3),
        pockets=rng.uniform(0, 4) if rng.random() < 0.5 else 0.0,
    )


def rough_line(rng: Generator, start: Points, end: Points, habit: Habit) -> Points:
    """From ``start`` to ``end``, each float (2,), rough at every scale; points under a pixel apart."""
    line = np.stack([start, end]).astype(np.float64)
    whole = max(float(np.hypot(*(line[1] - line[0]))), 1.0)
    while True:
        step = np.diff(line, axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
        if length.mean() < habit.finest_px or len(line) > 4096:
            break
        fraction = rng.uniform(0.35, 0.65, len(step))
        # Heavier tails than a normal: long straight runs and a few sharp kinks.
        push = rng.standard_t(4, len(step)) * habit.roughness * length * (length / whole) ** (habit.hurst - 1)
        push = np.clip(push, -0.35 * length, 0.35 * length)
        sideways = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.maximum(length, 1e-9)[:, None]
        middle = line[:-1] + fraction[:, None] * step + push[:, None] * sideways
        merged = np.empty((len(line) + len(middle), 2))
        merged[0::2], merged[1::2] = line, middle
        line = merged
    return resample(line)


def walk(rng: Generator, start: Points, heading: float, length_px: float, habit: Habit) -> Points:
    """A persistent random walk: the heading drifts, so the way is curved as well as rough."""
    stride = max(habit.finest_px * 4, length_px / 12)
    count = max(2, int(length_px / stride))
    turns = np.cumsum(rng.normal(0, rng.uniform(0.08, 0.28), count)) + heading
    steps = stride * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    knots = start + np.concatenate([[[0.0, 0.0]], np.cumsum(steps, axis=0)])
    pieces = [rough_line(rng, a, b, habit)[:-1] for a, b in pairwise(knots)]
    return resample(np.concatenate([*pieces, knots[-1:]]))


def clothe(
    rng: Generator, points: Points, width_px: float, habit: Habit, *, taper_start: bool = False, taper_end: bool = False
) -> CrackPath:
    """Give a centre line its width, edges and strength."""
    if width_px > 2.5 and len(points) > 4 * width_px:  # the finer zigzag comes back as `_zigzag`
        points = resample(_smoothed(points, 0.5 * width_px))
    count = len(points)
    cell = max(20.0, count * rng.uniform(0.08, 0.4))
    # Never more than twice the mean width, but much less in places.
    profile = noise_along(rng, count, cell, octaves=5)
    gain = np.exp(np.clip(habit.spread * profile, -1.8, 0.8)) * _pockets(rng, count, width_px, habit)
    width = width_px * np.minimum(gain / gain.mean(), 2.0)
    at = np.linspace(0, 1, count)
    for wanted, from_end in ((taper_start, at), (taper_end, 1 - at)):
        if wanted:
            width = width * np.minimum(from_end / rng.uniform(0.15, 0.9), 1) ** rng.uniform(0.6, 1.3)
    if habit.interrupted > 0:
        gate = noise_along(rng, count, max(30.0, count * 0.12), octaves=3)
        limit = float(np.quantile(gate, habit.interrupted))
        width = width * np.clip((gate - limit) / 0.25, 0, 1) ** 0.7
    strength = 1 - np.abs(habit.faintness * noise_along(rng, count, max(40.0, count * 0.2), octaves=3))
    width = np.where(width < VANISHING_PX, 0.0, width).astype(np.float64)
    right, left = width / 2, width / 2
    if width_px > 2.5:
        shared = _zigzag(rng, count, width_px, habit.roughness)
        # No tooth is finer than some 2 px: finer ones would look like a comb.
        octaves = max(2, int(np.log2(max(width_px / 1.5, 2))))
        wear = 0.15 * width_px * np.clip(np.abs(rng.normal(0, 0.6)), 0.1, 1.5)
        sides = []
        for sign in (1.0, -1.0):
            own = noise_along(rng, count, max(4.0, width_px / 0.7), octaves=octaves, persistence=0.75)
            bites = np.clip(noise_along(rng, count, max(8.0, 2.5 * width_px), octaves=4) - 1.2, 0, 1.5)
            sides.append(width / 2 + sign * shared + wear * (0.5 * own + bites - bites.mean()))
        # The sides never cross, and a crack that closes closes on both sides.
        open_ = width > 0
        total = np.where(open_, np.maximum(sides[0] + sides[1], 0.35 * width), 0.0)
        middle = np.clip((sides[0] - sides[1]) / 2, -2 * width, 2 * width)
        right, left = total / 2 + middle, total / 2 - middle
    return CrackPath(points, right, left, np.clip(strength, 0.4, 1).astype(np.float64))


def _pockets(rng: Generator, count: int, width_px: float, habit: Habit) -> NDArray[np.float64]:
    """Gains, (count,), that widen a crack here and there, where a piece has fallen out."""
    gain = np.ones(count)
    at = np.arange(count)
    for _ in range(rng.poisson(habit.pockets * count / 400)):
        length = max(2.0, width_px * log_uniform(rng, 0.8, 3.0)) / 0.7
        gain += rng.uniform(0.3, 1.6) * np.exp(-(((at - rng.uniform(0, count)) / length) ** 2))
    return gain


def _zigzag(rng: Generator, count: int, width_px: float, roughness: float) -> NDArray[np.float64]:
    """The way's detail below its width: the common sideways shift of both edges, px, float64 (count,)."""
    coarsest = 3.0 * width_px
    octaves = max(2, int(np.log2(max(coarsest / 1.5, 2))))
    size = roughness * coarsest * rng.uniform(0.25, 0.7)
    return np.asarray(
        size * noise_along(rng, count, coarsest / 0.7, octaves=octaves, persistence=0.55), dtype=np.float64
    )


def _smoothed(points: Points, sigma_px: float) -> Points:
    """The polyline without detail below ``sigma_px``; its ends stay."""
    sigma = sigma_px / 0.7
    reach = min(int(3 * sigma) + 1, len(points) - 1)
    # Odd reflection keeps the ends where they are.
    padded = np.pad(points, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    smooth = cv2.GaussianBlur(padded, (1, 2 * reach + 1), sigmaX=1, sigmaY=sigma)
    return np.asarray(smooth[reach:-reach], dtype=np.float64)


def on_border(rng: Generator, shape: tuple[int, int], side: int, beyond_px: float) -> Points:
    """A point beyond one side of the image: 0 top, 1 right, 2 bottom, 3 left."""
    height, width = shape
    fraction = rng.uniform(0.08, 0.92)
    spots = (
        (fraction * width, -beyond_px),
        (width + beyond_px, fraction * height),
        (fraction * width, height + beyond_px),
        (-beyond_px, fraction * height),
    )
    return np.asarray(spots[side], dtype=np.float64)


def main_crack(rng: Generator, shape: tuple[int, int], width_px: float, habit: Habit) -> CrackPath:
    """One crack: from border to border (mostly), from a border to inside, or, if thin, all inside."""
    beyond = width_px * 1.5 + 8
    side = int(rng.integers(0, 4))
    start = on_border(rng, shape, side, beyond)
    ending = rng.random()
    if ending < 0.62:
        other = (side + 2) % 4 if rng.random() < 0.75 else (side + 1) % 4
        points = rough_line(rng, start, on_border(rng, shape, other, beyond), habit)
        return clothe(rng, points, width_px, habit)
    centre = np.array([shape[1], shape[0]]) * rng.uniform(0.2, 0.8, 2)
    if ending < 0.87 or width_px > min(shape) / 80:
        heading = float(np.arctan2(*(centre - start)[::-1]))
        points = walk(rng, start, heading, float(np.hypot(*(centre - start))) * rng.uniform(0.7, 1.5), habit)
        return clothe(rng, points, width_px, habit, taper_end=_ends_inside(points, shape))
    length = min(shape) * rng.uniform(0.25, 0.9)
    turn = rng.uniform(0, 2 * np.pi)
    start = centre - 0.5 * length * np.array([np.cos(turn), np.sin(turn)])
    return clothe(rng, walk(rng, start, turn, length, habit), width_px, habit, taper_start=True, taper_end=True)


def _ends_inside(points: Points, shape: tuple[int, int]) -> bool:
    x, y = points[-1]
    return bool(0 <= x < shape[1] and 0 <= y < shape[0])


def daughters(
    rng: Generator, mother: CrackPath, shape: tuple[int, int], count: int, habit: Habit, depth: int = 1
) -> list[CrackPath]:
    """Thinner cracks that leave another at an acute to right angle, and their own daughters."""
    grown: list[CrackPath] = []
    height, width = shape
    x, y = mother.points.T
    inside = np.flatnonzero((x > 0) & (x < width) & (y > 0) & (y < height) & (mother.width_px > 0.5))
    if len(inside) < 8:
        return grown
    side = normals(mother.points)
    for _ in range(count):
        at = int(inside[rng.integers(len(inside))])
        forward = np.array([side[at, 1], -side[at, 0]]) * rng.choice([-1, 1])
        angle = np.deg2rad(rng.uniform(20, 85)) * rng.choice([-1, 1])
        heading = float(np.arctan2(forward[1], forward[0]) + angle)
        length = min(shape) * log_uniform(rng, 0.08, 0.9)
        daughter_px = mother.width_px[at] * log_uniform(rng, min(0.25, 2.0 / mother.width_px[at]), 0.7)
        if daughter_px < 0.6:
            continue
        finer = replace(habit, finest_px=max(2.0, habit.finest_px * daughter_px / max(mother.width_px[at], 1)))
        crack = clothe(rng, walk(rng, mother.points[at], heading, length, finer), daughter_px, finer, taper_end=True)
        grown.append(crack)
        if depth > 0 and rng.random() < 0.4:
            grown += daughters(rng, crack, shape, int(rng.integers(1, 3)), finer, depth - 1)
    return grown


def braids(rng: Generator, mother: CrackPath, count: int, habit: Habit) -> list[CrackPath]:
    """Strands that leave a crack and soon rejoin it round a small island."""
    strands: list[CrackPath] = []
    side = normals(mother.points)
    for _ in range(count):
        mother_px = float(np.median(mother.width_px))
        width_px = mother_px * rng.uniform(0.3, 0.9) * min(1.0, 5 / max(mother_px, 1.0))
        span = int(max(12.0, mother_px * log_uniform(rng, 3, 12)) / 0.7)
        if width_px < 0.6 or len(mother.points) < span + 4:
            continue
        start = int(rng.integers(0, len(mother.points) - span))
        piece = slice(start, start + span)
        bulge = np.sin(np.linspace(0, np.pi, span)) ** rng.uniform(0.5, 1.0)
        bulge = bulge * (1 + 0.4 * noise_along(rng, span, span / 3)) * rng.uniform(0.12, 0.35) * span * 0.7
        line = mother.points[piece] + side[piece] * (rng.choice([-1, 1]) * bulge)[:, None]
        strands.append(clothe(rng, resample(line), width_px, habit))
    return strands


def map_cracks(rng: Generator, shape: tuple[int, int], width_px: float, habit: Habit) -> list[CrackPath]:
    """Craquelure, alligator cracking: the edges of random cells, some missing, all or part of the image."""
    from scipy.spatial import Voronoi  # here, since it takes longer to import than an image to draw

    height, width = shape
    cell = max(min(shape) * log_uniform(rng, 0.12, 0.5), width_px * 6)
    width_px = min(width_px, cell / 10)
    rows, columns = int(height / cell) + 4, int(width / cell) + 4
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2) - 1.5
    seeds = (grid + rng.uniform(-0.45, 0.45, grid.shape)) * cell
    diagram = Voronoi(seeds)
    missing = rng.uniform(0.0, 0.45)
    patch = np.array([width, height]) * rng.uniform(0, 1, 2)
    reach = max(shape) * rng.uniform(0.35, 1.6)
    calmer = replace(habit, roughness=habit.roughness * 0.7, finest_px=min(habit.finest_px, cell / 6))
    kept: list[tuple[int, int]] = []
    for first, second in diagram.ridge_vertices:
        if first < 0 or rng.random() < missing:
            continue
        a, b = diagram.vertices[first], diagram.vertices[second]
        middle = (a + b) / 2
        span = float(np.hypot(*(b - a)))
        outside = (middle < -cell).any() or (middle > np.array([width, height]) + cell).any()
        if not outside and 3 <= span <= 4 * cell and np.hypot(*(middle - patch)) <= reach:
            kept.append((first, second))
    meeting = np.bincount(np.ravel(kept), minlength=len(diagram.vertices)) if kept else np.zeros(0)
    cracks: list[CrackPath] = []
    for first, second in kept:
        line = rough_line(rng, diagram.vertices[first], diagram.vertices[second], calmer)
        edge_px = max(width_px * float(np.exp(rng.normal(0, 0.4))), 0.6)
        ends = {"taper_start": meeting[first] == 1, "taper_end": meeting[second] == 1}
        cracks.append(clothe(rng, line, edge_px, replace(calmer, spread=habit.spread * 0.6), **ends))
    return cracks


def stepped_crack(rng: Generator, joint: Points, shape: tuple[int, int], width_px: float, habit: Habit) -> CrackPath:
    """A settlement crack that follows the joints of masonry, hugging one edge of them."""
    line = resample(joint, 2.0)
    drift = noise_along(rng, len(line), 25, octaves=4).astype(np.float64)
    line = line + normals(line) * (drift * max(0.8, width_px * 0.35))[:, None]
    line = line + rng.normal(0, 0.25, line.shape)
    x, y = line.T
    keep = (x > -60) & (x < shape[1] + 60) & (y > -60) & (y < shape[0] + 60)
    line = line[keep] if keep.sum() > 4 else line
    return clothe(rng, resample(line), width_px, habit, taper_start=True, taper_end=_ends_inside(line, shape))


def draw_network(
    rng: Generator,
    shape: tuple[int, int],
    kind: str,
    width_px: float,
    joints: list[NDArray[np.float64]],
    joint_px: float,
) -> list[CrackPath]:
    """The cracks of one image.

    Args:
        rng: source of chance.
        shape: (height, width) of the image.
        kind: one of `NETWORKS`; "stepped" needs joints and is "branched" without.
        width_px: mean width of the main crack.
        joints: ways through the joints of the surface, each (n, 2) of (x, y).
        joint_px: width of those joints: a crack along them is hardly wider.

    Returns:
        At least one path.
    """
    habit = random_habit(rng, width_px)
    if kind == "stepped" and joints:
        joint = joints[int(rng.integers(len(joints)))]
        width_px = min(width_px, joint_px * rng.uniform(0.3, 1.5) + 0.5)
        paths = [stepped_crack(rng, joint, shape, width_px, random_habit(rng, width_px))]
        return paths + (daughters(rng, paths[0], shape, 1, habit) if rng.random() < 0.3 else [])
    if kind == "map":
        paths = map_cracks(rng, shape, width_px, habit)
        return paths or [main_crack(rng, shape, width_px, habit)]
    if kind == "star":
        centre = np.array([shape[1], shape[0]]) * rng.uniform(0.25, 0.75, 2)
        first = rng.uniform(0, 2 * np.pi)
        paths = []
        for arm in range(int(rng.choice([3, 3, 3, 4]))):
            heading = first + arm * 2 * np.pi / 3 + rng.normal(0, 0.3)
            length = max(shape) * rng.uniform(0.4, 1.2)
            arm_px = max(0.7, width_px * np.exp(rng.normal(0, 0.35)))
            line = walk(rng, centre, heading, length, habit)
            paths.append(clothe(rng, line, arm_px, habit, taper_end=_ends_inside(line, shape)))
        return paths + (daughters(rng, paths[0], shape, 1, habit) if rng.random() < 0.3 else [])
    if kind == "several":
        count = int(rng.integers(2, 5))
        sizes = [width_px] + [max(0.7, width_px * rng.uniform(0.2, 1.0)) for _ in range(count - 1)]
        return [main_crack(rng, shape, size, random_habit(rng, size)) for size in sizes]
    paths = [main_crack(rng, shape, width_px, habit)]
    if kind != "single":
        paths += daughters(rng, paths[0], shape, int(rng.integers(1, 5)), habit)
    if rng.random() < 0.25:
        paths += braids(rng, paths[0], int(rng.integers(1, 5)), habit)
    return paths
