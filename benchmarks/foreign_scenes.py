"""Drawn pictures of light, heat, cells, ink and metal: further foreign kinds of unknown_surface.py."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_PALETTES = ("INFERNO", "JET", "TURBO", "HOT", "MAGMA", "PLASMA", "RAINBOW", "VIRIDIS", "CIVIDIS", "HSV", "PARULA")


def _noisy(levels: NDArray[np.floating], rng: Generator, noise: float) -> Picture:
    noisy = levels + rng.normal(0, rng.uniform(0.2, noise), levels.shape[:2] + (1,) * (levels.ndim - 2))
    picture = np.clip(noisy, 0, 255).astype(np.uint8)
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def smooth(rng: Generator, side_px: int, cells: tuple[int, ...]) -> NDArray[np.float32]:
    """Noise of these numbers of cells a side, coarse ones strongest, mean 0 and deviation 1."""
    total = np.zeros((side_px, side_px), np.float32)
    for count in cells:
        grid = rng.normal(size=(count + 1, count + 1)).astype(np.float32)
        total += cv2.resize(grid, (side_px, side_px), interpolation=cv2.INTER_CUBIC) / count
    return np.asarray((total - total.mean()) / (total.std() + 1e-6), np.float32)


def _thermal(rng: Generator, side_px: int) -> Picture:
    """Temperatures in a camera's palette: a soft field with warm bodies, a scale at the side, a cross and figures."""
    field = smooth(rng, side_px, (2, 4, 9)) * rng.uniform(0.1, 0.8)
    for _ in range(int(rng.integers(0, 9))):
        body = np.zeros_like(field)
        box = (tuple(rng.uniform(0, side_px, 2)), tuple(rng.uniform(0.03, 0.5, 2) * side_px), rng.uniform(0, 180))
        if rng.random() < 0.5:
            cv2.ellipse(body, box, 1.0, -1)  # type: ignore[call-overload]
        else:
            cv2.fillPoly(body, [cv2.boxPoints(box).astype(np.int32)], 1.0)
        field += rng.uniform(-1.5, 2.5) * cv2.GaussianBlur(body, (0, 0), rng.uniform(0.5, 0.03 * side_px))
    field += rng.uniform(0, 0.08) * rng.normal(size=field.shape).astype(np.float32)
    levels = np.uint8(255 * (field - field.min()) / (np.ptp(field) + 1e-6))
    palette = getattr(cv2, f"COLORMAP_{_PALETTES[rng.integers(len(_PALETTES))]}")
    picture = cv2.cvtColor(cv2.applyColorMap(levels, palette), cv2.COLOR_BGR2RGB)
    if rng.random() < 0.6:
        wide = side_px // 20
        ramp = np.repeat(np.linspace(255, 0, side_px * 3 // 4).astype(np.uint8)[:, None], wide, axis=1)
        top = side_px // 8
        bar = cv2.cvtColor(cv2.applyColorMap(ramp, palette), cv2.COLOR_BGR2RGB)
        picture[top : top + len(bar), -2 * wide : -wide] = bar
        for place, text in ((top - 5, "38.4"), (top + len(bar) + 12, "11.2")):
            cv2.putText(picture, text, (side_px - 3 * wide, place), 0, side_px / 900, (255, 255, 255), 1, cv2.LINE_AA)
        cv2.drawMarker(picture, (side_px // 2, side_px // 2), (255, 255, 255), cv2.MARKER_CROSS, side_px // 12, 1)
    return _noisy(picture.astype(np.float32), rng, 2)


def _lights(rng: Generator, side_px: int) -> Picture:
    """Lamps, windows and their glow in the dark, sharp, smeared or as discs out of focus."""
    picture = np.zeros((side_px, side_px, 3), np.float32) + rng.uniform(0, 35, 3)
    picture += 12 * smooth(rng, side_px, (2, 5))[..., None]
    size = side_px * np.exp(rng.uniform(np.log(0.004), np.log(0.08)))
    for _ in range(int(rng.integers(5, 150))):
        x, y = (int(v) for v in rng.uniform(0, side_px, 2))
        colour = np.clip(rng.uniform(120, 255) * rng.uniform(0.4, 1.2, 3), 0, 255)
        layer = np.zeros_like(picture)
        reach = int(size * rng.uniform(0.5, 1.6)) + 1
        if rng.random() < 0.5:
            cv2.circle(layer, (x, y), reach, colour.tolist(), -1, cv2.LINE_AA)
        else:
            cv2.rectangle(layer, (x, y), (x + reach, y + 2 * reach), colour.tolist(), -1)
        picture = np.maximum(picture, layer) if rng.random() < 0.5 else picture + 0.5 * layer
    glow = cv2.GaussianBlur(picture, (0, 0), 0.03 * side_px)
    picture += rng.uniform(0.3, 1.5) * glow
    if rng.random() < 0.3:
        picture = cv2.blur(picture, (int(rng.integers(5, 60)), 1))
    return _noisy(picture, rng, 8)


def _defocus(rng: Generator, side_px: int) -> Picture:
    """Coloured bodies of strong contrast, far out of focus."""
    picture = np.zeros((side_px, side_px, 3), np.float32) + rng.uniform(0, 255, 3)
    for _ in range(int(rng.integers(3, 40))):
        box = (tuple(rng.uniform(0, side_px, 2)), tuple(rng.uniform(0.05, 0.7, 2) * side_px), rng.uniform(0, 180))
        colour = rng.uniform(0, 255, 3).tolist()
        if rng.random() < 0.5:
            cv2.ellipse(picture, box, colour, -1)  # type: ignore[call-overload]
        else:
            cv2.fillPoly(picture, [cv2.boxPoints(box).astype(np.int32)], colour)
    return _noisy(cv2.GaussianBlur(picture, (0, 0), side_px * rng.uniform(0.008, 0.08)), rng, 5)


def _cells(rng: Generator, side_px: int) -> Picture:
    """Under a microscope: round bodies with rims and kernels, or fibres, on an even ground, stained or glowing."""
    dark = rng.random() < 0.4
    ground = rng.uniform(0, 30, 3) if dark else rng.uniform(150, 250, 3)
    stain = rng.uniform(80, 255, 3) if dark else ground * rng.uniform(0.3, 0.95, 3)
    picture = np.zeros((side_px, side_px, 3), np.float32) + ground
    picture += rng.uniform(1, 10) * smooth(rng, side_px, (2, 5, 12))[..., None]
    size = side_px * np.exp(rng.uniform(np.log(0.01), np.log(0.15)))
    for _ in range(int(np.clip(rng.uniform(0.1, 1) * (side_px / size) ** 2, 4, 900))):
        axes = size * rng.uniform(0.6, 1.3, 2)
        box = (tuple(rng.uniform(0, side_px, 2)), tuple(axes), rng.uniform(0, 180))
        cv2.ellipse(picture, box, stain.tolist(), -1, cv2.LINE_AA)  # type: ignore[call-overload]
        cv2.ellipse(picture, box, (stain * 0.7).tolist(), max(1, int(size / 12)), cv2.LINE_AA)  # type: ignore[call-overload]
        kernel = (box[0], tuple(axes * rng.uniform(0.2, 0.5)), box[2])
        cv2.ellipse(picture, kernel, (stain * rng.uniform(0.3, 1.2)).tolist(), -1, cv2.LINE_AA)  # type: ignore[call-overload]
    return _noisy(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 3)), rng, 8)


def _ink(rng: Generator, side_px: int) -> Picture:
    """Lines on paper: sketches, plans, hatching, one jagged line, in pencil or pen or as chalk on a board."""
    paper, ink = (rng.uniform(200, 255), rng.uniform(0, 110)) if rng.random() < 0.85 else (35.0, 220.0)
    picture = np.full((side_px, side_px), paper, np.float32)
    wide = int(rng.integers(1, 1 + max(2, side_px // 90)))
    for _ in range(int(rng.integers(1, 25))):
        start, kind = rng.uniform(0, side_px, 2), rng.integers(4)
        if kind == 0:  # jagged
            steps = rng.normal(0, side_px * rng.uniform(0.01, 0.06), (int(rng.integers(4, 60)), 2))
            points = start + np.cumsum(steps + rng.normal(0, 0.01 * side_px, 2), axis=0)
        elif kind == 1:  # curved
            turn = np.cumsum(rng.normal(0, 0.15, 80))
            points = start + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1), axis=0) * side_px / 90
        elif kind == 2:  # straight
            points = np.stack([start, rng.uniform(0, side_px, 2)])
        else:
            points = cv2.boxPoints((tuple(start), tuple(rng.uniform(0.05, 0.6, 2) * side_px), 0))  # type: ignore[call-overload]
        cv2.polylines(picture, [np.asarray(points, np.int32)], kind == 3, ink, wide, cv2.LINE_AA)
    if rng.random() < 0.3:
        for at in range(0, side_px, int(rng.integers(4, 30))):
            cv2.line(picture, (at, 0), (at + side_px // 3, side_px // 2), ink, 1, cv2.LINE_AA)
    picture += rng.uniform(0, 6) * smooth(rng, side_px, (2, 4))
    return _noisy(picture, rng, 4)


def _metal(rng: Generator, side_px: int) -> Picture:
    """Bare metal, brushed or rolled: stripes of light and shade along one direction, scratches and dents."""
    fine = rng.normal(size=(side_px, side_px)).astype(np.float32)
    length = rng.uniform(10, 120)
    grain = cv2.GaussianBlur(fine, (0, 0), sigmaX=rng.uniform(0.3, 1.2), sigmaY=length)
    levels = rng.uniform(60, 190) + rng.uniform(2, 18) * grain / (grain.std() + 1e-6)
    levels += rng.uniform(0, 30) * smooth(rng, side_px, (2, 3))
    levels += rng.uniform(0, 25) * np.interp(np.arange(side_px), np.linspace(0, side_px, 12), rng.normal(size=12))[None]
    for _ in range(int(rng.integers(0, 12))):
        at = rng.uniform(0, side_px, 2)
        end = at + side_px * rng.uniform(0.02, 0.9) * np.array([rng.normal(0, 0.06), rng.choice([-1, 1])])
        layer = np.zeros_like(levels, np.float32)
        cv2.polylines(layer, [np.int32([at, end])], False, 1.0, int(rng.integers(1, 4)), cv2.LINE_AA)
        levels += rng.uniform(-70, 90) * cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.4, 1.5))
    for _ in range(int(rng.integers(0, 8))):
        spot = np.zeros_like(levels, np.float32)
        box = (tuple(rng.uniform(0, side_px, 2)), tuple(rng.uniform(0.01, 0.15, 2) * side_px), rng.uniform(0, 180))
        cv2.ellipse(spot, box, 1.0, -1)  # type: ignore[call-overload]
        levels += rng.uniform(-60, 40) * cv2.GaussianBlur(spot, (0, 0), rng.uniform(1, 4))
    return _noisy(np.rot90(levels, rng.integers(0, 2)), rng, 5)


SCENES: dict[str, Callable[[Generator, int], Picture]] = {
    "thermal": _thermal,
    "lights": _lights,
    "defocus": _defocus,
    "cells": _cells,
    "ink": _ink,
    "metal": _metal,
}
