"""Writing drawn arrangements as a data set: normal ones to learn from, and to test on normal ones beside each fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blemish.errors import DataError, SettingsError
from blemish.files import appearing
from blemish.images.writing import write_png
from blemish.synthesis.arrangements import ARRANGEMENT_FAULTS, LOOSE, Arrangement, draw_arrangement

MIN_SIZE_PX = 64


@dataclass(frozen=True, slots=True)
class ArrangementCounts:
    """What was written.

    Attributes:
        folder: where.
        train: normal images to learn from.
        test: images to test on.
        faulty: how many of ``test`` show a fault.
    """

    folder: Path
    train: int
    test: int
    faulty: int


def write_arrangements(
    out: Path,
    *,
    kind: Arrangement,
    n_train: int,
    n_test: int,
    n_per_fault: int,
    seed: int = 0,
    size_px: int = 256,
    on_progress: Callable[[], None] | None = None,
) -> ArrangementCounts:
    """Draw a set and write it in MVTec AD's layout: the same arguments always give the same files.

    Written are ``{train,test}/good/*.png``, ``test/{missing,doubled,displaced}/*.png`` and their masks,
    ``ground_truth/FAULT/*_mask.png``, white where a part is missing, too many or out of place.

    Args:
        out: a folder that does not exist yet, or is empty; it appears when all is written.
        kind: what is drawn; parts that lie anywhere (a tray) cannot be displaced, and are not.
        n_train: normal images to learn from, 0 or more.
        n_test: normal images to test on, 0 or more.
        n_per_fault: images of each fault, 0 or more.
        seed: 0 or more; another seed gives other images.
        size_px: side of an image, 64 px or more.
        on_progress: called after each image.

    Returns:
        The counts.

    Raises:
        DataError: no image, or a negative number of them, is asked for.
        SettingsError: an impossible seed or size.
        BlemishError: ``out`` holds something already, or cannot be written.
    """
    if min(n_train, n_test, n_per_fault) < 0 or not n_train + n_test + n_per_fault:
        raise DataError("Numbers of images must be 0 or more, and not all of them 0.")
    if size_px < MIN_SIZE_PX or seed < 0:
        raise SettingsError(
            f"Images of {size_px} px by seed {seed} cannot be drawn; ask for {MIN_SIZE_PX} px and seed 0, or more."
        )
    rng = np.random.default_rng(seed)
    faults = [fault for fault in ARRANGEMENT_FAULTS if not (kind in LOOSE and fault == "displaced")]
    wanted = [("train", None, n_train), ("test", None, n_test), *(("test", fault, n_per_fault) for fault in faults)]
    with appearing(Path(out)) as folder:
        for split, fault, count in wanted:
            for number in range(count):
                drawn = draw_arrangement(kind, rng, fault=fault, size_px=size_px)
                write_png(folder / split / (fault or "good") / f"{number:03d}.png", drawn.pixels)
                if fault is not None:
                    write_png(folder / "ground_truth" / fault / f"{number:03d}_mask.png", drawn.mask)
                if on_progress is not None:
                    on_progress()
    faulty = n_per_fault * len(faults)
    return ArrangementCounts(Path(out), n_train, n_test + faulty, faulty)
