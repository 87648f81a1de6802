"""Cutting images with masks into small tiles of two kinds, normal and defective, grouped by image."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets.identity import relative_name
from blemish.datasets.readers.folders import NormalNames
from blemish.datasets.sample import Dataset, Sample
from blemish.errors import DataError
from blemish.files import appearing, write_text
from blemish.images import write_png

NORMAL = "normal"
MANIFEST = "manifest.csv"


@dataclass(frozen=True, slots=True)
class TileCounts:
    """How many tiles came out.

    Attributes:
        folder: where they lie.
        counts: tiles by (split or "", label).
        left_out: tiles that are neither clearly normal nor clearly defective.
        images: images that were cut.
        skipped: images that were not: extent not known, or smaller than a tile.
    """

    folder: Path
    counts: dict[tuple[str, str], int]
    left_out: int
    images: int
    skipped: int


def cut_tiles(
    dataset: Dataset,
    out: Path | str,
    *,
    tile_px: int,
    margin_px: int = 4,
    min_fraction: float = 0.01,
    defect_label: str | None = None,
    on_progress: Callable[[], None] | None = None,
) -> TileCounts:
    """Cut every image into a grid of square tiles and sort them by their masks.

    A tile is *normal* when no mask pixel lies in it or within ``margin_px`` of it, and *defective* when at least
    ``min_fraction`` of its pixels are masked and some of them lie in its central half (half its side, both ways). The
    rest is left out, as are tiles with ignored pixels and the strips at the right and lower edge that make no whole
    tile. Tiles of one image stay in its split and carry the image (or the image's own group) as their group.

    Written are ``<split>/normal/<image>_<y>_<x>.png`` and ``<split>/<label>/…`` (without a split: without that folder),
    the masks of the defective ones below ``masks/``, and ``manifest.csv``, by which `read_dataset` reads it all again.

    Args:
        dataset: images with masks, or known to be free of defects.
        out: a folder that does not exist yet, or is empty; it appears when all tiles are written.
        tile_px: side of a tile, at least 4.
        margin_px: how far from a normal tile the next mask pixel must be.
        min_fraction: least fraction of masked pixels of a defective tile, above 0.
        defect_label: what to call defective tiles; None takes the class with the most pixels in the tile.
        on_progress: called after each image.

    Returns:
        The counts.

    Raises:
        DataError: impossible sizes, or no image with a known extent.
        BlemishError: ``out`` holds something already, or cannot be written.
        ImageError: an image cannot be read.
        BlemishError: ``out`` cannot be written.
    """
    if tile_px < 4 or margin_px < 0 or not 0 < min_fraction <= 1:
        raise DataError(
            f"Tiles of {tile_px} px with a margin of {margin_px} px and a minimum fraction of {min_fraction:g} cannot "
            "be cut; "
            "the tile must be at least 4 px, the margin 0 or more, the share above 0 and at most 1."
        )
    bad = [
        label for label in ([defect_label] if defect_label is not None else dataset.classes) if label in NormalNames()
    ]
    if bad:
        raise DataError(f'Defective tiles cannot be called "{bad[0]}", which means normal; give them another label.')
    if all(sample.masks is None for sample in dataset.samples):
        raise DataError(f'"{dataset.root}" has no masks, so no tile can be told normal or defective.')
    with appearing(Path(out)) as folder:
        counts = _write_all(dataset, folder, _Rule(tile_px, margin_px, min_fraction, defect_label), on_progress)
        return TileCounts(Path(out), *counts)


@dataclass(frozen=True, slots=True)
class _Rule:
    tile_px: int
    margin_px: int
    min_fraction: float
    defect_label: str | None

    def labels(
        self, masks: NDArray[np.bool_], ignored: NDArray[np.bool_] | None, classes: tuple[str, ...]
    ) -> NDArray[np.str_]:
        """Label of every tile of one image, str (rows, columns); "" for those to leave out. ``masks`` is (K, H, W)."""
        side, quarter = self.tile_px, self.tile_px // 4
        union = np.asarray(masks.any(axis=0))
        rows, columns = union.shape[0] // side, union.shape[1] // side
        y, x = np.meshgrid(np.arange(rows) * side, np.arange(columns) * side, indexing="ij")
        inside = _sums(union, y, x, side)
        around = _sums(union, y - self.margin_px, x - self.margin_px, side + 2 * self.margin_px)
        central = _sums(union, y + quarter, x + quarter, side - 2 * quarter)
        by_class = np.stack([_sums(mask, y, x, side) for mask in masks] or [inside])
        names = np.array([self.defect_label] * len(by_class) if self.defect_label is not None else classes or ("",))
        defective = (inside >= self.min_fraction * side * side) & (central > 0)
        labels = np.where(around == 0, NORMAL, np.where(defective, names[by_class.argmax(axis=0)], ""))
        return labels if ignored is None else np.where(_sums(ignored, y, x, side) == 0, labels, "")


def _sums(mask: NDArray[np.bool_], y: NDArray[np.int64], x: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Mask pixels in the squares with these upper left corners, as far as they lie in the image."""
    total = cv2.integral(mask.astype(np.uint8))
    top, bottom = (np.clip(edge, 0, mask.shape[0]) for edge in (y, y + side))
    left, right = (np.clip(edge, 0, mask.shape[1]) for edge in (x, x + side))
    sums = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return np.asarray(sums, dtype=np.int64)


def _write_all(
    dataset: Dataset, folder: Path, rule: _Rule, on_progress: Callable[[], None] | None
) -> tuple[dict[tuple[str, str], int], int, int, int]:
    names = _image_names(dataset)
    side = rule.tile_px
    rows: list[tuple[str, str, str, str, str]] = []
    counts: Counter[tuple[str, str]] = Counter()
    left_out = cut = 0
    for sample, name in zip(dataset.samples, names, strict=True):
        if on_progress is not None:
            on_progress()
        if sample.masks is None:
            continue
        image = sample.read_image()
        if min(image.shape[:2]) < side:
            continue
        cut += 1
        masks = sample.read_class_masks(dataset.classes, *image.shape[:2])
        labels = rule.labels(masks, sample.read_ignored(*image.shape[:2]), dataset.classes)
        union = np.asarray(masks.any(axis=0))
        for row, column in np.ndindex(labels.shape):
            label, y, x = str(labels[row, column]), row * side, column * side
            if not label:
                left_out += 1
                continue
            place = PurePosixPath(sample.split or "", _as_folder(label), f"{name}_{y}_{x}.png")
            write_png(folder / place, image[y : y + side, x : x + side])
            mask = "" if label == NORMAL else str("masks" / place)
            if mask:
                write_png(folder / mask, union[y : y + side, x : x + side])
            counts[sample.split or "", label] += 1
            rows.append((str(place), label, mask, sample.split or "", _group(dataset, sample)))
    if not rows:
        raise DataError(f'No tile of {side} px could be cut from "{dataset.root}"; are the images smaller than that?')
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerows([("path", "label", "mask", "split", "group"), *sorted(rows)])
    write_text(folder / MANIFEST, table.getvalue())
    return dict(sorted(counts.items())), left_out, cut, len(dataset) - cut


def _group(dataset: Dataset, sample: Sample) -> str:
    return sample.group or relative_name(dataset, sample)


def _as_folder(label: str) -> str:
    # A label from a table may hold slashes or dots, which must not lead out of the folder.
    return re.sub(r"[^\w +-]+", "-", label)


def _image_names(dataset: Dataset) -> list[str]:
    """A short name for each image, the file's stem where that is enough to tell them apart."""
    paths = [PurePosixPath(relative_name(dataset, sample)) for sample in dataset.samples]
    stems = Counter((sample.split, path.stem) for sample, path in zip(dataset.samples, paths, strict=True))
    names = [
        path.stem if stems[sample.split, path.stem] == 1 else str(path).replace("../", "")
        for sample, path in zip(dataset.samples, paths, strict=True)
    ]
    return [re.sub(r"[/\\]", "-", name) for name in names]
