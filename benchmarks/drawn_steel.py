"""Drawn steel strips, for pictures that may be shown: 1 inclusions, 2 patches, 3 scratches; in Severstal's layout or
sorted into normal and defective."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets.run_lengths import encode_run_lengths
from blemish.images import write_png
from blemish.synthesis.noise import Generator, fractal_noise, grain

SIZE_PX = 200
KINDS = ((), (1,), (2,), (3,), (1, 3))


def draw_strips(folder: Path, count: int, seed: int = 0) -> Path:
    """So many strips in ``folder/train_images`` with ``train.csv``, a fifth of them normal; drawn once."""
    table = folder / "train.csv"
    if table.is_file():
        return folder
    rows = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        name = f"strip-{number:04d}.png"
        image, masks = draw_strip(rng, KINDS[number % len(KINDS)])
        write_png(folder / "train_images" / name, image)
        rows += [(name, kind, encode_run_lengths(mask)) for kind, mask in masks.items() if mask.any()]
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("ImageId", "ClassId", "EncodedPixels"), *rows])
    return folder


def draw_sorted_strips(folder: Path, *, train: int, test: int, seed: int = 0) -> Path:
    """Normal strips in ``folder/train/good``, and as many in ``test/good`` as defective ones in ``test/defect``."""
    if folder.is_dir():
        return folder
    number = 0
    for place, count in (("train/good", train), ("test/good", test), ("test/defect", test)):
        for index in range(count):
            kinds = KINDS[1 + index % (len(KINDS) - 1)] if place.endswith("defect") else ()
            image, _ = draw_strip(np.random.default_rng([seed, number]), kinds)
            write_png(folder / place / f"strip-{number:04d}.png", image)
            number += 1
    return folder


def draw_strip(rng: Generator, kinds: tuple[int, ...]) -> tuple[NDArray[np.uint8], dict[int, NDArray[np.bool_]]]:
    """One strip, uint8 RGB (S, S, 3), and the mask of each kind of defect."""
    shape = (SIZE_PX, SIZE_PX)
    grey = rng.uniform(0.35, 0.6) + 0.03 * fractal_noise(rng, shape, 24, stretch=0.125) + 0.02 * grain(rng, shape, 1.5)
    masks = {}
    for kind in kinds:
        fraction = DRAW[kind](rng)
        contrast = rng.uniform(0.04, 0.25) * (1 if kind == 3 else -1)
        grey = grey + contrast * fraction * (1 + 0.3 * fractal_noise(rng, shape, 8))
        masks[kind] = fraction >= 0.5
    image = (np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2), masks


def inclusions(rng: Generator) -> NDArray[np.float32]:
    """A few slag lines, drawn out along the strip."""
    canvas = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    for _ in range(rng.integers(1, 4)):
        centre = rng.integers(20, SIZE_PX - 20, 2).tolist()
        axes = (int(rng.integers(8, 30)), int(rng.integers(2, 6)))
        cv2.ellipse(canvas, centre, axes, float(rng.normal(90, 6)), 0, 360, 1.0, -1, cv2.LINE_AA)
    return ragged(rng, canvas, 3)


def patches(rng: Generator) -> NDArray[np.float32]:
    """One or two large blotches."""
    canvas = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    for _ in range(rng.integers(1, 3)):
        centre = rng.integers(30, SIZE_PX - 30, 2).tolist()
        axes = rng.integers(18, 45, 2).tolist()
        cv2.ellipse(canvas, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    return ragged(rng, canvas, 12)


def scratches(rng: Generator) -> NDArray[np.float32]:
    """One to three light lines that run with the rolling."""
    canvas = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    for _ in range(rng.integers(1, 4)):
        x, top = int(rng.integers(10, SIZE_PX - 10)), int(rng.integers(0, 90))
        end = (x + int(rng.normal(0, 8)), top + int(rng.integers(60, 140)))
        cv2.line(canvas, (x, top), end, 1.0, int(rng.integers(2, 5)), cv2.LINE_AA)
    return ragged(rng, canvas, 1.5)


def ragged(rng: Generator, canvas: NDArray[np.float32], reach_px: float) -> NDArray[np.float32]:
    """The drawn shape with an edge that wanders by about so many pixels."""
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX].astype(np.float32)
    shift = [reach_px * fractal_noise(rng, canvas.shape, 6 * reach_px) for _ in range(2)]
    return np.asarray(cv2.remap(canvas, x + shift[0], y + shift[1], cv2.INTER_LINEAR), np.float32)


DRAW = {1: inclusions, 2: patches, 3: scratches}
