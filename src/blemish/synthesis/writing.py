"""Writing a synthetic set to disk in the layout that `read_dataset` reads, with the whole truth beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blemish.errors import DataError
from blemish.files import appearing
from blemish.images.writing import write_jpeg, write_png
from blemish.synthesis.scenes import SynthesisSettings, SyntheticImage, draw_image

TRUTH_FILE = "truth.jsonl"

MAX_IMAGES = 1_000_000
"""Image ``i`` of seed ``s`` is drawn from the seed ``s`` million and ``i``: so sets of different seeds share none."""

_EVERY = 3  # of the centre-line points are written, about 2 px apart


@dataclass(frozen=True, slots=True)
class SynthesisCounts:
    """What was written.

    Attributes:
        folder: where.
        train, test: number of images in each split.
        cracked: how many of all show a crack.
    """

    folder: Path
    train: int
    test: int
    cracked: int


def write_synthesis(
    out: Path,
    *,
    n: int,
    seed: int = 0,
    size_px: tuple[int, int] | int = 512,
    crack_fraction: float = 0.5,
    test_fraction: float = 0.2,
    settings: SynthesisSettings | None = None,
    on_progress: Callable[[], None] | None = None,
) -> SynthesisCounts:
    """Draw a set of images and write it: the same arguments always give the same files.

    Written are ``{train,test}/images/*.jpg``, ``{train,test}/masks/*.png`` (white is crack) and ``truth.jsonl``, a
    line per image: ``{"file", "seed", "surface", "distractors", "cracks": [{"points_px": [[x, y], …], "width_px": […]},
    …]}``, points about 2 px apart, pixel centres at whole numbers.

    Args:
        out: a folder that does not exist yet, or is empty; it appears when all is written.
        n: number of images, 1 to a million.
        seed: 0 or more; another seed gives other images.
        size_px: side, or (height, width), of the images.
        crack_fraction: fraction of images that are drawn with cracks, in either split.
        test_fraction: fraction of images in ``test``.
        settings: what is drawn; its own ``crack_fraction`` is not used.
        on_progress: called after each image.

    Returns:
        The counts.

    Raises:
        DataError: an impossible number or fraction.
        SettingsError: an impossible seed or size.
        BlemishError: ``out`` holds something already, or cannot be written.
    """
    if not 1 <= n <= MAX_IMAGES:
        raise DataError(f"{n} images cannot be drawn; ask for 1 to {MAX_IMAGES:,}.")
    for name, fraction in (("cracked images", crack_fraction), ("test images", test_fraction)):
        if not 0 <= fraction <= 1:
            raise DataError(f"The fraction of {name} is {fraction:g}; it must be from 0 to 1.")
    counts = {"train": 0, "test": 0, "cracked": 0}
    with appearing(Path(out)) as folder:
        for split in ("train", "test"):
            for kind in ("images", "masks"):
                (folder / split / kind).mkdir(parents=True)
        with (folder / TRUTH_FILE).open("w", encoding="utf-8") as truth:
            for number in range(n):
                cracked = _is_chosen(number, crack_fraction)
                # The fractions hold within the cracked and within the normal images, not only in all.
                turn = int(number * crack_fraction) if cracked else number - int(number * crack_fraction)
                split = "test" if _is_chosen(turn, test_fraction) else "train"
                image_seed = seed * MAX_IMAGES + number
                image = draw_image(image_seed, size_px=size_px, cracked=cracked, settings=settings)
                record = _write(image, folder, split, f"{number:06d}", image_seed)
                truth.write(json.dumps(record, separators=(",", ":")) + "\n")
                counts[split] += 1
                counts["cracked"] += bool(image.mask.any())
                if on_progress is not None:
                    on_progress()
    return SynthesisCounts(Path(out), counts["train"], counts["test"], counts["cracked"])


def _is_chosen(number: int, fraction: float) -> bool:
    """Whether the ``number``-th of a row is among the evenly spread fraction of it."""
    return int((number + 1) * fraction) > int(number * fraction)


def _write(image: SyntheticImage, folder: Path, split: str, name: str, seed: int) -> dict[str, Any]:
    """Write image and mask, and give the truth about them."""
    write_jpeg(folder / split / "images" / f"{name}.jpg", image.image, quality=95)
    write_png(folder / split / "masks" / f"{name}.png", image.mask.astype(np.uint8) * 255)
    cracks = []
    for crack in image.cracks:
        kept = np.unique(np.append(np.arange(0, len(crack.points), _EVERY), len(crack.points) - 1))
        cracks.append(
            {"points_px": crack.points[kept].round(2).tolist(), "width_px": crack.width_px[kept].round(2).tolist()}
        )
    return {
        "file": f"{split}/images/{name}.jpg",
        "seed": seed,
        "surface": image.surface,
        "distractors": list(image.distractors),
        "cracks": cracks,
    }
