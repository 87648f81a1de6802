"""Small data sets in every layout with masks: some images marked, the others with a mask that marks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 32


@dataclass(frozen=True)
class Drawn:
    """A data set on disk, with the names of the images that show a defect."""

    path: Path
    marked: frozenset[str]


def image(index: int) -> NDArray[np.uint8]:
    return np.random.default_rng(index).integers(90, 160, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)


def mask(is_marked: bool) -> NDArray[np.uint8]:
    drawn = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    drawn[10:14, 6:26] = 255 * is_marked
    return drawn


def write(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())


def names(count: int) -> list[tuple[str, bool]]:
    """Every second image is marked."""
    return [(f"{index:02d}", index % 2 == 0) for index in range(count)]


def _pairs(images: str, masks: str, suffix: str = "") -> Callable[[Path, int], Path]:
    def draw(root: Path, count: int) -> Path:
        for index, (name, is_marked) in enumerate(names(count)):
            write(root / images / f"{name}.png", image(index))
            write(root / masks / f"{name}{suffix}.png", mask(is_marked))
        return root

    return draw


def _split_above(root: Path, count: int) -> Path:
    _pairs("train/images", "train/masks")(root, count)
    return _pairs("test/images", "test/masks")(root, 2)


def _split_below(root: Path, count: int) -> Path:
    _pairs("images/train", "masks/train")(root, count)
    return _pairs("images/test", "masks/test")(root, 2)


def _manifest(root: Path, count: int) -> Path:
    _pairs("a", "b")(root, count)
    rows = [f"a/{name}.png,,b/{name}.png" for name, _ in names(count)]
    (root / "manifest.csv").write_text("\n".join(["path,label,mask", *rows]) + "\n")
    return root


def _coco(root: Path, count: int) -> Path:
    images, annotations = [], []
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "images" / f"{name}.png", image(index))
        images.append({"id": index, "file_name": f"{name}.png", "height": SIDE_PX, "width": SIDE_PX})
        outline = [6, 10, 26, 10, 26, 14, 6, 14]
        if is_marked:
            annotations.append({"id": index, "image_id": index, "category_id": 1, "segmentation": [outline]})
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "crack"}]}
    (root / "annotations.json").write_text(json.dumps(document))
    return root


def _severstal(root: Path, count: int) -> Path:
    rows = []
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "train_images" / f"{name}.jpg", image(index))
        rows += [f"{name}.jpg,1,5 20"] * is_marked
    (root / "train.csv").write_text("\n".join(["ImageId,ClassId,EncodedPixels", *rows]) + "\n")
    return root


def _classes_with_masks(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        folder = root / ("crack" if is_marked else "good")
        write(folder / "images" / f"{name}.png", image(index))
        write(folder / "masks" / f"{name}.png", mask(is_marked))
    return root


def _mvtec(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        # A defect among the training images, as a set that was copied together can have it.
        write(root / "train" / ("crack" if is_marked else "good") / f"{name}.png", image(index))
    write(root / "test" / "crack" / "90.png", image(90))
    write(root / "ground_truth" / "crack" / "90_mask.png", mask(True))
    return root


LAYOUTS: dict[str, Callable[[Path, int], Path]] = {
    "images+masks": _pairs("images", "masks"),
    "images+masks, train and test above": _split_above,
    "images+masks, train and test below": _split_below,
    "rgb+BW": _pairs("rgb", "BW"),
    "masks beside": _pairs("", "", "_mask"),
    "manifest without labels": _manifest,
    "coco": _coco,
    "severstal": _severstal,
    "classes+masks": _classes_with_masks,
    "mvtec": _mvtec,
}


def draw(layout: str, root: Path, count: int = 16) -> Drawn:
    """A data set of ``count`` training images, every second one marked."""
    marked = frozenset(name for name, is_marked in names(count) if is_marked)
    return Drawn(LAYOUTS[layout](root, count), marked)
