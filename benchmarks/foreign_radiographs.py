"""Drawn radiographs: what rays leave of soft bodies, bones, vessels and metal, on film or on a detector.

Phantoms, in the spirit of Shepp and Logan 1974: every body is an ellipsoid, a tube or a band of some absorption, the
ray through a pixel is weakened by the lengths that it runs in them (Beer, Lambert), and the film answers with a tone
curve, grain and noise. Limbs, skulls, trunks, teeth, luggage, machine parts at random; no picture was a model.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Depth = NDArray[np.float32]


def radiograph(rng: Generator) -> NDArray[np.uint8]:
    """A radiograph of random make, uint8 RGB (H, W, 3), 200 to 1100 px a side."""
    side = float(np.exp(rng.uniform(np.log(220), np.log(800))))
    shape = (int(side), int(np.clip(side * rng.uniform(0.75, 1.35), 200, 1100)))
    depth = np.zeros(shape, np.float32)
    while np.mean(depth > 0.05) < 0.2:  # a field with next to nothing in it
        depth = _SCENES[rng.integers(len(_SCENES))](rng, shape)
    if rng.random() < 0.5:
        depth = depth + _tissue(rng, shape) * rng.uniform(0.02, 0.2) * (depth > 0.05)
    depth = cv2.GaussianBlur(np.asarray(depth, np.float32), (0, 0), rng.uniform(0.4, 0.004 * side + 1))
    film = np.clip(_film(rng, depth), 0, 255).astype(np.uint8)
    _marks(rng, film)
    levels = _collimated(rng, film) if rng.random() < 0.45 else film
    levels = levels + rng.normal(0, rng.uniform(0.3, 6), shape)
    picture = np.clip(levels, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        picture = cv2.createCLAHE(rng.uniform(1.0, 4.0), (8, 8)).apply(picture)
    return np.repeat(picture[..., None], 3, axis=2)


def _ellipsoid(rng: Generator, shape: tuple[int, int], centre: tuple[float, float], axes: tuple[float, float]) -> Depth:
    """The length of the rays through an ellipsoid, 1 in its middle; places and half axes in fractions of the sides."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    y, x = rows / shape[0] - centre[0], columns / shape[1] - centre[1]
    turn = rng.normal(0, 0.25)
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    inside = 1 - (along / axes[0]) ** 2 - (across / axes[1]) ** 2
    return np.asarray(np.maximum(inside, 0) ** rng.uniform(0.3, 0.9), np.float32)


def _band(rng: Generator, shape: tuple[int, int], points: NDArray, width_px: float, hollow: float) -> Depth:
    """A tube along points (N, 2) as (x, y) in px: denser at its rim by `hollow`."""
    line = np.zeros(shape, np.uint8)
    cv2.polylines(line, [np.asarray(points, np.int32)], False, 1, 1)
    reach = np.minimum(cv2.distanceTransform(1 - line, cv2.DIST_L2, 5) / max(width_px / 2, 1), 2)
    body = np.sqrt(np.maximum(1 - reach**2, 0))
    rim = np.sqrt(np.maximum(0.64 - reach**2, 0))
    return np.asarray(body - hollow * rim, np.float32)


def _tissue(rng: Generator, shape: tuple[int, int]) -> Depth:
    total = np.zeros(shape, np.float32)
    for cells in (4, 9, 20, 45):
        grid = rng.normal(size=(cells, cells)).astype(np.float32)
        total += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC) / cells**0.7
    return np.asarray(total / (total.std() + 1e-6), np.float32)


def _vessels(rng: Generator, shape: tuple[int, int], start: tuple[float, float], angle: float, width: float) -> Depth:
    """Branching vessels that thin out, added up."""
    depth = np.zeros(shape, np.float32)
    heads = [(start[0] * shape[1], start[1] * shape[0], angle, width * shape[0], 0)]
    while heads:
        x, y, angle, wide, level = heads.pop()
        length = shape[0] * rng.uniform(0.03, 0.1)
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        layer = np.zeros(shape, np.float32)
        cv2.line(layer, (int(x), int(y)), (int(end[0]), int(end[1])), 1.0, max(1, int(wide)), cv2.LINE_AA)
        depth += layer * min(1.0, 0.2 + wide / 12)
        if level < 5 and wide > 0.7:
            for _ in range(2):
                heads.append((*end, angle + rng.normal(0, 0.5), wide * rng.uniform(0.55, 0.9), level + 1))
    return np.asarray(cv2.GaussianBlur(depth, (0, 0), rng.uniform(0.7, 2.5)), np.float32)


def _trunk(rng: Generator, shape: tuple[int, int]) -> Depth:
    """A wide body with hollow organs, a column of blocks and curved bands across."""
    height, width = shape
    middle = rng.uniform(0.42, 0.58)
    place, axes = (rng.uniform(0.45, 0.8), middle), (rng.uniform(0.6, 1), rng.uniform(0.4, 0.75))
    depth = 1.2 * _ellipsoid(rng, shape, place, axes)
    across = rng.uniform(0.13, 0.24)
    for sign in (-1, 1) if rng.random() < 0.8 else ():
        organ = (rng.uniform(0.35, 0.6), middle + sign * across * rng.uniform(0.9, 1.3))
        hollow = _ellipsoid(rng, shape, organ, (rng.uniform(0.2, 0.42), across * rng.uniform(0.6, 0.95)))
        depth -= rng.uniform(0.4, 0.9) * cv2.GaussianBlur(hollow, (0, 0), 0.012 * height)
        if rng.random() < 0.7:
            angle = np.pi / 2 * (1 - sign) + rng.normal(0, 0.6)
            root = (middle + sign * 0.06, organ[0])
            for _ in range(int(rng.integers(1, 5))):
                fan = angle + rng.normal(0, 0.6)
                depth += rng.uniform(0.05, 0.25) * _vessels(rng, shape, root, fan, rng.uniform(0.006, 0.018))
    for _ in range(int(rng.integers(0, 4))):
        place = (rng.uniform(0.3, 0.9), rng.uniform(0.25, 0.75))
        depth += rng.uniform(0.1, 0.7) * _ellipsoid(rng, shape, place, tuple(rng.uniform(0.06, 0.25, 2)))  # type: ignore[arg-type]
    if rng.random() < 0.8:
        column = np.stack([middle * width + np.cumsum(rng.normal(0, 0.002 * width, 40)), np.linspace(0, height, 40)], 1)
        spine = _band(rng, shape, column, width * rng.uniform(0.06, 0.12), 0.2)
        period = height * rng.uniform(0.03, 0.07)
        spine *= 1 + 0.3 * np.cos(2 * np.pi * np.arange(height, dtype=np.float32) / period)[:, None]
        depth += rng.uniform(0.15, 0.5) * spine
    step, sweep = rng.uniform(0.045, 0.09), rng.uniform(0.25, 0.45)
    for number in range(int(rng.integers(5, 13)) if rng.random() < 0.85 else 0):
        for sign in (-1, 1):
            t = np.linspace(0, 1, 30)
            x = middle + sign * sweep * np.sin(t * rng.uniform(1.8, 2.4))
            y = 0.08 + number * step + rng.uniform(-0.1, 0.25) * t + 0.2 * t**2
            points = np.stack([x * width, y * height], axis=1)
            depth += rng.uniform(0.06, 0.22) * _band(rng, shape, points, height * rng.uniform(0.012, 0.035), 0.5)
    return np.asarray(np.maximum(depth, 0), np.float32)


def _limbs(rng: Generator, shape: tuple[int, int]) -> Depth:
    """Soft sleeves with long hollow bones that end in thicker heads, side by side or fanned out."""
    height, width = shape
    depth = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 7))):
        start = rng.uniform(0.1, 0.9, 2) * (width, height)
        angle, length = rng.uniform(0, np.pi), rng.uniform(0.3, 1.2) * height
        along = np.linspace(-0.5, 0.5, 20)[:, None] * length * np.array([[np.cos(angle), np.sin(angle)]])
        points = start + along + np.cumsum(rng.normal(0, 0.004 * height, (20, 2)), axis=0)
        wide = rng.uniform(0.03, 0.12) * height
        depth += rng.uniform(0.2, 0.6) * _band(rng, shape, points, wide * rng.uniform(1.8, 4), 0.0)
        depth += rng.uniform(0.4, 1.0) * _band(rng, shape, points, wide, rng.uniform(0.3, 0.9))
        for end in (points[0], points[-1]):
            head = (end[1] / height, end[0] / width)
            axes = (wide * rng.uniform(0.5, 1) / height, wide * rng.uniform(0.5, 1) / width)
            depth += rng.uniform(0.3, 0.8) * _ellipsoid(rng, shape, (float(head[0]), float(head[1])), axes)
    return depth


def _shells(rng: Generator, shape: tuple[int, int]) -> Depth:
    """A skull or a joint: nested shells with cavities and rows of small dense bodies."""
    centre, axes = rng.uniform(0.35, 0.65, 2), rng.uniform(0.25, 0.55, 2)
    outer = _ellipsoid(rng, shape, tuple(centre), tuple(axes))  # type: ignore[arg-type]
    depth = rng.uniform(0.5, 1.2) * outer**0.5 - rng.uniform(0.2, 0.5) * np.maximum(outer - 0.1, 0) ** 0.5
    for _ in range(int(rng.integers(2, 9))):
        place = centre + rng.uniform(-0.6, 0.6, 2) * axes
        body = _ellipsoid(rng, shape, tuple(place), tuple(rng.uniform(0.02, 0.2, 2)))  # type: ignore[arg-type]
        depth += rng.uniform(-0.4, 0.5) * body
    if rng.random() < 0.4:
        for at in np.linspace(0.25, 0.75, int(rng.integers(5, 14))):
            place = (centre[0] + rng.normal(0, 0.02), at)
            depth += rng.uniform(0.3, 0.9) * _ellipsoid(rng, shape, place, (rng.uniform(0.04, 0.12), 0.02))
    return np.asarray(np.maximum(depth, 0), np.float32)


def _metal(rng: Generator, shape: tuple[int, int]) -> Depth:
    """Luggage and machine parts: plates, rings, springs, holes, with sharp edges."""
    depth = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(4, 25))):
        layer = np.zeros(shape, np.float32)
        x, y = (int(v) for v in rng.uniform(0, 1, 2) * shape[::-1])
        size = int(rng.uniform(0.02, 0.3) * shape[0]) + 2
        kind = rng.integers(4)
        if kind == 0:
            box = cv2.boxPoints(((x, y), (2 * size, size * rng.uniform(0.3, 2)), rng.uniform(0, 90)))
            cv2.fillPoly(layer, [box.astype(np.int32)], 1.0)
        elif kind == 1:
            cv2.circle(layer, (x, y), size, 1.0, int(rng.choice([-1, 2, 5, 11])))
        elif kind == 2:
            t = np.linspace(0, 1, 120)
            wave = np.stack([x + 3 * size * t, y + 0.4 * size * np.sin(t * rng.uniform(20, 90))], axis=1)
            cv2.polylines(layer, [wave.astype(np.int32)], False, 1.0, int(rng.integers(1, 5)), cv2.LINE_AA)
        else:
            layer = _ellipsoid(rng, shape, (y / shape[0], x / shape[1]), (size / shape[0], size / shape[1]))
        depth += rng.uniform(-0.2, 0.9) * layer
    return np.asarray(np.maximum(depth, 0), np.float32)


_SCENES = (_trunk, _trunk, _limbs, _shells, _metal)


def _film(rng: Generator, depth: Depth) -> NDArray[np.float64]:
    """Grey levels of the rays that are left, with their counting noise: a film, dark where they arrive, or bright."""
    left = np.exp(-rng.uniform(0.7, 3) * depth / (depth.max() + 1e-6))
    photons = np.exp(rng.uniform(np.log(80), np.log(20000)))
    left = rng.poisson(left * photons) / photons
    grain = cv2.GaussianBlur(rng.normal(size=depth.shape).astype(np.float32), (0, 0), rng.uniform(0.5, 1.6))
    left = left * (1 + rng.uniform(0, 0.06) * grain)
    tone = np.log(left + 0.02) if rng.random() < 0.6 else left
    low, high = np.quantile(tone, [rng.uniform(0, 0.05), rng.uniform(0.95, 1)])
    tone = np.clip((tone - low) / (high - low + 1e-6), 0, 1) ** np.exp(rng.uniform(-0.6, 0.6))
    bright = 1 - tone if rng.random() < 0.8 else tone
    floor, ceiling = rng.uniform(0, 40), rng.uniform(190, 255)
    return np.asarray(floor + (ceiling - floor) * bright, np.float64)


def _marks(rng: Generator, film: NDArray[np.uint8]) -> None:
    """Letters of the side, scales, leads and electrodes."""
    height, width = film.shape
    value = float(rng.choice([255.0, 240.0, 0.0]))
    for _ in range(int(rng.integers(0, 4))):
        at = (int(width * rng.choice([0.04, 0.85, rng.uniform(0, 0.9)])), int(height * rng.uniform(0.06, 0.97)))
        text = str(rng.choice(["L", "R", "AP", "12", "PORT 80kV", "2019-04-11", "0173"]))
        size = rng.uniform(0.4, 1.8) * height / 500
        cv2.putText(film, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, value, max(1, round(2 * size)), cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.4 else 0):
        knots = np.cumsum(rng.normal(0, 0.12, (6, 2)), axis=0) + rng.uniform(0.2, 0.8, 2)
        t = np.linspace(0, 5, 60)
        lead = np.stack([np.interp(t, range(6), knots[:, axis]) for axis in (0, 1)], 1) * (width, height)
        cv2.polylines(film, [lead.astype(np.int32)], False, value, int(rng.integers(1, 4)), cv2.LINE_AA)
        cv2.circle(film, tuple(int(v) for v in lead[-1]), max(2, height // 80), value, -1)


def _collimated(rng: Generator, film: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The field of the rays has an edge, sometimes askew, and beyond it film is all dark or all bright."""
    field = np.zeros(film.shape, np.uint8)
    height, width = film.shape
    size = (width * rng.uniform(0.7, 1), height * rng.uniform(0.7, 1))
    box = cv2.boxPoints(((width * rng.uniform(0.45, 0.55), height * rng.uniform(0.45, 0.55)), size, rng.normal(0, 2)))
    cv2.fillPoly(field, [box.astype(np.int32)], 1)
    soft = cv2.GaussianBlur(field.astype(np.float32), (0, 0), rng.uniform(0.5, 4))
    return np.asarray(film * soft + float(rng.choice([0, 8, 235, 255])) * (1 - soft), np.float32)
