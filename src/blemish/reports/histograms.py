"""Histograms as numbers to draw: bars and ticks in a plot of fixed size, for the page's inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The drawing, in SVG units, and the plot inside it.
WIDTH, HEIGHT = 360.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 352.0, 12.0, 164.0
_MAX_BARS = 14
# Below this, sizes are zero but for rounding: their steps would no longer be numbers that can be divided by.
_TINY = 1e-9
_PLAIN = "#5b7c99"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its box in the drawing, its colour, and what is said when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    said: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: its place on its axis in the drawing, and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram to draw.

    Attributes:
        title: what is counted.
        axis: what the values are, with the unit.
        bars: left to right, empty without values.
        x_ticks: on the axis of values.
        y_ticks: on the axis of counts.
    """

    title: str
    axis: str
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def count_by_size(title: str, axis: str, unit: str, values: ArrayLike) -> Histogram:
    """How many values lie in each step, from 0 to the largest; steps are 1, 2 or 5 times a power of ten.

    Args:
        title: above the plot.
        axis: below it.
        unit: behind the numbers of a bar.
        values: (N,), none negative.
    """
    known: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    step = nice_step(float(known.max()) / _MAX_BARS) if known.size and known.max() > _TINY else 1.0
    steps = max(1, int(np.floor(known.max() / step)) + 1) if known.size else 1
    edges = np.arange(steps + 1, dtype=np.float64) * step
    counts = np.histogram(known, edges)[0]
    said = [
        f"{low:g} – {high:g} {unit}: {count}" for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    every = int(np.ceil(steps / 7))
    ticks = [(edge, f"{edge:g}") for edge in edges[::every]]
    return _draw(title, axis, edges, counts, said, ticks, [_PLAIN] * steps)


def length_by_direction(title: str, axis: str, unit: str, degrees: ArrayLike, lengths: ArrayLike) -> Histogram:
    """How much length runs in each direction, in sectors of 15 degrees; 0 and 90 are the middle of one.

    Args:
        title: above the plot.
        axis: below it.
        unit: of the lengths.
        degrees: (N,), in [0, 180).
        lengths: (N,).
    """
    # From -7.5, so that 0 and 90 stand in the middle of their sectors.
    turned = (np.asarray(degrees, dtype=np.float64) + 7.5) % 180.0 - 7.5
    edges = np.arange(13, dtype=np.float64) * 15.0 - 7.5
    sums = np.histogram(turned, edges, weights=np.asarray(lengths, dtype=np.float64))[0]
    said = [
        f"{(low + high) / 2:g}°: {total:.3g} {unit}" for low, high, total in zip(edges, edges[1:], sums, strict=False)
    ]
    ticks = [(0.0, "0° —"), (45.0, "45° ╱"), (90.0, "90° │"), (135.0, "135° ╲")]
    return _draw(title, axis, edges, sums, said, ticks, [_PLAIN] * 12)


def length_by_class(
    title: str, axis: str, unit: str, labels: Sequence[str], colours: Sequence[str], lengths: ArrayLike
) -> Histogram:
    """How much length lies in each class, one bar per class in its colour.

    Args:
        title: above the plot.
        axis: below it.
        unit: of the lengths.
        labels: (N,), below the bars.
        colours: (N,).
        lengths: (N,).
    """
    sums = np.asarray(lengths, dtype=np.float64)
    edges = np.arange(len(labels) + 1, dtype=np.float64)
    said = [f"{label}: {total:.3g} {unit}" for label, total in zip(labels, sums, strict=True)]
    ticks = [(number + 0.5, label) for number, label in enumerate(labels)]
    return _draw(title, axis, edges, sums, said, ticks, colours)


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … times a power of ten that is not below ``least``, which is above 0.

    >>> nice_step(0.3), nice_step(7)
    (0.5, 10.0)
    """
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least * (1 - 1e-9)))


def _draw(
    title: str,
    axis: str,
    edges: NDArray[np.float64],
    heights: NDArray[np.float64] | NDArray[np.int_],
    said: Sequence[str],
    ticks: Sequence[tuple[float, str]],
    colours: Sequence[str],
) -> Histogram:
    top = float(heights.max()) if heights.size else 0.0
    if top <= 0:
        return Histogram(title, axis, (), (), ())
    rise = nice_step(top / 4)
    if np.issubdtype(heights.dtype, np.integer):
        rise = max(1.0, rise)
    steps = int(np.ceil(top / rise - 1e-9))
    across = (RIGHT - LEFT) / (edges[-1] - edges[0])
    up = (BOTTOM - TOP) / (steps * rise)
    bars = tuple(
        Bar(
            round(float(LEFT + (low - edges[0]) * across + 1), 2),
            round(float(BOTTOM - height * up), 2),
            round(float((high - low) * across - 2), 2),
            round(float(height * up), 2),
            colour,
            text,
        )
        for low, high, height, colour, text in zip(edges[:-1], edges[1:], heights, colours, said, strict=True)
    )
    x_ticks = tuple(Tick(round(float(LEFT + (at - edges[0]) * across), 2), label) for at, label in ticks)
    y_ticks = tuple(Tick(round(BOTTOM - number * rise * up, 2), f"{number * rise:g}") for number in range(steps + 1))
    return Histogram(title, axis, bars, x_ticks, y_ticks)
