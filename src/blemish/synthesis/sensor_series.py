"""Drawn sensor series of a machine that turns, with faults of known place: what a detector of series is tested on."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.recordings import Series

Fault = Literal["spike", "offset", "dead", "noise", "faster"]
FAULTS: tuple[Fault, ...] = get_args(Fault)


def draw_sensor_series(
    steps: int,
    *,
    columns: int = 4,
    faults: int = 0,
    fault_steps: tuple[int, int] = (20, 60),
    kinds: tuple[Fault, ...] = FAULTS,
    seed: int = 0,
) -> Series:
    """Sensors that follow one rotation, each with its own overtone, phase, offset and unit, and noise of its own.

    Args:
        steps: T.
        columns: C.
        faults: how many are put in, in turn of each kind, far enough from each other not to touch.
        fault_steps: shortest and longest fault.
        kinds: a ``spike`` every few steps, an ``offset``, a ``dead`` sensor, more ``noise``, or a ``faster`` rotation.
        seed: of everything random. The machine is always the same one: series of two seeds are two recordings of it.

    Returns:
        The series, ``faulty`` set. A fault is in one or more sensors; ``faulty`` says when, not in which.
    """
    machine, rng = np.random.default_rng(columns), np.random.default_rng((seed, columns))
    overtone, phase = machine.integers(1, 4, columns), machine.uniform(0, 2 * np.pi, columns)
    unit, offset = 10.0 ** machine.integers(-2, 3, columns), machine.normal(0, 5, columns)
    speed = 2 * np.pi / 24 * (1 + 0.02 * np.sin(np.arange(steps) / 200 + rng.uniform(0, 6)))
    faulty = np.zeros(steps, np.bool_)
    places: list[slice] = []
    for index in range(faults):
        room = steps // faults
        length = int(rng.integers(fault_steps[0], fault_steps[1] + 1))
        first = index * room + int(rng.integers(room // 8, max(room // 8 + 1, room - length - room // 8)))
        places.append(slice(first, min(first + length, steps)))
        faulty[places[-1]] = True
    chosen = [kinds[index % len(kinds)] for index in range(faults)]
    for kind, place in zip(chosen, places, strict=True):
        if kind == "faster":
            speed[place] *= 2
    angle = rng.uniform(0, 2 * np.pi) + np.cumsum(speed)
    values = np.sin(angle[:, None] * overtone + phase) + rng.normal(0, 0.08, (steps, columns))
    for kind, place in zip(chosen, places, strict=True):
        _spoil(values, kind, place, rng)
    names = tuple(f"sensor_{index + 1}" for index in range(columns))
    return Series(f"drawn series {seed}", names, values * unit + offset, faulty)


def _spoil(values: NDArray[np.float64], kind: Fault, place: slice, rng: np.random.Generator) -> None:
    """Put a fault into one sensor, in place; a faster rotation has been put in before."""
    sensor = int(rng.integers(values.shape[1]))
    part = values[place, sensor]
    if kind == "spike":
        part[::4] += rng.choice((-1, 1)) * rng.uniform(2, 3)
    elif kind == "offset":
        part += rng.choice((-1, 1)) * rng.uniform(1.5, 2.5)
    elif kind == "dead":
        part[:] = part[0]
    elif kind == "noise":
        part += rng.normal(0, 1, len(part))
