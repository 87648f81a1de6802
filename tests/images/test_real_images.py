from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.images import image_size_px, list_images, load_image
from blemish.locations import data_dir

DATA = data_dir()


@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="BLEMISH_DATA is not set")
@pytest.mark.parametrize("name", ["deepcrack", "casting", "magnetic-tile", "steel-sd900", "chest-xray", "brickwork"])
def test_images_of_each_set_are_read_as_opencv_reads_them(name):
    assert DATA is not None
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not there")
    images = list_images([DATA / name]).images
    for path in images[:: max(1, len(images) // 15)]:
        image = load_image(path)
        assert image.notes == ()
        assert image_size_px(path) == image.pixels.shape[:2]
        expected = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        assert np.abs(image.pixels.astype(int) - expected).max() <= 1
