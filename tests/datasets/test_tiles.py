"""Tiles: what counts as normal, what as defective, and what is written."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from blemish.datasets import cut_tiles, read_dataset
from blemish.errors import BlemishError, DataError
from blemish.images import read_image


@pytest.fixture
def walls(tmp_path, save, texture):
    """Two images in each split with random lines as masks, one image without mask, one that is too small."""
    rng = np.random.default_rng(5)
    for split in ("train", "test"):
        for name in ("wall 1", "벽"):
            mask = np.zeros((150, 200), np.uint8)
            for _ in range(3):
                y, x = rng.integers(0, 130), rng.integers(0, 180)
                mask[y : y + rng.integers(1, 20), x : x + rng.integers(1, 20)] = 255
            save(tmp_path / f"walls/{split}/images/{name}.png", texture(rng.integers(99), 150, 200))
            save(tmp_path / f"walls/{split}/masks/{name}.png", mask)
    save(tmp_path / "walls/train/images/no mask.png", texture(1, 150, 200))
    save(tmp_path / "walls/train/images/tiny.png", texture(1, 20, 200))
    save(tmp_path / "walls/train/masks/tiny.png", np.zeros((20, 200), np.uint8))
    return read_dataset(tmp_path / "walls")


def expected(mask: np.ndarray, y: int, x: int, side: int, margin: int, fraction: float) -> str | None:
    """The definition, word for word."""
    inside = mask[y : y + side, x : x + side]
    around = mask[max(0, y - margin) : y + side + margin, max(0, x - margin) : x + side + margin]
    central = inside[side // 4 : side - side // 4, side // 4 : side - side // 4]
    if not around.any():
        return "normal"
    return "defect" if inside.mean() >= fraction and central.any() else None


@pytest.mark.parametrize(("side", "margin", "fraction"), [(32, 4, 0.01), (64, 0, 0.05), (33, 40, 0.001)])
def test_tiles_are_what_the_definition_says(walls, tmp_path, side, margin, fraction) -> None:
    counted = cut_tiles(walls, tmp_path / "tiles", tile_px=side, margin_px=margin, min_fraction=fraction)
    cut = read_dataset(tmp_path / "tiles").samples
    tiles = {(sample.group, *sample.path.stem.rsplit("_", 2)[1:]): sample for sample in cut}
    left_out = 0
    for image in walls.samples:
        if image.masks is None or image.path.stem == "tiny":
            continue
        pixels, mask = read_image(image.path), image.read_mask(150, 200)
        for y in range(0, 150 - side + 1, side):
            for x in range(0, 200 - side + 1, side):
                label = expected(mask, y, x, side, margin, fraction)
                tile = tiles.pop((image.path.relative_to(walls.root).as_posix(), str(y), str(x)), None)
                assert (tile.label if tile else None) == label
                left_out += tile is None
                if tile is not None:
                    assert tile.split == image.split
                    np.testing.assert_array_equal(read_image(tile.path), pixels[y : y + side, x : x + side])
                    np.testing.assert_array_equal(tile.read_mask(side, side), mask[y : y + side, x : x + side])
    assert not tiles
    assert counted.left_out == left_out
    assert (counted.images, counted.skipped) == (4, 2)


def test_the_folder_holds_splits_classes_and_a_table(walls, tmp_path) -> None:
    counted = cut_tiles(walls, tmp_path / "tiles", tile_px=32, defect_label="crack")
    rows = list(csv.DictReader((tmp_path / "tiles/manifest.csv").open(encoding="utf-8")))
    assert len(rows) == sum(counted.counts.values())
    for (split, label), count in counted.counts.items():
        assert len(list((tmp_path / "tiles" / split / label).iterdir())) == count
        assert sum(row["split"] == split and row["label"] == label for row in rows) == count
    assert {row["group"] for row in rows} == {
        f"{split}/images/{name}.png" for split in ("train", "test") for name in ("wall 1", "벽")
    }
    assert (tmp_path / "tiles").stat().st_mode & 0o055 == 0o055


def test_cutting_twice_gives_the_same_files(walls, tmp_path) -> None:
    contents = []
    for name in ("one", "two"):
        cut_tiles(walls, tmp_path / name, tile_px=32)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert contents[0] == contents[1]


def test_normal_images_of_class_folders_give_normal_tiles(lay_out, tmp_path) -> None:
    root = lay_out(["good/a.jpg", "dent/b.jpg", "dent/a.jpg"])
    counted = cut_tiles(read_dataset(root), tmp_path / "tiles", tile_px=16)
    assert counted.counts == {("", "normal"): 4}
    assert counted.skipped == 2


def test_images_of_one_name_stay_apart(lay_out, tmp_path) -> None:
    root = lay_out(["good/a.jpg", "ok/a.jpg"])
    assert sum(cut_tiles(read_dataset(root), tmp_path / "tiles", tile_px=16).counts.values()) == 8
    assert len(read_dataset(tmp_path / "tiles")) == 8


@pytest.mark.parametrize("label", ["../../out", "a/b", "/etc"])
def test_a_label_from_a_table_cannot_lead_out_of_the_folder(lay_out, tmp_path, label) -> None:
    root = lay_out(["a.jpg", "masks/a.png"])
    (root / "manifest.csv").write_text(f"path,label,mask\na.jpg,{label},masks/a.png\n")
    cut_tiles(read_dataset(root), tmp_path / "deep/tiles", tile_px=8)
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"tiles"}
    assert read_dataset(tmp_path / "deep/tiles").labels()[label] > 0


@pytest.mark.parametrize(
    "settings", [{"tile_px": 0}, {"tile_px": 32, "margin_px": -1}, {"tile_px": 32, "min_fraction": 0}]
)
def test_impossible_settings_are_refused(walls, tmp_path, settings) -> None:
    with pytest.raises(DataError, match="cannot be cut"):
        cut_tiles(walls, tmp_path / "tiles", **settings)


def test_images_without_any_mask_are_refused(lay_out, tmp_path) -> None:
    with pytest.raises(DataError, match="no masks"):
        cut_tiles(read_dataset(lay_out(["a.jpg"])), tmp_path / "tiles", tile_px=8)


def test_a_defect_cannot_be_called_normal(walls, tmp_path) -> None:
    with pytest.raises(DataError, match="means normal"):
        cut_tiles(walls, tmp_path / "tiles", tile_px=32, defect_label="ok")


def test_a_folder_with_something_in_it_is_left_alone(walls, tmp_path) -> None:
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles/mine.txt").write_text("mine")
    with pytest.raises(BlemishError, match="holds something already"):
        cut_tiles(walls, tmp_path / "tiles", tile_px=32)
    assert (tmp_path / "tiles/mine.txt").read_text() == "mine"


@pytest.mark.parametrize("spoil", ["damaged image", "small mask", "images too small"])
def test_nothing_is_left_half_written(walls, tmp_path, spoil, save) -> None:
    if spoil == "damaged image":
        walls.samples[-1].path.write_bytes(b"no image")
    if spoil == "small mask":
        save(walls.samples[-1].masks[0].source.path, np.zeros((9, 9), np.uint8))
    with pytest.raises(BlemishError):
        cut_tiles(walls, tmp_path / "tiles", tile_px=4000 if spoil == "images too small" else 32)
    assert {path.name for path in tmp_path.iterdir()} == {"walls"}
