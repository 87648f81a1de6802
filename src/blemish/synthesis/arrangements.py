"""Arrangements of equal parts, and the same with a part missing, one too many, or one out of place.

Nothing on such an image looks wrong by itself: a place without a screw is board, and a second pill is a pill. What is
wrong is how many parts there are, and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import SettingsError
from blemish.synthesis.noise import Generator, fractal_noise

Arrangement = Literal["blister", "board", "connector", "tray"]
"""A pack of pills, a board with screws, a row of pins, and loose rings in a tray, which lie anywhere."""

ArrangementFault = Literal["missing", "doubled", "displaced"]

ARRANGEMENTS: tuple[Arrangement, ...] = get_args(Arrangement)
ARRANGEMENT_FAULTS: tuple[ArrangementFault, ...] = get_args(ArrangementFault)

LOOSE: tuple[Arrangement, ...] = ("tray",)
"""Those whose parts lie anywhere."""

# By how much of the picture's side a displaced part moves, and within how much all parts of any picture do.
_DISPLACED = (0.09, 0.14)
_PLAY = 0.006
_BORDER = 0.1


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where parts belong, as fractions of the side; none: anywhere, ``loose`` of them."""

    places: tuple[tuple[float, float], ...]
    radius: float
    ground: tuple[int, int, int]
    part: tuple[int, int, int]
    loose: int = 0


_LAYOUTS: dict[Arrangement, _Layout] = {
    "blister": _Layout(
        tuple((0.2 + 0.2 * i, 0.32 + 0.36 * j) for j in range(2) for i in range(4)),
        0.065,
        (176, 180, 186),
        (226, 220, 208),
    ),
    "board": _Layout(
        ((0.15, 0.15), (0.85, 0.15), (0.15, 0.85), (0.85, 0.85), (0.5, 0.15), (0.5, 0.85)),
        0.05,
        (34, 92, 60),
        (172, 172, 168),
    ),
    "connector": _Layout(tuple((0.12 + 0.095 * i, 0.5) for i in range(9)), 0.032, (40, 40, 44), (204, 170, 84)),
    "tray": _Layout((), 0.06, (120, 112, 100), (70, 76, 84), loose=6),
}


def arrangement(name: str) -> Arrangement:
    """The arrangement of that name. Raises SettingsError where there is none."""
    for kind in ARRANGEMENTS:
        if kind == name:
            return kind
    raise SettingsError(f'There is no arrangement "{name}"; there are {", ".join(ARRANGEMENTS)}.')


@dataclass(frozen=True, slots=True, eq=False)
class ArrangedImage:
    """A drawn arrangement.

    Attributes:
        pixels: uint8 RGB (S, S, 3).
        mask: where parts are missing, too many or out of place, bool (S, S); empty without a fault.
        fault: None where all is as it should be.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    fault: ArrangementFault | None


def draw_arrangement(
    kind: Arrangement, rng: Generator, *, fault: ArrangementFault | None = None, size_px: int = 256
) -> ArrangedImage:
    """Draw an arrangement.

    Args:
        kind: which.
        rng: decides light, grain, play of the parts, and where the fault is.
        fault: what is wrong with it.
        size_px: side of the picture.

    Raises:
        SettingsError: a part out of place where parts lie anywhere.
    """
    layout = _LAYOUTS[kind]
    if fault == "displaced" and layout.loose:
        raise SettingsError(f'The parts of a "{kind}" lie anywhere, so none can be displaced.')
    places = np.array(layout.places or _loose_places(layout, rng))
    places = places + rng.uniform(-_PLAY, _PLAY, places.shape)
    marked = np.zeros((0, 2))
    if fault is not None:
        places, marked = _with_fault(places, layout, fault, rng)
    picture = _ground(layout, kind, rng, size_px)
    for x, y in places:
        _part(picture, kind, layout, (x, y), rng)
    mask = np.zeros((size_px, size_px), np.uint8)
    for x, y in marked:
        cv2.circle(mask, (round(x * size_px), round(y * size_px)), round(layout.radius * size_px * 1.15), 1, -1)
    light = rng.uniform(0.92, 1.06) * (1 + 0.05 * fractal_noise(rng, (size_px, size_px), size_px / 2))
    noisy = picture * light[..., None] + rng.normal(0, 2.0, picture.shape)
    return ArrangedImage(noisy.clip(0, 255).astype(np.uint8), mask.astype(bool), fault)


def _loose_places(layout: _Layout, rng: Generator) -> list[tuple[float, float]]:
    places: list[tuple[float, float]] = []
    while len(places) < layout.loose:
        place = _free_place(np.array(places).reshape(-1, 2), layout, rng)
        places.append((float(place[0]), float(place[1])))
    return places


def _free_place(places: NDArray[np.float64], layout: _Layout, rng: Generator) -> NDArray[np.float64]:
    """A place that no part covers; where there is none to be found, the freest that was tried."""
    tried = rng.uniform(_BORDER, 1 - _BORDER, (200, 2))
    if not len(places):
        return np.asarray(tried[0])
    nearest = np.linalg.norm(tried[:, None] - places[None], axis=2).min(axis=1)
    free = np.flatnonzero(nearest > 3.8 * layout.radius)
    return np.asarray(tried[free[0] if len(free) else nearest.argmax()])


def _with_fault(
    places: NDArray[np.float64], layout: _Layout, fault: ArrangementFault, rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The places of all parts, and those to mark."""
    which = int(rng.integers(len(places)))
    if fault == "missing":
        return np.delete(places, which, axis=0), places[which : which + 1]
    if fault == "doubled":
        added = _free_place(places, layout, rng)[None]
        return np.concatenate([places, added]), added
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(*_DISPLACED)
    moved = places.copy()
    step = distance * np.array([np.cos(angle), np.sin(angle)])
    moved[which] = np.clip(places[which] + step, _BORDER / 2, 1 - _BORDER / 2)
    return moved, np.stack([places[which], moved[which]])


def _ground(layout: _Layout, kind: Arrangement, rng: Generator, size_px: int) -> NDArray[np.float64]:
    grain = 6 * fractal_noise(rng, (size_px, size_px), size_px / 10)
    picture = np.array(layout.ground, np.float64) + grain[..., None]
    if kind == "board":
        for offset in np.arange(0.25, 0.8, 0.08):
            at = round(offset * size_px)
            cv2.line(picture, (at, round(0.3 * size_px)), (at, round(0.7 * size_px)), (58, 128, 84), 2)
    if kind == "connector":
        corner = (round(0.05 * size_px), round(0.36 * size_px))
        cv2.rectangle(picture, corner, (size_px - corner[0], size_px - corner[1]), (62, 62, 66), -1)
    return picture


def _part(
    picture: NDArray[np.float64], kind: Arrangement, layout: _Layout, place: tuple[float, float], rng: Generator
) -> None:
    side = picture.shape[0]
    centre = (round(place[0] * side), round(place[1] * side))
    radius = layout.radius * side
    colour = np.array(layout.part, np.float64)
    dark, bright = (colour * 0.62).tolist(), np.minimum(colour * 1.15, 255).tolist()
    if kind == "connector":
        half = (round(radius * 0.6), round(radius * 1.8))
        corners = [(centre[0] + sign * half[0], centre[1] + sign * half[1]) for sign in (-1, 1)]
        cv2.rectangle(picture, corners[0], corners[1], colour.tolist(), -1)
        cv2.rectangle(picture, corners[0], corners[1], dark, 1)
        return
    shadow = (centre[0] + 2, centre[1] + 3)
    cv2.circle(picture, shadow, round(radius), (np.array(layout.ground) * 0.6).tolist(), -1, cv2.LINE_AA)
    cv2.circle(picture, centre, round(radius), colour.tolist(), -1, cv2.LINE_AA)
    if kind == "tray":
        cv2.circle(picture, centre, round(radius * 0.5), layout.ground, -1, cv2.LINE_AA)
        cv2.circle(picture, centre, round(radius), bright, 1, cv2.LINE_AA)
    elif kind == "board":
        angle = rng.uniform(0, np.pi)
        step = 0.7 * radius * np.array([np.cos(angle), np.sin(angle)])
        ends = [(round(centre[0] + sign * step[0]), round(centre[1] + sign * step[1])) for sign in (-1, 1)]
        cv2.line(picture, ends[0], ends[1], dark, max(2, round(radius / 4)), cv2.LINE_AA)
    else:
        cv2.circle(picture, centre, round(radius * 0.75), bright, -1, cv2.LINE_AA)
