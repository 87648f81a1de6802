"""Pixels that a mask's author left open reach no tile and no image-level truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from blemish.datasets import cut_tiles, read_dataset, with_truth
from blemish.datasets.masks import FileMask, UnionMask


def draw(root: Path, mask: np.ndarray, count: int = 1) -> Path:
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((*mask.shape, 3), 90 + number, np.uint8)).save(root / "images" / f"{number}.png")
        Image.fromarray(mask).save(root / "masks" / f"{number}.png")
    return root


def index_mask() -> np.ndarray:
    """32 × 64: tiles of 16 px with a defect (0, 0), with ignored pixels (0, 2) and with both (1, 3)."""
    mask = np.zeros((32, 64), np.uint8)
    mask[4:12, 4:12] = 1
    mask[2:5, 34:40] = 255
    mask[20:28, 52:60] = 1
    mask[17:19, 50:60] = 255
    return mask


def test_an_image_with_nothing_but_ignored_pixels_is_normal(tmp_path: Path):
    first, second = index_mask(), np.where(index_mask() == 255, np.uint8(255), np.uint8(0))
    root = draw(tmp_path, first)
    Image.fromarray(np.full((32, 64, 3), 50, np.uint8)).save(root / "images" / "1.png")
    Image.fromarray(second).save(root / "masks" / "1.png")
    assert [with_truth(sample).defective for sample in read_dataset(root).samples] == [True, False]


def test_tiles_with_ignored_pixels_are_left_out(tmp_path: Path):
    dataset = read_dataset(draw(tmp_path / "set", index_mask()))
    cut = cut_tiles(dataset, tmp_path / "tiles", tile_px=16, margin_px=0)
    names = {path.stem.removeprefix("0_") for path in (tmp_path / "tiles").glob("*/*.png")}
    assert names == {"0_0", "0_16", "0_48", "16_0", "16_16", "16_32"}
    assert cut.left_out == 2


def test_ignored_pixels_turn_with_their_mask(tmp_path: Path):
    """An image that is shown a quarter turn clockwise, and its mask as stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.full((32, 64, 3), 90, np.uint8)).save(tmp_path / "image.jpg", exif=exif)
    Image.fromarray(index_mask()).save(tmp_path / "mask.png")
    marks = FileMask(tmp_path / "mask.png", tmp_path / "image.jpg").read_marks(64, 32)
    np.testing.assert_array_equal(marks.defective, np.rot90(index_mask() == 1, -1))
    np.testing.assert_array_equal(marks.ignored, np.rot90(index_mask() == 255, -1))


def test_what_one_mask_marks_another_cannot_leave_open(tmp_path: Path):
    other = np.zeros((32, 64), np.uint8)
    other[2:5, 34:37] = 1
    for name, mask in (("one", index_mask()), ("other", other)):
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    union = UnionMask((FileMask(tmp_path / "one.png"), FileMask(tmp_path / "other.png")))
    np.testing.assert_array_equal(union.read_ignored(32, 64), (index_mask() == 255) & (other == 0))
