"""Cracks drawn on the crack-free photos of each source of wild_cracks.py, and more of them on cracked ones.

Backgrounds are training photos: nothing of a test split is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from blemish.datasets import Sample, read_dataset
from blemish.files import appearing
from blemish.images.writing import write_jpeg, write_png
from blemish.synthesis.cracks_on_images import draw_cracks_on
from wild_domains import recipe_without

_SMALLEST_PX = 40
_SEEDS_OF_SOURCE, _SEEDS_OF_IMAGE = 100_000, 10


@dataclass(frozen=True)
class Backgrounds:
    """What is painted on.

    Attributes:
        folder: of the painted images.
        parts: a path that holds any of these is of this source.
        count: images, evenly spread; None: all.
        times: paintings of each.
        by_surface: names begin with the first letter of the surface, as SDNET2018's masks do.
    """

    folder: str
    parts: tuple[str, ...]
    count: int | None = None
    times: int = 1
    by_surface: bool = False


SOURCES = (
    Backgrounds("structures", ("/sdnet/Walls/", "/sdnet/Decks/"), 600, by_surface=True),
    Backgrounds("pavements", ("/sdnet/Pavements/",), 400, by_surface=True),
    Backgrounds("metu", ("/metu/Negative/",), 350),
    Backgrounds("drone", ("/uav_cc0/",), times=3),
    Backgrounds("asphalt", ("/sut_crack/",), times=3),
    Backgrounds("textures", ("/textures/",)),
)


def paint(folder: Path) -> None:
    """Write ``folder/SOURCE/train/{images,masks}``; what is there stays, and appears when whole."""
    photos = backgrounds(folder)
    for number, source in enumerate(SOURCES):
        if (folder / source.folder).exists():
            continue
        with appearing(folder / source.folder) as whole:
            out = whole / "train"
            for kind in ("images", "masks"):
                (out / kind).mkdir(parents=True)
            for at, sample in enumerate(photos[source.folder]):
                for time in range(source.times):
                    _paint(sample, out, source, number * _SEEDS_OF_SOURCE + at * _SEEDS_OF_IMAGE + time, time)


def backgrounds(folder: Path) -> dict[str, list[Sample]]:
    """The photos that are painted on, by source; ``folder`` takes a recipe."""
    known = read_dataset(recipe_without((), folder)).where(lambda sample: sample.split != "test")
    chosen = {}
    for source in SOURCES:
        fitting = sorted(
            (sample for sample in known.samples if any(part in str(sample.path) for part in source.parts)),
            key=lambda sample: str(sample.path),
        )
        at = np.linspace(0, len(fitting) - 1, source.count or len(fitting)).astype(int)
        chosen[source.folder] = [fitting[number] for number in at]
    return chosen


def _paint(sample: Sample, out: Path, source: Backgrounds, seed: int, time: int) -> None:
    pixels = sample.read_image()
    image, mask = draw_cracks_on(pixels, seed)
    if np.count_nonzero(mask) < _SMALLEST_PX:
        return
    if sample.masks:
        mask |= sample.read_mask(*pixels.shape[:2])
    surface = sample.path.parent.parent.name[0] if source.by_surface else ""
    # The drone's photos are grouped by their numbers before the first dot.
    name = f"{surface}{sample.path.stem}{'.' if source.folder == 'drone' else '-'}{time}"
    write_jpeg(out / "images" / f"{name}.jpg", image, quality=95)
    write_png(out / "masks" / f"{name}.png", cv2.convertScaleAbs(mask.astype(np.uint8), alpha=255))
