"""Parts of large TIFFs: the same pixels as when all of the file is read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from blemish.errors import ImageError
from blemish.images import Box, ReadOptions, load_image
from blemish.images.windows import open_windows

KINDS = {
    "tiles": {"tile": (32, 16)},
    "compressed tiles": {"tile": (16, 16), "compression": "zlib"},
    "strips": {"rowsperstrip": 7},
    "one strip": {"rowsperstrip": 61},
    "LZW strips with differences": {"rowsperstrip": 5, "compression": "lzw", "predictor": True},
    "planes apart": {"tile": (16, 32), "planarconfig": "separate"},
    "BigTIFF": {"tile": (16, 16), "bigtiff": True, "compression": "packbits"},
}


def written(path: Path, values, **options) -> Path:
    photometric = "rgb" if values.ndim == 3 else "minisblack"
    tifffile.imwrite(path, values, photometric=photometric, metadata=None, **options)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grey", [False, True])
def test_any_part_is_that_part_of_the_whole(scene, tmp_path: Path, kind: str, grey: bool):
    options = dict(KINDS[kind])
    values = np.ascontiguousarray(scene[..., 0]) if grey else scene
    if options.get("planarconfig") == "separate":
        if grey:
            pytest.skip("one plane has nothing to be apart from")
        values = np.ascontiguousarray(np.moveaxis(scene, 2, 0))
    path = written(tmp_path / "a.tif", values, **options)
    whole = load_image(path).pixels
    assert whole.shape == scene.shape
    windows = open_windows(path, ReadOptions(), from_px=1)
    assert windows is not None
    assert windows.size_px == whole.shape[:2]
    rng = np.random.default_rng(0)
    for _ in range(40):
        y, x = int(rng.integers(61)), int(rng.integers(83))
        box = Box(y, x, int(rng.integers(1, 62 - y)), int(rng.integers(1, 84 - x)))
        part = windows.read(box)
        np.testing.assert_array_equal(part, whole[y : y + box.height, x : x + box.width])
    np.testing.assert_array_equal(windows.read(Box(0, 0, 61, 83)), whole)


def test_what_cannot_be_read_in_parts_is_read_as_a_whole(scene, deep_scene, tmp_path: Path):
    Image.fromarray(scene).save(tmp_path / "a.jpg")
    Image.fromarray(scene).save(tmp_path / "a.png")
    written(tmp_path / "deep.tif", deep_scene, tile=(16, 16))
    Image.fromarray(scene).save(tmp_path / "jpeg.tif", compression="jpeg")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene).save(tmp_path / "turned.tif", exif=exif)
    tifffile.imwrite(
        tmp_path / "alpha.tif", np.dstack([scene, scene[..., 0]]), photometric="rgb", extrasamples=["unassalpha"]
    )
    for name in ("a.jpg", "a.png", "deep.tif", "jpeg.tif", "turned.tif", "alpha.tif"):
        assert open_windows(tmp_path / name, ReadOptions(), from_px=1) is None, name
    written(tmp_path / "small.tif", scene, tile=(16, 16))
    assert open_windows(tmp_path / "small.tif", ReadOptions(), from_px=scene.shape[0] * scene.shape[1] + 1) is None


def test_limits_and_damage_are_those_of_whole_images(scene, tmp_path: Path):
    path = written(tmp_path / "a.tif", scene, tile=(16, 16), compression="zlib")
    with pytest.raises(ImageError, match="more than the limit"):
        open_windows(path, ReadOptions(max_megapixels=0.001), from_px=1)
    windows = open_windows(path, ReadOptions(), from_px=1)
    assert windows is not None
    data = path.read_bytes()
    path.write_bytes(data[:400] + bytes(len(data) - 400))
    with pytest.raises(ImageError, match=r"damaged|cut short|changed"):
        windows.read(Box(0, 0, 61, 83))
    path.unlink()
    with pytest.raises(ImageError, match="There is no file"):
        windows.read(Box(0, 0, 1, 1))


@pytest.mark.parametrize("side_px", [20, 41, 200])
def test_a_reduced_image_shows_all_of_it(scene, tmp_path: Path, side_px: int):
    large = scene.repeat(30, axis=0).repeat(10, axis=1)  # several bands
    windows = open_windows(written(tmp_path / "a.tif", large, tile=(64, 64)), ReadOptions(), from_px=1)
    assert windows is not None
    small = windows.reduced(side_px)
    shrink = max(1, round(max(large.shape[:2]) / side_px))
    assert small.shape == (round(large.shape[0] / shrink), round(large.shape[1] / shrink), 3)
    expected = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 6  # the last band is no multiple of what a pixel stands for
