"""Mask files say "defective" in many ways, and all of them are understood."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from blemish.datasets import ClassMask, FileMask, PolygonMask, RunLengthMask, Sample, UnionMask, read_dataset
from blemish.errors import DataError
from blemish.images import read_image

TRUTH = np.zeros((30, 40), dtype=bool)
TRUTH[5:12, 8:30] = True
TRUTH[20, 3] = True
GREY = TRUTH.astype(np.uint8) * 255


def palette_image(index: np.ndarray, colours: list[int]) -> Image.Image:
    image = Image.new("P", index.shape[::-1])
    image.putdata(index.ravel().tolist())
    image.putpalette(colours + [0] * (768 - len(colours)))
    return image


def red_on_clear() -> Image.Image:
    rgba = np.zeros((*TRUTH.shape, 4), np.uint8)
    rgba[..., :3] = (255, 255, 255)  # colour under full transparency must not count
    rgba[TRUTH] = (200, 0, 0, 255)
    return Image.fromarray(rgba)


IMAGES = {
    "one.png": Image.fromarray(TRUTH),
    "zero_one.png": Image.fromarray(TRUTH.astype(np.uint8)),
    "zero_255.png": Image.fromarray(GREY),
    "zero_255.bmp": Image.fromarray(GREY),
    "zero_255.tif": Image.fromarray(GREY),
    "classes.png": Image.fromarray(TRUTH.astype(np.uint8) * 3),
    "anti_aliased.png": Image.fromarray(np.where(TRUTH, 200, 90).astype(np.uint8)),
    "deep.png": Image.fromarray(TRUTH.astype(np.uint16) * 65535),
    "deep_classes.png": Image.fromarray(TRUTH.astype(np.uint16) * 300),
    "colour.png": Image.fromarray(np.dstack([GREY, 0 * GREY, 0 * GREY])),
    "colour.jpg": Image.fromarray(np.dstack([GREY, 0 * GREY, 0 * GREY])),
    "clear.png": red_on_clear(),
    "palette_classes.png": palette_image(TRUTH * 1, [0, 0, 0, 64, 0, 0]),
    "palette_grey_reversed.png": palette_image(~TRUTH * 1, [255, 255, 255, 0, 0, 0]),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_mask_file_is_understood_whatever_values_it_uses(tmp_path, name) -> None:
    IMAGES[name].save(tmp_path / name, **({"quality": 95} if name.endswith("jpg") else {}))
    found = FileMask(tmp_path / name).read(30, 40)
    assert found.dtype == np.bool_
    if name.endswith("jpg"):  # lossy: the single pixel may go
        assert (found != TRUTH).mean() < 0.02
    else:
        np.testing.assert_array_equal(found, TRUTH)


def test_jpeg_greys_are_cut_at_mid_grey(tmp_path) -> None:
    ramp = np.linspace(0, 255, 96).round().astype(np.uint8)[None].repeat(32, axis=0)
    Image.fromarray(ramp).save(tmp_path / "m.jpg", quality=100)
    assert FileMask(tmp_path / "m.jpg").read(32, 96)[0, 8::16].tolist() == [False, False, False, True, True, True]


@pytest.mark.parametrize(("value", "all_white"), [(0, False), (1, True), (255, True)])
def test_masks_of_one_value_are_empty_or_full(tmp_path, value, all_white) -> None:
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(tmp_path / "m.png")
    assert FileMask(tmp_path / "m.png").read(4, 5).all() == all_white


def test_another_size_names_both_files_and_both_sizes(tmp_path) -> None:
    Image.fromarray(GREY).save(tmp_path / "m.png")
    with pytest.raises(DataError) as refusal:
        FileMask(tmp_path / "m.png", tmp_path / "p.jpg").read(60, 80)
    assert all(word in str(refusal.value) for word in ("m.png", "40×30", "p.jpg", "80×60"))


@pytest.mark.parametrize("content", [None, b"", b"no image", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_mask_is_refused_by_name(tmp_path, content) -> None:
    path = tmp_path / "m.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"m\.png"):
        FileMask(path).read(4, 4)


def test_a_truncated_mask_is_refused(tmp_path) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (200, 200), dtype=np.uint8) * np.uint8(255)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "m.png").write_bytes((tmp_path / "whole.png").read_bytes()[:1500])
    with pytest.raises(DataError, match=r"m\.png"):
        FileMask(tmp_path / "m.png").read(200, 200)


def oriented(path, pixels: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, quality=95)


def scene(shape: tuple[int, int]) -> np.ndarray:
    bright = np.zeros(shape, np.uint8)
    bright[2:10, 4:24] = 255
    return bright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_drawn_on_stored_pixels_turn_with_their_images(tmp_path, orientation) -> None:
    """METU's set: images in several EXIF orientations, masks without one. The quarter turn settles the others."""
    for name, turn in (("a", orientation), ("b", 6), ("c", 1)):
        (tmp_path / "rgb").mkdir(exist_ok=True)
        (tmp_path / "BW").mkdir(exist_ok=True)
        oriented(tmp_path / f"rgb/{name}.jpg", scene((32, 48)), turn)
        Image.fromarray(scene((32, 48))).save(tmp_path / f"BW/{name}.jpg", quality=95)
    dataset = read_dataset(tmp_path)
    for sample in dataset.samples:
        image = read_image(sample.path)
        assert ((image[..., 0] > 127) == sample.read_mask(*image.shape[:2])).all()


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_masks_drawn_on_the_image_as_shown_stay(tmp_path, orientation) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name, turn in (("a", orientation), ("b", 6)):
        oriented(tmp_path / f"images/{name}.jpg", scene((32, 48)), turn)
        shown = read_image(tmp_path / f"images/{name}.jpg")[..., 0] > 127
        Image.fromarray(shown).save(tmp_path / f"masks/{name}.png")
    for sample in read_dataset(tmp_path).samples:
        image = read_image(sample.path)
        assert ((image[..., 0] > 127) == sample.read_mask(*image.shape[:2])).all()


def test_a_mask_with_its_own_orientation_is_turned_by_it(tmp_path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        oriented(tmp_path / folder / "a.jpg", scene((32, 48)), 8)
    (sample,) = read_dataset(tmp_path).samples
    image = read_image(sample.path)
    assert ((image[..., 0] > 127) == sample.read_mask(*image.shape[:2])).all()


def test_the_masks_of_a_sample_are_united_and_stay_apart_by_class() -> None:
    square = PolygonMask(((0, 0, 4, 0, 4, 4, 0, 4),), 8, 8, "here")
    column = RunLengthMask("1 8")
    sample = Sample(None, "a+b", masks=(ClassMask("a", square), ClassMask("b", UnionMask((square, column)))))
    assert sample.read_mask(8, 8).sum() == 20
    assert sample.read_class_masks(["b", "a"], 8, 8).sum(axis=(1, 2)).tolist() == [20, 16]
