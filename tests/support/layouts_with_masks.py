"""Small data sets in every layout with masks: some images marked, the others with a mask that marks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset

# Not square, so that nothing can take one for the other unnoticed.
HEIGHT_PX, WIDTH_PX = 24, 32
OUTLINE = [6, 10, 16, 10, 26, 10, 26, 14, 6, 14]
"""What `mask` marks: x0, y0, x1, y1, … in pixels."""
AREA = 80
"""How many pixels that is."""
YOLO_LINE = "0 " + " ".join(
    f"{value / (HEIGHT_PX if place % 2 else WIDTH_PX):.5f}" for place, value in enumerate(OUTLINE)
)
"""`OUTLINE` as YOLO writes it."""


@dataclass(frozen=True)
class Drawn:
    """A data set on disk, with the names of the images that show a defect."""

    path: Path
    marked: frozenset[str]


def image(index: int) -> NDArray[np.uint8]:
    return np.random.default_rng(index).integers(90, 160, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)


def mask(is_marked: bool) -> NDArray[np.uint8]:
    drawn = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    drawn[10:14, 6:26] = 255 * is_marked
    return drawn


def write(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())


def put(root: Path, files: dict[str, str | bytes | None]) -> Path:
    """Write files; None is an image."""
    for number, (name, content) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            write(path, image(number))
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def facts(dataset: Dataset) -> dict[str, tuple[str, bool | None, int | None, str | None]]:
    """By the stem: label, defective, marked pixels, split."""
    return {
        sample.path.stem: (
            sample.label,
            sample.defective,
            None if sample.masks is None else int(sample.read_mask(HEIGHT_PX, WIDTH_PX).sum()),
            sample.split,
        )
        for sample in dataset.samples
    }


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
        images.append({"id": index, "file_name": f"{name}.png", "height": HEIGHT_PX, "width": WIDTH_PX})
        if is_marked:
            annotations.append({"id": index, "image_id": index, "category_id": 1, "segmentation": [OUTLINE]})
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


def _yolo(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "images" / f"{name}.png", image(index))
        line = YOLO_LINE if is_marked else ""
        (root / "labels").mkdir(exist_ok=True)
        (root / "labels" / f"{name}.txt").write_text(line + "\n" * is_marked)
    (root / "data.yaml").write_text("nc: 1\nnames: [crack]\n")
    return root


def _labelme(root: Path, count: int) -> Path:
    points = [[x, y] for x, y in zip(OUTLINE[::2], OUTLINE[1::2], strict=True)]
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / f"{name}.png", image(index))
        shapes = [{"label": "crack", "points": points, "shape_type": "polygon"}] * is_marked
        document = {"shapes": shapes, "imagePath": f"{name}.png", "imageHeight": HEIGHT_PX, "imageWidth": WIDTH_PX}
        (root / f"{name}.json").write_text(json.dumps(document))
    return root


def _via(root: Path, count: int) -> Path:
    entries = {}
    shape = {"name": "polygon", "all_points_x": OUTLINE[::2], "all_points_y": OUTLINE[1::2]}
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / f"{name}.png", image(index))
        regions = [{"shape_attributes": shape, "region_attributes": {"kind": "crack"}}] * is_marked
        entries[f"{name}.png1234"] = {"filename": f"{name}.png", "size": 1234, "regions": regions}
    (root / "via_region_data.json").write_text(json.dumps(entries))
    return root


def _cvat(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "JPEGImages" / f"{name}.jpg", image(index))
        write(root / "SegmentationClass" / f"{name}.png", mask(is_marked)[..., None] // 255 * np.uint8((83, 50, 250)))
    (root / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncrack:250,50,83::\n")
    return root


def _kolektor(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / f"kos{index:02d}" / f"{name}.jpg", image(index))
        write(root / f"kos{index:02d}" / f"{name}_label.bmp", mask(is_marked))
    return root


def _dagm(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "Train" / f"{name}.png", image(index))
        if is_marked:
            write(root / "Train" / "Label" / f"{name}_label.png", mask(True))
    write(root / "Test" / "90.png", image(90))
    write(root / "Test" / "Label" / "90_label.png", mask(True))
    return root


def _crack500(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "traincrop" / f"{name}.jpg", image(index))
        write(root / "traincrop" / f"{name}.png", mask(is_marked))
    write(root / "testcrop" / "90.jpg", image(90))
    write(root / "testcrop" / "90.png", mask(True))
    return root


def _visa(root: Path, count: int) -> Path:
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "Data" / "Images" / ("Anomaly" if is_marked else "Normal") / f"{name}.jpg", image(index))
        if is_marked:
            write(root / "Data" / "Masks" / "Anomaly" / f"{name}.png", mask(True) // 255)
    return root


def _lookout(root: Path, count: int) -> Path:
    lines = []
    colours = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
        "1": {"class-name": "crack", "hex-color": "#2ca02c"},
    }
    for index, (name, is_marked) in enumerate(names(count)):
        write(root / "images" / f"{name}.png", image(index))
        line: dict[str, Any] = {
            "source-ref": f"s3://bucket/set/images/{name}.png",
            "anomaly-label": int(is_marked),
            "anomaly-label-metadata": {"class-name": "anomaly" if is_marked else "normal"},
        }
        if is_marked:
            drawn = np.full((HEIGHT_PX, WIDTH_PX, 3), 255, np.uint8)
            drawn[mask(True) > 0] = (44, 160, 44)
            write(root / "masks" / f"{name}.png", drawn)
            line["anomaly-mask-ref"] = f"s3://bucket/set/masks/{name}.png"
            line["anomaly-mask-ref-metadata"] = {"internal-color-map": colours}
        lines.append(json.dumps(line))
    (root / "set.manifest").write_text("\n".join(lines) + "\n")
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
    "yolo": _yolo,
    "labelme": _labelme,
    "via": _via,
    "cvat": _cvat,
    "kolektor-sdd": _kolektor,
    "dagm": _dagm,
    "crack500": _crack500,
    "visa": _visa,
    "lookout": _lookout,
}


def draw(layout: str, root: Path, count: int = 16) -> Drawn:
    """A data set of ``count`` training images, every second one marked."""
    marked = frozenset(name for name, is_marked in names(count) if is_marked)
    return Drawn(LAYOUTS[layout](root, count), marked)
