"""Drawn arrangements: the number of parts, and where the mask says that one is missing, too many or out of place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.datasets import read_dataset
from blemish.errors import DataError, SettingsError
from blemish.synthesis.arrangements import ARRANGEMENT_FAULTS, ARRANGEMENTS, LOOSE, arrangement, draw_arrangement
from blemish.synthesis.writing_arrangements import write_arrangements


def drawn(kind, seed, fault=None):
    return draw_arrangement(kind, np.random.default_rng(seed), fault=fault, size_px=192)


@pytest.mark.parametrize("kind", ARRANGEMENTS)
@pytest.mark.parametrize("fault", [None, *ARRANGEMENT_FAULTS])
def test_what_differs_lies_in_the_mask(kind, fault):
    if kind in LOOSE and fault == "displaced":
        with pytest.raises(SettingsError, match="lie anywhere"):
            drawn(kind, 0, fault)
        return
    image = drawn(kind, 0, fault)
    assert image.pixels.shape == (192, 192, 3)
    assert image.fault == fault
    blobs = cv2.connectedComponents(image.mask.astype(np.uint8))[0] - 1
    assert blobs == 0 if fault is None else 1 <= blobs <= (2 if fault == "displaced" else 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_missing_part_leaves_ground_and_one_too_many_covers_it(seed):
    """Pins are yellower than the ground."""
    for fault, covered in (("missing", False), ("doubled", True)):
        image = drawn("connector", seed, fault)
        y, x = (int(at.mean()) for at in np.nonzero(image.mask))
        red, _, blue = image.pixels[y - 2 : y + 3, x - 1 : x + 2].mean(axis=(0, 1))
        assert (red - blue > 50) == covered


def test_the_same_seed_draws_the_same():
    first, again = drawn("board", 3, "missing"), drawn("board", 3, "missing")
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.pixels, drawn("board", 4, "missing").pixels)


def test_a_written_set_is_read_with_its_faults_and_masks_and_drawn_alike_again(tmp_path):
    for name in ("a", "b"):
        made = write_arrangements(tmp_path / name, kind="board", n_train=3, n_test=2, n_per_fault=2, seed=5, size_px=64)
    assert (made.train, made.test, made.faulty) == (3, 8, 6)
    dataset = read_dataset(tmp_path / "a")
    assert len(dataset.split("train").samples) == 3
    for sample in dataset.samples:
        assert sample.read_mask(64, 64).any() == (sample.path.parent.name != "good")
    written = [sorted(path.read_bytes() for path in (tmp_path / name).rglob("*.png")) for name in ("a", "b")]
    assert written[0] == written[1]


def test_parts_that_lie_anywhere_are_not_displaced(tmp_path):
    write_arrangements(tmp_path / "out", kind="tray", n_train=1, n_test=1, n_per_fault=1, size_px=64)
    assert sorted(path.name for path in (tmp_path / "out/test").iterdir()) == ["doubled", "good", "missing"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"n_train": 0, "n_test": 0, "n_per_fault": 0}, DataError),
        ({"n_train": -1}, DataError),
        ({"size_px": 8}, SettingsError),
        ({"seed": -1}, SettingsError),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(tmp_path, asked, error):
    with pytest.raises(error):
        write_arrangements(tmp_path / "out", **({"kind": "tray", "n_train": 1, "n_test": 1, "n_per_fault": 1} | asked))
    assert not (tmp_path / "out").exists()


def test_an_unknown_arrangement_is_named_beside_those_that_there_are():
    assert arrangement("tray") == "tray"
    with pytest.raises(SettingsError, match='"pallet"; there are blister, board, connector, tray'):
        arrangement("pallet")
