"""How long it takes to measure the cracks of a 12-megapixel mask: blemish beside the naive way, in one run on one core.

    OMP_NUM_THREADS=1 python benchmarks/crack_measuring_speed.py [--rounds 5] [--cracks 50] [--record measuring-speed]

The naive way is what most scripts do: scikit-image's skeleton, the direction at each of its pixels from the pixels
around it, and one call of `scipy.ndimage.map_coordinates` per pixel for the profile across. It gives widths and a count
of pixels, and neither tells cracks apart at junctions nor knows lengths below a pixel. Both take turns; processor
seconds are given, which a busy machine disturbs least.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import KDTree
from skimage.morphology import skeletonize

from blemish.files import write_text
from blemish.measurement import find_regions, measure_mask

from machine import describe_machine
from result_files import Column, Row, Table, record

# Reach of a naive profile to each side, and of the pixels that its direction is taken from.
NAIVE_REACH_PX, NAIVE_DIRECTION_PX = 16, 5.0


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each way takes its turn")
    parser.add_argument("--cracks", type=int, default=50, help="cracks in the mask")
    parser.add_argument("--width", type=int, default=4000, help="of the mask, px")
    parser.add_argument("--height", type=int, default=3000, help="of the mask, px")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    mask, image = scene(given.cracks, (given.height, given.width))
    probability = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
    ways = {
        "blemish, mask": lambda: measure_mask(mask),
        "blemish, mask and image": lambda: measure_mask(mask, image),
        "naive: skeletonize, map_coordinates per point": lambda: naive(mask),
        "blemish, find_regions": lambda: find_regions(mask, probability),
        "blemish, find_regions on 100,000 specks": lambda: find_regions(specks, probability),
    }
    specks = np.random.default_rng(1).random(mask.shape) < 100_000 / mask.size
    seconds = take_turns(ways, given.rounds)
    ours, naive_s = seconds["blemish, mask"], seconds["naive: skeletonize, map_coordinates per point"]
    cracks = measure_mask(mask).cracks
    length_px = sum(crack.length_px for crack in cracks)
    print(describe_machine("numpy", "opencv-python-headless", "scikit-image"))
    print(
        f"{mask.shape[1]} x {mask.shape[0]} px, {len(cracks)} cracks, {length_px:,.0f} px of them, "
        f"{mask.mean():.1%} of the mask set; median of {given.rounds} rounds, processor seconds\n"
    )
    print("| way | s | times blemish's |\n|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.2f} | {value / ours:.1f} |")
    print(f"\nnaive / blemish: {naive_s / ours:.1f}")
    if given.out is not None:
        write_text(given.out, json.dumps({"machine": describe_machine("numpy"), "seconds": seconds}, indent=2) + "\n")
    if given.record:
        keep(given, len(cracks), seconds)


def keep(given: argparse.Namespace, cracks: int, seconds: dict[str, float]) -> None:
    """The figures as a result file."""
    column = Column(name="processor s", digits=2, leading_zero=True)
    rows = tuple(Row(name=(name,), cells={column.name: value}) for name, value in seconds.items())
    record(
        given.record,
        "Measuring speed",
        f"{given.width} × {given.height} px, {given.cracks} drawn lines ({cracks} cracks); median of {given.rounds} "
        "rounds",
        [
            f"OMP_NUM_THREADS=1 python benchmarks/crack_measuring_speed.py --rounds {given.rounds} "
            f"--record {given.record}"
        ],
        {"seconds": Table(stub=("what",), columns=(column,), rows=rows)},
        machine=describe_machine("numpy", "opencv-python-headless", "scikit-image"),
    )


def take_turns(ways: dict, rounds: int) -> dict[str, float]:
    """Median processor seconds of each way."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()  # what one way left behind is not the next one's to clear
            started = time.process_time()
            way()
            taken[name].append(time.process_time() - started)
    return {name: statistics.median(values) for name, values in taken.items()}


def scene(cracks: int, shape: tuple[int, int]) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Random walks of 240 to 950 px, 2 to 11 px wide, and a grey image of them."""
    chance = np.random.default_rng(0)
    height, width = shape
    canvas = np.zeros(shape, np.uint8)
    for _ in range(cracks):
        place = chance.uniform((0.05 * width, 0.05 * height), (0.95 * width, 0.95 * height))
        heading, line = chance.uniform(0, 2 * np.pi), [place]
        for _ in range(chance.integers(30, 120)):
            heading += chance.normal(0, 0.25)
            line.append(line[-1] + 8 * np.array([np.cos(heading), np.sin(heading)]))
        points = np.round(np.array(line) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, int(chance.integers(2, 12)), cv2.LINE_AA, 4)
    grey = 210 - 170 / 255 * cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), 0.6)
    grey += chance.normal(0, 8, shape).astype(np.float32)
    return canvas > 127, np.clip(grey, 0, 255).astype(np.uint8)


def naive(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], int]:
    """Widths at all skeleton pixels, and their number as the length."""
    rows, columns = np.nonzero(skeletonize(mask))
    places = np.column_stack([rows, columns]).astype(float)
    tree = KDTree(places)
    values = mask.astype(np.float32)
    steps = np.arange(-NAIVE_REACH_PX, NAIVE_REACH_PX + 0.25, 0.5)
    widths = np.empty(len(places))
    for i, place in enumerate(places):
        around = places[tree.query_ball_point(place, NAIVE_DIRECTION_PX)] - place
        across = np.linalg.eigh(around.T @ around)[1][:, 0]
        profile = map_coordinates(values, place[:, np.newaxis] + across[:, np.newaxis] * steps, order=1)
        middle = len(steps) // 2
        after, before = profile[middle:] < 0.5, profile[middle::-1] < 0.5
        widths[i] = 0.5 * (after.argmax() + before.argmax()) - 0.5
    return widths, len(places)


if __name__ == "__main__":
    main()
