"""Draw the pictures of docs/datasets.md: one wall with labels of several kinds as they are read, and a wall in tiles.

python docs/tools/dataset_pictures.py       needs the extra train (Matplotlib)

The label files are written as the tools write them, and what is shown below them is what blemish reads from the files.
"""

from __future__ import annotations

import json
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from blemish.datasets import cut_tiles, read_dataset
from blemish.reports.overlays import outline
from blemish.synthesis import draw_image

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
SEED, SIZE_PX, TILE_PX = 114, 512, 64
DEFECT_RGB, IGNORED_RGB = (255, 40, 40), (250, 200, 40)
TILE_COLOURS = {"normal": "#2f9e57", "defective": "#c0303c"}

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def white_on_black(folder: Path, mask: Mask) -> Pixels:
    """0 and 255."""
    return write(folder / "masks/wall.png", mask * np.uint8(255))


def indices(folder: Path, mask: Mask) -> Pixels:
    """0, 1 for the crack, 255 for a border that is left open."""
    values = mask.astype(np.uint8)
    border = cv2.dilate(values, np.ones((9, 9), np.uint8)) > values
    write(folder / "masks/wall.png", np.where(border, np.uint8(255), values))
    shown = np.where(border, 255, values * 90).astype(np.uint8)
    return np.dstack([shown] * 3)


def colours(folder: Path, mask: Mask) -> Pixels:
    """A colour on black, as CVAT exports a class."""
    return write(folder / "masks/wall.png", mask[..., None] * np.array((60, 180, 250), np.uint8))


def yolo(folder: Path, mask: Mask) -> str:
    """Outlines in fractions of the image."""
    lines = ["0 " + " ".join(f"{value / SIZE_PX:.4f}" for value in shape.reshape(-1)) for shape in shapes(mask)]
    (folder / "labels").mkdir()
    (folder / "labels/wall.txt").write_text("\n".join(lines) + "\n")
    return "\n ".join(textwrap.wrap(lines[0], 24)[:7]) + " …"


def labelme(folder: Path, mask: Mask) -> str:
    """Outlines in pixels."""
    content = {
        "imagePath": "wall.png",
        "imageHeight": SIZE_PX,
        "imageWidth": SIZE_PX,
        "shapes": [{"label": "crack", "shape_type": "polygon", "points": shape.tolist()} for shape in shapes(mask)],
    }
    (folder / "images/wall.json").write_text(json.dumps(content))
    x, y = shapes(mask)[0][0]
    start = '{"shapes": [\n  {"label": "crack",\n   "shape_type":\n     "polygon",\n   "points":\n'
    return start + f"    [[{x}, {y}], …]}},\n …"


# What stands above the picture, what writes the file and returns how it looks.
KINDS: dict[str, Callable[[Path, Mask], Pixels | str]] = {
    "mask, 0 and 255": white_on_black,
    "class indices, 255 left open": indices,
    "a colour on black": colours,
    "YOLO outlines": yolo,
    "labelme outlines": labelme,
}


def shapes(mask: Mask) -> list[NDArray[np.int32]]:
    """The outlines of a mask, (N, 2) points x, y each."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [shape[:, 0] for shape in found if len(shape) > 2]


def write(path: Path, pixels: Pixels) -> Pixels:
    """Write a PNG and return it as RGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    return pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)


def draw_labels() -> None:
    """A column for each kind: the file, and what was read from it over the image."""
    drawn = draw_image(SEED, size_px=SIZE_PX, cracked=True)
    figure, rows = plt.subplots(2, len(KINDS), figsize=(12, 5.1))
    for column, (title, kind) in enumerate(KINDS.items()):
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            write(folder / "images/wall.png", drawn.image)
            looks = kind(folder, drawn.mask)
            (sample,) = read_dataset(folder).samples
            above, below = rows[0][column], rows[1][column]
            above.set_title(title, fontsize=10)
            if isinstance(looks, str):
                above.text(0.04, 0.96, looks, va="top", family="monospace", fontsize=8, transform=above.transAxes)
                above.set_box_aspect(1)
            else:
                above.imshow(looks)
            pixels = drawn.image.copy()
            outline(pixels, sample.read_mask(SIZE_PX, SIZE_PX), DEFECT_RGB)
            ignored = sample.read_ignored(SIZE_PX, SIZE_PX)
            if ignored is not None:
                pixels[ignored] = IGNORED_RGB
            below.imshow(pixels)
    rows[0][0].set_ylabel("the file")
    rows[1][0].set_ylabel("as it is read")
    finish(rows.flat)
    figure.subplots_adjust(left=0.025, right=0.997, top=0.94, bottom=0.01, wspace=0.03, hspace=0.03)
    save(figure, "labels.jpg")


def draw_tiles() -> None:
    """The image with its mask, and the tiles that `blemish data tiles` writes of it."""
    drawn = draw_image(SEED, size_px=SIZE_PX, cracked=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.7))
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        write(folder / "walls/images/wall.png", drawn.image)
        white_on_black(folder / "walls", drawn.mask)
        counts = cut_tiles(read_dataset(folder / "walls"), folder / "tiles", tile_px=TILE_PX, defect_label="defective")
        labelled = drawn.image.copy()
        outline(labelled, drawn.mask, DEFECT_RGB)
        left.imshow(labelled)
        left.set_title("image and mask", fontsize=10)
        right.imshow(np.full_like(drawn.image, 225))
        number = dict.fromkeys(TILE_COLOURS, 0)
        for label, colour in TILE_COLOURS.items():
            for path in (folder / "tiles" / label).glob("*.png"):
                y, x = (int(part) for part in path.stem.split("_")[-2:])
                right.imshow(cv2.imread(str(path))[..., ::-1], extent=(x, x + TILE_PX, y + TILE_PX, y))
                right.add_patch(
                    Rectangle((x + 2, y + 2), TILE_PX - 4, TILE_PX - 4, fill=False, edgecolor=colour, lw=1.6)
                )
                number[label] += 1
        right.set(xlim=(0, SIZE_PX), ylim=(SIZE_PX, 0))
        right.set_title(
            f"{number['normal']} normal, {number['defective']} defective, {counts.left_out} left out", fontsize=10
        )
    finish((left, right))
    figure.subplots_adjust(left=0.005, right=0.995, top=0.94, bottom=0.01, wspace=0.02)
    save(figure, "tiles.jpg")


def finish(all_axes: tuple[Axes, ...] | np.flatiter) -> None:
    """No ticks."""
    for axes in all_axes:
        axes.set_xticks([])
        axes.set_yticks([])


def save(figure: plt.Figure, name: str) -> None:
    """Write the picture, small."""
    figure.savefig(PICTURES / name, dpi=90, pil_kwargs={"quality": 85, "optimize": True})
    plt.close(figure)
    print(PICTURES / name, f"{(PICTURES / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    draw_labels()
    draw_tiles()
