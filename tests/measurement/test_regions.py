"""Regions of any shape, against scikit-image."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest
from skimage.measure import label, regionprops

from blemish.measurement import Scale, bands, find_regions


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    noise = np.random.default_rng(3).normal(size=(150, 200)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 4)
    noise /= noise.std()
    return noise > 0.8, (1 / (1 + np.exp(-noise))).astype(np.float32)


def test_sizes_places_and_shapes_are_those_of_scikit_image(blobs):
    mask, scores = blobs
    regions, cleaned = find_regions(mask, scores, label="dent")
    theirs = {
        (one.bbox[1], one.bbox[0], one.bbox[3] - one.bbox[1], one.bbox[2] - one.bbox[0]): one
        for one in regionprops(label(mask, connectivity=2), intensity_image=scores)
    }
    assert len(regions) == len(theirs) > 10
    assert (cleaned == mask).all()
    for ours in regions:
        one = theirs[ours.bbox_px]
        assert ours.label == "dent"
        assert ours.area_px == one.area
        assert ours.centroid_px == pytest.approx(one.centroid[::-1])
        assert ours.score == pytest.approx(one.intensity_max)
        assert ours.mean_score == pytest.approx(one.intensity_mean, rel=1e-5)
        assert ours.equivalent_diameter_px == pytest.approx(one.equivalent_diameter_area)
        if one.axis_minor_length > 2:
            # Theirs takes pixels as points; a square of side 1 has a moment of 1/12 of its own.
            longer, shorter = np.array(one.inertia_tensor_eigvals) + 1 / 12
            assert ours.elongation == pytest.approx(np.sqrt(longer / shorter))
            # Theirs is the angle from the row axis, counter-clockwise.
            off = (ours.orientation_deg - np.rad2deg(one.orientation) - 90 + 90) % 180 - 90
            assert abs(off) < 1e-3 or ours.elongation < 1.001


def test_the_worst_comes_first_and_small_ones_go(blobs):
    mask, scores = blobs
    regions, cleaned = find_regions(mask, scores, min_area_px=60)
    assert [one.score for one in regions] == sorted((one.score for one in regions), reverse=True)
    assert min(one.area_px for one in regions) >= 60
    assert cleaned.sum() == sum(one.area_px for one in regions) < mask.sum()


def test_pieces_of_a_broken_line_are_one_region_and_share_its_peak():
    levels = np.zeros((40, 90), np.float32)
    levels[10, 5:20], levels[10, 26:50], levels[30, 5:20] = 0.6, 0.9, 0.6
    mask = levels > 0
    apart, kept_apart = find_regions(mask, levels, gap_px=5, min_area_px=20, min_peak=0.8)
    assert [one.area_px for one in apart] == [24]
    ((region,), kept) = find_regions(mask, levels, gap_px=6, min_area_px=20, min_peak=0.8)
    assert (region.area_px, region.bbox_px, region.centroid_px[1]) == (39, (5, 10, 45, 1), 10)
    assert region.score == np.float32(0.9)
    assert region.mean_score == pytest.approx((15 * 0.6 + 24 * 0.9) / 39)
    assert (region.length_px, region.width_px) == pytest.approx((45, 1))
    assert (kept == (mask & (np.arange(40) == 10)[:, None])).all()
    assert kept_apart.sum() == 24


@pytest.mark.parametrize(
    ("shape", "elongation", "deg"), [((1, 1), 1, 0), ((1, 9), 9, 0), ((9, 1), 9, 90), ((5, 5), 1, 0)]
)
def test_a_rectangle_is_as_long_as_it_is_drawn(shape: tuple[int, int], elongation: float, deg: float):
    mask = np.zeros((20, 20), bool)
    mask[3 : 3 + shape[0], 4 : 4 + shape[1]] = True
    ((region,), _) = find_regions(mask, mask.astype(np.float32))
    assert region.elongation == pytest.approx(elongation)
    assert region.orientation_deg == pytest.approx(deg)
    assert region.bbox_px == (4, 3, shape[1], shape[0])
    assert (region.length_px, region.width_px) == pytest.approx((max(shape), min(shape)))


def test_a_diagonal_rises_to_the_right():
    mask = np.eye(15, dtype=bool)[::-1]
    ((region,), _) = find_regions(mask, mask.astype(np.float32))
    assert region.orientation_deg == pytest.approx(45)


def test_nothing_and_everything():
    nothing = np.zeros((4, 6), bool)
    assert find_regions(nothing, nothing.astype(np.float32))[0] == ()
    ((whole,), _) = find_regions(~nothing, np.ones((4, 6), np.float32))
    assert (whole.area_px, whole.centroid_px) == (24, (2.5, 1.5))


def test_memory_order_does_not_matter(blobs):
    mask, scores = blobs
    plain = find_regions(mask, scores, min_area_px=20)
    turned = find_regions(np.asfortranarray(mask), np.asfortranarray(scores), min_area_px=20)
    assert plain[0] == turned[0]
    assert (plain[1] == turned[1]).all()


@pytest.mark.parametrize("deg", [0, 20, 45, 70, 110, 160])
def test_a_turned_bar_is_as_long_and_wide_as_it_is_drawn(deg: int):
    mask = np.zeros((300, 300), np.uint8)
    corners = cv2.boxPoints(((150, 150), (160, 40), -deg))
    cv2.fillPoly(mask, [np.rint(corners * 16).astype(np.int32)], 1, shift=4)
    ((region,), _) = find_regions(mask > 0, mask.astype(np.float32))
    assert (region.length_px, region.width_px) == pytest.approx((160, 40), abs=3)
    assert (region.orientation_deg - deg + 90) % 180 - 90 == pytest.approx(0, abs=1)


def test_contrast_is_the_difference_to_the_ring_without_other_regions():
    mask = np.zeros((80, 120), bool)
    mask[30:40, 30:40], mask[30:40, 44:54], mask[60:64, 100:104] = True, True, True
    image = np.full((80, 120), 100, np.uint8)
    image[:, 60:] = 200
    image[30:40, 30:40], image[30:40, 44:54], image[60:64, 100:104] = 40, 250, 230
    for pixels in (image, np.repeat(image[..., None], 3, axis=2)):
        found = {one.bbox_px[0]: one.contrast for one in find_regions(mask, mask.astype(np.float32), pixels=pixels)[0]}
        assert found[30] == pytest.approx(-60)
        assert found[100] == pytest.approx(30)
        # Its ring reaches into the lighter half.
        assert 50 < found[44] < 150


@pytest.mark.parametrize("mask", [np.ones((6, 9), bool), np.pad([[True]], ((0, 1), (0, 0)))])
def test_without_a_ring_there_is_no_contrast(mask: np.ndarray):
    ((region,), _) = find_regions(mask, mask.astype(np.float32), pixels=np.zeros(mask.shape, np.uint8))
    assert region.contrast is None


def test_sizes_on_the_surface_follow_the_scale_and_perspective_gives_none():
    mask = np.zeros((40, 60), bool)
    mask[10:14, 5:25] = True
    ((region,), _) = find_regions(mask, mask.astype(np.float32))
    flat = region.on_surface(Scale.given(0.5))
    assert (flat.area_mm2, flat.length_mm, flat.width_mm) == pytest.approx((20, 10, 2))
    plane = Scale.from_plane([(0, 0), (50, 5), (50, 30), (0, 35)], [(0, 0), (50, 0), (50, 35), (0, 35)])
    assert region.on_surface(plane) == region


def test_a_region_that_just_meets_the_limits_stays():
    mask = np.zeros((20, 20), bool)
    mask[3:5, 4:8] = True
    scores = np.where(mask, np.float32(0.7), np.float32(0))
    assert len(find_regions(mask, scores, min_area_px=8, min_peak=0.7)[0]) == 1
    assert find_regions(mask, scores, min_area_px=9)[0] == ()
    assert find_regions(mask, scores, min_peak=0.71)[0] == ()


@pytest.mark.parametrize("outlined", [0.02, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("grey", [False, True])
def test_bands_of_any_height_give_the_same_bits(outlined: float, grey: bool, monkeypatch: pytest.MonkeyPatch):
    chance = np.random.default_rng(int(100 * outlined))
    scores = cv2.GaussianBlur(chance.normal(size=(230, 170)).astype(np.float32), (0, 0), 3)
    mask = scores >= np.quantile(scores, 1 - outlined)
    pixels = chance.integers(0, 256, (230, 170) if grey else (230, 170, 3), np.uint8)
    peak = float(np.quantile(scores, 0.9))
    expected, kept = find_regions(mask, scores, pixels=pixels, min_area_px=5, min_peak=peak)
    assert expected
    assert outlined == 1 or any(region.contrast is not None for region in expected)
    for rows in (1, 7, 64):
        monkeypatch.setattr(bands, "BAND_PX", rows * 170)
        monkeypatch.setattr(bands, "MIN_ROWS", 1)
        found, cleaned = find_regions(mask, scores, pixels=pixels, min_area_px=5, min_peak=peak)
        assert found == expected
        assert (cleaned == kept).all()


def test_an_image_that_is_outlined_everywhere_takes_little_memory(monkeypatch: pytest.MonkeyPatch):
    side_px, band_px = 3000, 1 << 19
    monkeypatch.setattr(bands, "BAND_PX", band_px)
    scores = np.ones((side_px, side_px), np.float32)
    mask, pixels = scores > 0, np.full((side_px, side_px, 3), 90, np.uint8)
    mask[::500] = False
    tracemalloc.start()
    try:
        regions, _ = find_regions(mask, scores, pixels=pixels)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(regions) == 6
    # A label and a byte of mask for each pixel, and what a band takes.
    assert peak < 6 * mask.size + 100 * band_px
