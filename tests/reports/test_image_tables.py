"""Tables of images: what is marked, and what is written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.errors import DataError
from blemish.reports.image_tables import draw_table, mark_errors


def test_errors_have_three_colours_and_the_rest_is_the_image():
    image = np.full((2, 2, 3), 90, np.uint8)
    marked = mark_errors(image, np.array([[1, 1], [0, 0]], np.bool_), np.array([[1, 0], [1, 0]], np.bool_))
    assert marked.reshape(4, 3).argmax(axis=1).tolist() == [1, 0, 2, 0]
    assert (marked[1, 1] == 90).all()
    assert (image == 90).all()


def test_a_table_is_drawn_from_images_masks_and_maps(tmp_path: Path):
    pytest.importorskip("matplotlib")
    cells = [np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=np.bool_), np.eye(8, dtype=np.float32)]
    draw_table(tmp_path / "table.png", ["image", "mask", "map"], [cells, cells], captions=["a", "b"], title="벽")
    assert cv2.imread(str(tmp_path / "table.png")) is not None
    with pytest.raises(DataError, match="rows of 2 images"):
        draw_table(tmp_path / "other.png", ["image", "mask"], [cells])
