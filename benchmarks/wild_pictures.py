"""Hits, misses and false alarms of a detector on test images, for docs/concrete-crack.md.

    python benchmarks/wild_pictures.py --out runs/ --detector concrete-crack --jpg docs/pictures/concrete-crack-test.jpg

Nothing is picked by eye: of each kind, the cracked image whose F1 within 2 px is the median of those with an outline,
the first cracked image without one, and the first crack-free image with one, by name. Where a kind has none the place
is empty.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.datasets import Dataset
from blemish.evaluation import count_within
from blemish.images.writing import write_jpeg
from blemish.reports.overlays import outline
from wild_domains import DOMAINS, validation_set
from wild_scoring import Rule, Seen, see

SIDE_PX, HEAD_PX = 200, 22
KINDS = ("asphalt", "drone", "structures", "pavements", "metu")
ROWS = ("hit", "miss", "false alarm")


def main() -> None:
    """Draw one column a kind of surface, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where wild_cracks.py measure keeps its maps")
    parser.add_argument("--detector", default="concrete-crack")
    parser.add_argument("--jpg", type=Path, required=True)
    given = parser.parse_args()
    detector = blemish.load(given.detector)
    limits = detector.spec.thresholds
    assert limits.pixel is not None
    assert limits.peak is not None
    rule = Rule(limits.pixel, limits.peak, limits.min_area_px, limits.gap_px)
    columns = []
    for name in KINDS:
        dataset = validation_set(name, given.out, split="test")
        maps = given.out / "maps" / f"{name}-test-{Path(given.detector).stem}-seed0.npz"
        columns.append(column(name, dataset, see(detector, dataset, maps), rule))
    write_jpeg(given.jpg, np.hstack(columns), quality=85)


def column(name: str, dataset: Dataset, seen: list[Seen], rule: Rule) -> NDArray[np.uint8]:
    """A head and the three images of one kind, each beside its outline, uint8 RGB."""
    files = {f"{sample.path.parent.name}/{sample.path.name}": sample for sample in dataset.samples}
    masks = {one.name: rule.outline(one.map) for one in seen}
    hits = [one for one in seen if one.cracked and masks[one.name].any()]
    hits.sort(key=lambda one: f1_of(masks[one.name], one))
    chosen = (
        hits[len(hits) // 2 :][:1],
        sorted((one for one in seen if one.cracked and not masks[one.name].any()), key=lambda one: one.name)[:1],
        sorted((one for one in seen if not one.cracked and masks[one.name].any()), key=lambda one: one.name)[:1],
    )
    parts = [_head("METU" if name == "metu" else DOMAINS[name].name)]
    for row, found in zip(ROWS, chosen, strict=True):
        shown = np.full((SIDE_PX, 2 * SIDE_PX, 3), 255, np.uint8)
        if found:
            pixels = files[found[0].name].read_image()
            outlined = pixels.copy()
            outline(outlined, masks[found[0].name], (0, 255, 255))
            shown = np.hstack([_small(pixels), _small(outlined)])
        parts += [_head(row if found else f"{row}: none"), shown]
    return np.pad(np.vstack(parts), ((0, 0), (3, 3), (0, 0)), constant_values=255)


def f1_of(mask: NDArray[np.bool_], one: Seen) -> float:
    """Within 2 px; of images without a mask, by which they are not told apart, 0."""
    return 0.0 if one.truth is None else count_within(mask, one.truth, (2.0,))[0].f1 or 0.0


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _head(text: str) -> NDArray[np.uint8]:
    drawn = np.full((HEAD_PX, 2 * SIDE_PX, 3), 255, np.uint8)
    return np.asarray(cv2.putText(drawn, text, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA))


if __name__ == "__main__":
    main()
