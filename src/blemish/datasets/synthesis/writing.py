"""Writing a synthetic set to disk in the layout that `read_dataset` reads, with the whole truth beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blemish.datasets.synthesis.scenes import SynthesisSettings, SyntheticPhoto, draw_photo
from blemish.errors import DataError
from blemish.files import appearing
from blemish.images.writing import write_jpeg, write_png

TRUTH_FILE = "truth.jsonl"

MOST_PHOTOS = 1_000_000
"""Photo ``i`` of seed ``s`` is drawn from the seed ``s`` million and ``i``: so sets of different seeds share none."""

_EVERY = 3  # of the centre-line points are written, about 2 px apart


@dataclass(frozen=True, slots=True)
class SynthesisCounts:
    """What was written.

    Attributes:
        folder: where.
        train, test: number of photos in each split.
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
    crack_share: float = 0.5,
    test_share: float = 0.2,
    settings: SynthesisSettings | None = None,
    on_progress: Callable[[], None] | None = None,
) -> SynthesisCounts:
    """Draw a set of photos and write it: the same arguments always give the same files.

    Written are ``{train,test}/images/*.jpg``, ``{train,test}/masks/*.png`` (white is crack) and ``truth.jsonl``, a
    line per photo: ``{"file", "seed", "surface", "distractors", "cracks": [{"points_px": [[x, y], …], "width_px": […]},
    …]}``, points about 2 px apart, pixel centres at whole numbers.

    Args:
        out: a folder that does not exist yet, or is empty; it appears when all is written.
        n: number of photos, 1 to a million.
        seed: 0 or more; another seed gives other photos.
        size_px: side, or (height, width), of the photos.
        crack_share: share of photos that are drawn with cracks, in either split.
        test_share: share of photos in ``test``.
        settings: what is drawn; its own ``crack_share`` is not used.
        on_progress: called after each photo.

    Returns:
        The counts.

    Raises:
        DataError: an impossible number or share.
        SettingsError: an impossible seed or size.
        BlemishError: ``out`` holds something already, or cannot be written.
    """
    if not 1 <= n <= MOST_PHOTOS:
        raise DataError(f"{n} photos cannot be drawn; ask for 1 to {MOST_PHOTOS:,}.")
    for name, share in (("cracked photos", crack_share), ("test photos", test_share)):
        if not 0 <= share <= 1:
            raise DataError(f"The share of {name} is {share:g}; it must be from 0 to 1.")
    counts = {"train": 0, "test": 0, "cracked": 0}
    with appearing(Path(out)) as folder:
        for split in ("train", "test"):
            for kind in ("images", "masks"):
                (folder / split / kind).mkdir(parents=True)
        with (folder / TRUTH_FILE).open("w", encoding="utf-8") as truth:
            for number in range(n):
                cracked = _is_chosen(number, crack_share)
                # The shares hold within the cracked and within the sound photos, not only in all.
                turn = int(number * crack_share) if cracked else number - int(number * crack_share)
                split = "test" if _is_chosen(turn, test_share) else "train"
                photo_seed = seed * MOST_PHOTOS + number
                photo = draw_photo(photo_seed, size_px=size_px, cracked=cracked, settings=settings)
                name = f"{number:06d}"
                write_jpeg(folder / split / "images" / f"{name}.jpg", photo.image, quality=95)
                write_png(folder / split / "masks" / f"{name}.png", photo.mask.astype(np.uint8) * 255)
                record = _record(photo, f"{split}/images/{name}.jpg", photo_seed)
                truth.write(json.dumps(record, separators=(",", ":")) + "\n")
                counts[split] += 1
                counts["cracked"] += bool(photo.mask.any())
                if on_progress is not None:
                    on_progress()
    return SynthesisCounts(Path(out), counts["train"], counts["test"], counts["cracked"])


def _is_chosen(number: int, share: float) -> bool:
    """Whether the ``number``-th of a row is among the evenly spread share of it."""
    return int((number + 1) * share) > int(number * share)


def _record(photo: SyntheticPhoto, file: str, seed: int) -> dict[str, Any]:
    cracks = []
    for crack in photo.cracks:
        kept = np.unique(np.append(np.arange(0, len(crack.points), _EVERY), len(crack.points) - 1))
        cracks.append(
            {"points_px": crack.points[kept].round(2).tolist(), "width_px": crack.width_px[kept].round(2).tolist()}
        )
    return {
        "file": file,
        "seed": seed,
        "surface": photo.surface,
        "distractors": list(photo.distractors),
        "cracks": cracks,
    }
