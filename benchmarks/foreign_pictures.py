"""Drawn pictures of anything but walls and roads: what the head of unknown_surface.py learns as foreign.

Every kind is drawn by a function of a random generator and a side in pixels, uint8 RGB (H, W, 3). None of them imitates
a picture of the test families: round grey parts, sums of soft shadows, skies, leaves, pages, charts, screens, noise.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from foreign_radiographs import radiograph
from foreign_scenes import SCENES

Picture = NDArray[np.uint8]
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz     ABCDEFGHIJ0123456789"))


def draw(kind: str, seed: int) -> Picture:
    """A picture of one of `KINDS`."""
    rng = np.random.default_rng([list(KINDS).index(kind), seed])
    return KINDS[kind](rng, int(rng.integers(256, 513)))


def _finish(levels: NDArray[np.floating], rng: Generator, noise: float = 3.0) -> Picture:
    """Grey levels (H, W) or colours (H, W, 3), 0 to 255, with the noise of a camera."""
    levels = levels + rng.normal(0, rng.uniform(0.3, noise), levels.shape[:2] + (1,) * (levels.ndim - 2))
    picture = np.clip(levels, 0, 255).astype(np.uint8)
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _grid(side_px: int, centre: tuple[float, float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.mgrid[:side_px, :side_px].astype(np.float32)
    return np.hypot(rows - centre[0], columns - centre[1]), np.arctan2(rows - centre[0], columns - centre[1])


def _cloudy(rng: Generator, side_px: int, scale_px: float) -> NDArray[np.float32]:
    """Soft noise, mean 0 and deviation 1, whose finest part has that scale."""
    total = np.zeros((side_px, side_px), np.float32)
    scale = side_px / 2
    while scale >= scale_px:
        few = max(2, int(side_px / scale))
        total += scale * cv2.resize(
            rng.normal(size=(few, few)).astype(np.float32), (side_px, side_px), interpolation=cv2.INTER_CUBIC
        )
        scale /= 2
    return np.asarray((total - total.mean()) / (total.std() + 1e-6), np.float32)


def _part(rng: Generator, side_px: int) -> Picture:
    """A smooth round part, lit from one side, on an even ground: rings, hubs, blades, holes."""
    centre = rng.uniform(0.35, 0.65, 2) * side_px
    radius, angle = _grid(side_px, (centre[0], centre[1]))
    ground, body = rng.uniform(5, 240), rng.uniform(60, 220)
    levels = np.full((side_px, side_px), ground, np.float32)
    edge = rng.uniform(0.2, 0.6) * side_px
    light = rng.uniform(0, 2 * np.pi)
    profile = np.full_like(radius, body)
    for _ in range(int(rng.integers(1, 7))):
        at, width, height = rng.uniform(0, edge), rng.uniform(0.01, 0.2) * side_px, rng.uniform(-60, 60)
        slope = np.exp(-(((radius - at) / width) ** 2))
        profile += height * slope * (1 + 0.7 * np.cos(angle - light))
    if rng.random() < 0.5:
        blades = int(rng.integers(3, 12))
        twist = radius / edge * rng.uniform(-4, 4)
        profile += rng.uniform(10, 50) * np.cos(blades * angle + twist) * (radius > edge / 3)
    if rng.random() < 0.6:
        profile[radius < rng.uniform(0.05, 0.3) * edge] = rng.uniform(0, 255)
    profile += 25 * np.cos(angle - light) * radius / edge + 5 * _cloudy(rng, side_px, rng.uniform(4, 40))
    blend = np.clip((edge - radius) / rng.uniform(1, 6) + 0.5, 0, 1)
    return _finish(levels * (1 - blend) + profile * blend, rng, 5)


def _shadows(rng: Generator, side_px: int) -> Picture:
    """Soft bodies that add up as in a picture by rays through them, with arcs across."""
    depth = np.zeros((side_px, side_px), np.float32)
    for _ in range(int(rng.integers(4, 14))):
        body = np.zeros_like(depth)
        axes = rng.uniform(0.06, 0.4, 2) * side_px
        centre = rng.uniform(0.1, 0.9, 2) * side_px
        cv2.ellipse(body, (tuple(centre), tuple(2 * axes), rng.uniform(0, 180)), 1.0, -1)  # type: ignore[call-overload]
        depth += rng.uniform(-0.6, 1.0) * cv2.GaussianBlur(body, (0, 0), rng.uniform(1, 0.06 * side_px))
    for number in range(int(rng.integers(0, 12))):
        arc = np.zeros_like(depth)
        at = (int(side_px * rng.uniform(0.3, 0.7)), int(side_px * (0.1 + 0.08 * number)))
        size = (int(side_px * rng.uniform(0.2, 0.45)), int(side_px * rng.uniform(0.08, 0.25)))
        cv2.ellipse(arc, at, size, 0, rng.uniform(160, 220), rng.uniform(320, 380), 1.0, int(rng.integers(2, 12)))
        depth += rng.uniform(0.1, 0.4) * cv2.GaussianBlur(arc, (0, 0), rng.uniform(1, 4))
    depth = (depth - depth.min()) / (np.ptp(depth) + 1e-6)
    return _finish(255 * depth ** rng.uniform(0.5, 1.6), rng, 6)


def _sky(rng: Generator, side_px: int) -> Picture:
    """A gradient of two colours, with soft clouds or without, and sometimes a dark land below."""
    low, high = rng.uniform(0, 255, 3), rng.uniform(60, 255, 3)
    rows = np.linspace(0, 1, side_px)[:, None, None] ** rng.uniform(0.5, 2)
    picture = np.ones((side_px, side_px, 1)) * (low * rows + high * (1 - rows))
    if rng.random() < 0.7:
        cloud = 1 / (1 + np.exp(-2 * (_cloudy(rng, side_px, rng.uniform(2, 30)) - rng.uniform(-1, 1))))
        picture += (rng.uniform(-60, 120) * cloud)[..., None]
    if rng.random() < 0.4:
        line = side_px * rng.uniform(0.4, 0.95) + side_px * 0.06 * _cloudy(rng, side_px, 4)[0]
        picture[np.arange(side_px)[:, None] > line[None]] = rng.uniform(0, 90, 3)
    return _finish(np.rot90(picture, rng.integers(0, 2)), rng)


def _leaves(rng: Generator, side_px: int) -> Picture:
    """Leaves, petals, fruit: many curved shapes of few colours over one another, and branches before a sky."""
    hue = rng.uniform(0, 180)
    picture = np.full((side_px, side_px, 3), rng.uniform(0, 255, 3), np.float32)
    size = rng.uniform(0.01, 0.12) * side_px
    for _ in range(int(rng.integers(80, 900))):
        colour = np.uint8([[[(hue + rng.normal(0, 12)) % 180, rng.uniform(60, 255), rng.uniform(20, 240)]]])
        rgb = cv2.cvtColor(colour, cv2.COLOR_HSV2RGB)[0, 0].astype(float)
        axes = size * rng.uniform(0.3, 1.5, 2) + 1
        box = (tuple(rng.uniform(0, side_px, 2)), tuple(axes), rng.uniform(0, 180))
        cv2.ellipse(picture, box, tuple(rgb.tolist()), -1, cv2.LINE_AA)  # type: ignore[call-overload]
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 5))):
            _branch(picture, rng, rng.uniform(0, side_px), side_px, -np.pi / 2, side_px * rng.uniform(0.1, 0.3), 7)
    return _finish(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2)), rng)


def _branch(picture: NDArray, rng: Generator, x: float, y: float, angle: float, length: float, depth: int) -> None:
    if depth == 0 or length < 3:
        return
    end = (x + length * np.cos(angle), y + length * np.sin(angle))
    cv2.line(picture, (int(x), int(y)), (int(end[0]), int(end[1])), (40.0, 30.0, 20.0), max(1, depth), cv2.LINE_AA)
    for _ in range(2):
        _branch(picture, rng, *end, angle + rng.normal(0, 0.5), length * rng.uniform(0.6, 0.9), depth - 1)


def _page(rng: Generator, side_px: int) -> Picture:
    """Lines of text, dark on light or light on dark."""
    paper, ink = (rng.uniform(190, 255), rng.uniform(0, 90)) if rng.random() < 0.8 else (30.0, 230.0)
    picture = np.full((side_px, side_px, 3), paper, np.uint8)
    _write(picture, rng, (int(side_px * 0.04), 0, side_px, side_px), rng.uniform(0.25, 1.1), ink)
    return _finish(picture, rng)


def _write(picture: NDArray, rng: Generator, box: tuple[int, int, int, int], scale: float, ink: float) -> None:
    left, top, right, bottom = box
    step, font = int(30 * scale) + 3, _FONTS[rng.integers(len(_FONTS))]
    count = max(1, int((right - left) / (19 * scale)))
    for row in range(top + step, bottom, step):
        if rng.random() < 0.9:
            text = "".join(rng.choice(_LETTERS, int(count * rng.uniform(0.5, 1))))
            cv2.putText(picture, text, (left, row), font, scale, (ink, ink, ink), 1 + (scale > 0.8), cv2.LINE_AA)


def _chart(rng: Generator, side_px: int) -> Picture:
    """Axes with bars, curves or a table of coloured cells."""
    picture = np.full((side_px, side_px, 3), rng.choice([255, 245, 25]), np.uint8)
    ink = 255.0 - float(picture[0, 0, 0])
    for at in np.linspace(0.1, 0.9, int(rng.integers(3, 12))) * side_px:
        cv2.line(picture, (side_px // 10, int(at)), (side_px, int(at)), (180.0, 180.0, 180.0), 1)
    steps = np.linspace(0.1, 0.95, int(rng.integers(5, 40))) * side_px
    for _ in range(int(rng.integers(1, 6))):
        colour = tuple(rng.uniform(0, 255, 3).tolist())
        values = side_px * np.clip(0.5 + np.cumsum(rng.normal(0, 0.08, len(steps))), 0.05, 0.95)
        points = np.stack([steps, values], axis=1).astype(np.int32)
        if rng.random() < 0.4:
            for x, y in points:
                cv2.rectangle(picture, (int(x), int(y)), (int(x + 0.5 * side_px / len(steps)), side_px), colour, -1)
        else:
            cv2.polylines(picture, [points], False, colour, int(rng.integers(1, 5)), cv2.LINE_AA)
    _write(picture, rng, (side_px // 10, 0, side_px // 2, side_px // 8), 0.5, ink)
    return _finish(picture, rng, 1)


def _screen(rng: Generator, side_px: int) -> Picture:
    """Windows, buttons and text in even colours."""
    picture = np.full((side_px, side_px, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(int(rng.integers(2, 14))):
        left, top = rng.integers(0, side_px * 3 // 4, 2)
        right, bottom = left + rng.integers(30, side_px), top + rng.integers(16, side_px // 2)
        colour = rng.uniform(0, 255, 3)
        cv2.rectangle(picture, (int(left), int(top)), (int(right), int(bottom)), tuple(colour.tolist()), -1)
        box = (int(left) + 5, int(top), int(min(right, side_px)), int(min(bottom, side_px)))
        _write(picture, rng, box, rng.uniform(0.3, 0.7), 255.0 if colour.mean() < 128 else 0.0)
    return _finish(picture, rng, 1)


def _noise(rng: Generator, side_px: int) -> Picture:
    """Strong noise of each pixel, in colour or of two levels."""
    if rng.random() < 0.5:
        return _finish(rng.uniform(0, 255, (side_px, side_px, 3)), rng)
    return _finish(255.0 * (rng.random((side_px, side_px)) < rng.uniform(0.1, 0.9)), rng)


KINDS: dict[str, Callable[[Generator, int], Picture]] = {
    "parts": _part,
    "shadows": _shadows,
    "skies": _sky,
    "leaves": _leaves,
    "pages": _page,
    "charts": _chart,
    "screens": _screen,
    "noise": _noise,
    "radiographs": lambda rng, _: radiograph(rng),
    **SCENES,
}
