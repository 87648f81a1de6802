"""± contains the truth where the image agrees with the outline, and grows, with a reason, where it does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from blemish.detectors import load
from blemish.images import read_image
from blemish.measurement import Crack, measure_cracks
from blemish.measurement.width.uncertainty import uncertainty_px
from blemish.synthesis import SynthesisSettings, draw_image

# What storing an image in an EXIF orientation does to its rows and columns.
STORED = {1: lambda image: image, 3: lambda image: image[::-1, ::-1], 6: lambda image: image.transpose(1, 0, 2)[::-1]}


def as_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), np.uint8)


def grown(mask: NDArray[np.bool_], by_px: int) -> NDArray[np.bool_]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by_px + 1, 2 * by_px + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


@pytest.mark.parametrize("quality", [60, 75, 95])
@pytest.mark.parametrize("width", [1.5, 3.0, 5.0, 9.0, 14.0])
def test_widths_of_a_right_mask_lie_within_their_uncertainty_through_jpeg(drawing, width: float, quality: int):
    for seed, deg in enumerate((0, 12, 33, 45, 71, 90)):
        shape = drawing.bar(110.3 + 0.1 * seed, 110.2 - 0.07 * seed, deg, 150, width)
        image = as_jpeg(drawing.image(shape, blur=0.8, seed=seed), quality)
        (crack,) = measure_cracks(drawing.mask(shape), image)
        assert crack.doubt is None
        assert crack.width_uncertainty_px < 1
        assert abs(crack.mean_width_px - width) <= crack.width_uncertainty_px
        assert abs(crack.max_width_px - width) <= crack.width_uncertainty_px


@pytest.mark.parametrize("deg", [0, 30, 45, 77])
@pytest.mark.parametrize(("width", "by_px"), [(2, 3), (3, 7), (5, 4), (5, 7), (10, 7), (14, 9)])
def test_a_mask_wider_than_the_crack_says_what_the_image_shows(drawing, width: int, by_px: int, deg: int):
    shape = drawing.bar(110, 110, deg, 150, width)
    (crack,) = measure_cracks(grown(drawing.mask(shape), by_px), drawing.image(shape, blur=0.8))
    assert "within the outline" in crack.doubt
    seen_px = float(crack.doubt.split("about ")[1].split(" px")[0])
    assert seen_px == pytest.approx(width, abs=1.5)
    assert crack.max_width_px - width <= crack.width_uncertainty_px <= crack.max_width_px + 1


@pytest.mark.parametrize(("width", "aside_px"), [(3, 5), (3, 8), (6, 9)])
def test_a_mask_beside_the_crack_is_as_uncertain_as_it_is_wide(drawing, width: int, aside_px: int):
    shape = drawing.bar(110, 110, 20, 150, width)
    beside = np.roll(drawing.mask(shape), aside_px, axis=0)
    (crack,) = measure_cracks(beside, drawing.image(shape, blur=0.8))
    assert crack.doubt == "the image is darker beside the outline than within it"
    assert crack.width_uncertainty_px >= crack.max_width_px


def test_a_mask_on_a_bare_surface_says_that_there_is_nothing(drawing):
    mask = drawing.mask(drawing.bar(110, 110, 20, 150, 6))
    bare = np.random.default_rng(0).normal(200, 8, (220, 220)).clip(0, 255).astype(np.uint8)
    (crack,) = measure_cracks(mask, bare)
    assert crack.doubt == "the image shows nothing dark within the outline"
    assert crack.width_uncertainty_px >= crack.max_width_px


def test_a_mask_that_is_one_line_in_a_wide_crack_says_that_it_may_be_wider(drawing):
    shape = drawing.bar(110, 110, 20, 150, 16)
    inside = drawing.mask(drawing.bar(110, 110, 20, 150, 3))
    (crack,) = measure_cracks(inside, drawing.image(shape, blur=0.8))
    assert "much wider" in crack.doubt
    assert abs(crack.max_width_px - 16) <= crack.width_uncertainty_px


def test_a_filled_crack_is_lighter_than_the_surface_and_not_doubted(drawing):
    shape = drawing.bar(110, 110, 20, 150, 6)
    (crack,) = measure_cracks(drawing.mask(shape), 255 - drawing.image(shape, blur=0.8))
    assert crack.doubt is None


def test_an_image_too_small_to_show_a_surface_contradicts_nothing(drawing):
    tiny = type(drawing)((30, 12))
    shape = tiny.bar(6, 15, 90, 26, 4)
    assert [crack.doubt for crack in measure_cracks(tiny.mask(shape), tiny.image(shape))] == [None]


@pytest.mark.parametrize(
    ("largest", "mean", "score", "expected"),
    [
        (5, 5, None, 0.65),
        (15, 5, None, 2.35),
        (2, 2, 1.0, 0.86),
        (20, 20, 1.0, 3.8),
        (20, 20, 0.9, 13.8),
        (2, 2, 7.0, 0.86),
        (30, 0, 1.0, 5.75),
    ],
)
def test_what_adds_up_to_the_uncertainty(largest: float, mean: float, score: float | None, expected: float):
    assert uncertainty_px(largest, mean, score) == pytest.approx(expected)


@pytest.fixture(scope="module")
def through_files(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Crack, ...]]]:
    """Cracks of drawn walls as the bundled detector finds them in a PNG, and in JPEGs stored in several ways."""
    folder = tmp_path_factory.mktemp("walls")
    detector = load("concrete-crack", threads=1)
    level = detector.spec.thresholds.pixel
    settings = SynthesisSettings(crack_width_px=(3.0, 12.0), surfaces={"concrete": 1.0}, networks={"single": 1.0})
    found = []
    for seed in (2, 4, 5, 6):
        wall = draw_image(seed, size_px=256, cracked=True, settings=settings).image
        files = [folder / f"{seed}.png"]
        Image.fromarray(wall).save(files[0])
        for quality, orientation in ((60, 6), (75, 3), (95, 1)):
            stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](wall)))
            exif = stored.getexif()
            exif[0x0112] = orientation
            files.append(folder / f"{seed}-{quality}.jpg")
            stored.save(files[-1], quality=quality, exif=exif)
        cracks = []
        for file in files:
            image = read_image(file)
            answer = detector.inspect_pixels(image)
            cracks.append(measure_cracks(answer.mask, image, probability=answer.anomaly_map, level=level))
        found.append(cracks)
    return found


def test_the_same_crack_in_another_file_lies_within_its_uncertainty(through_files):
    compared = 0
    for plain, *others in through_files:
        for cracks in others:
            for crack in cracks:
                middle = crack.polyline_px[len(crack.polyline_px) // 2]
                same = [one for one in plain if np.hypot(*(one.polyline_px - middle).T).min() < 3]
                if len(same) == 1 and abs(same[0].length_px / crack.length_px - 1) < 0.1:
                    compared += 1
                    assert abs(same[0].mean_width_px - crack.mean_width_px) <= crack.width_uncertainty_px
                    assert abs(same[0].max_width_px - crack.max_width_px) <= crack.width_uncertainty_px
    assert compared >= 8
