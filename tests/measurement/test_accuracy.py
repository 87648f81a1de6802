"""What a measured crack's numbers are worth, on lines whose size is known exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.findings import crack_record
from blemish.measurement import measure_cracks
from blemish.measurement.width.profiles import find_edges

HALF_WAY = 125
CASES = 6
WIDTHS = (1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 8.0, 12.0)


def lines(drawing, kind: str, width: float, seed: int):
    """Bars or arcs of one width, any place and direction, with their true lengths."""
    chance = np.random.default_rng([seed, round(10 * width)])
    for _ in range(CASES):
        x, y = 110 + chance.uniform(-0.5, 0.5, 2)
        if kind == "bar":
            length = chance.uniform(110, 160)
            yield drawing.bar(x, y, chance.uniform(0, 180), length, width), length
        else:
            radius, sweep = chance.uniform(50, 80), chance.uniform(110, 220)
            yield drawing.arc(x, y, radius, chance.uniform(0, 360), sweep, width), radius * np.deg2rad(sweep)


def errors(measured: list[tuple]) -> dict[str, np.ndarray]:
    widths, lengths = (
        [(crack.mean_width_px, crack.max_width_px, crack.length_px) for crack, *_ in measured],
        [length for *_, length in measured],
    )
    found = np.array(widths)
    return {
        "mean": found[:, 0] - measured[0][1],
        "max": found[:, 1] - measured[0][1],
        "length": found[:, 2] / np.array(lengths) - 1,
    }


@pytest.mark.parametrize("blur", [0.0, 0.8])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["bar", "arc"])
def test_widths_and_lengths_of_drawn_lines_come_out_as_drawn(drawing, kind: str, width: float, blur: float):
    measured = []
    for number, (shape, length) in enumerate(lines(drawing, kind, width, 1)):
        (crack,) = measure_cracks(drawing.mask(shape), drawing.image(shape, blur=blur, seed=number))
        measured.append((crack, width, length))
    error = errors(measured)
    assert abs(error["mean"].mean()) <= 0.1
    assert error["mean"].std() <= 0.15
    # Where neither mask nor image shows the width, up to 2.5 px, the largest is as good as the mask's rounding.
    assert np.median(np.abs(error["max"])) <= (0.3 if width > 2.5 else 0.45)
    assert np.median(np.abs(error["length"])) <= 0.015
    assert np.abs(error["length"]).max() <= 0.025


@pytest.mark.parametrize(("width", "blur"), [(2.0, 0.0), (2.5, 0.8), (3.0, 0.8), (5.0, 0.8), (8.0, 0.0), (12.0, 0.8)])
@pytest.mark.parametrize("kind", ["bar", "arc"])
def test_an_image_cut_at_mid_grey_is_measured_to_a_tenth_of_a_pixel(drawing, kind: str, width: float, blur: float):
    measured = []
    for number, (shape, length) in enumerate(lines(drawing, kind, width, 2)):
        image = drawing.image(shape, blur=blur, seed=number)
        crack = max(measure_cracks(image < HALF_WAY, image), key=lambda crack: crack.length_px)
        measured.append((crack, width, length))
    error = errors(measured)
    assert abs(error["mean"].mean()) <= 0.1
    assert error["mean"].std() <= 0.15
    assert np.abs(error["max"]).max() <= 0.45
    assert np.median(np.abs(error["max"])) <= 0.3
    assert np.median(np.abs(error["length"])) <= 0.015


@given(
    deg=st.floats(0, 180),
    width=st.floats(1.5, 12.0),
    x=st.floats(-0.5, 0.5),
    y=st.floats(-0.5, 0.5),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_bare_mask_is_never_further_off_than_it_says(deg: float, width: float, x: float, y: float):
    # A bar along the pixels may gain or lose most of a pixel when it is cut into them, on each of its two edges half.
    rows, columns = np.mgrid[:130, :130] - 65.0
    c, s = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    along, across = (columns - x) * c - (rows - y) * s, (columns - x) * s + (rows - y) * c
    (crack,) = measure_cracks((np.abs(along) <= 50) & (np.abs(across) <= width / 2))
    assert abs(crack.mean_width_px - width) <= 1.0
    assert abs(crack.mean_width_px - crack.area_width_px) <= 2 * crack.width_uncertainty_px
    assert abs(crack.length_px - 100) <= 2 * crack.length_uncertainty_px
    assert crack.width_uncertainty_px >= 0.5
    assert crack.median_width_px <= crack.p95_width_px <= crack.max_width_px


def test_the_largest_width_is_where_the_crack_is_widest(drawing):
    shape = drawing.wedge(30, 110.27, 150, 3.0, 11.0)
    (crack,) = measure_cracks(drawing.mask(shape), drawing.image(shape))
    x, y = crack.max_width_at
    assert x > 165
    assert y == pytest.approx(110, abs=1.0)
    # The last profile lies about half a width before the end.
    assert crack.max_width_px == pytest.approx(11.0, abs=0.5)
    assert crack.mean_width_px == pytest.approx(7.0, abs=0.15)
    assert crack.median_width_px == pytest.approx(7.0, abs=0.2)
    assert crack.p95_width_px == pytest.approx(10.6, abs=0.3)


def test_widths_along_the_line_follow_the_crack(drawing):
    shape = drawing.wedge(30, 110.27, 150, 3.0, 11.0)
    (crack,) = measure_cracks(drawing.mask(shape))
    known = np.isfinite(crack.widths_px)
    expected = 3.0 + 8.0 * (crack.polyline_px[known, 0] - 30) / 150
    assert np.abs(crack.widths_px[known] - expected).max() < 0.6
    assert len(crack.widths_px) == len(crack.polyline_px)


def test_twice_the_distance_transform_is_worse(drawing):
    ours, theirs = [], []
    for shape, _ in lines(drawing, "bar", 3.0, 3):
        mask = drawing.mask(shape)
        (crack,) = measure_cracks(mask)
        depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        columns, rows = np.round(crack.polyline_px[5:-5]).astype(int).T
        ours.append(crack.mean_width_px - 3.0)
        theirs.append(2 * depth[rows, columns].mean() - 3.0)
    assert np.abs(ours).max() < 0.1
    assert np.abs(theirs).mean() > 3 * np.abs(ours).mean()


def test_a_hairline_is_measured_by_its_darkness_where_another_crack_shows_how_dark_cracks_are(drawing):
    # Two pixels of mask around a crack of 0.8 px, which no mask can show.
    thin, wide = drawing.bar(110, 60, 15, 140, 0.8), drawing.bar(110, 160, 5, 160, 9.0)
    drawn = drawing.together(drawing.bar(110, 60, 15, 140, 1.8), wide)
    image = drawing.image(drawing.together(thin, wide), blur=0.6, noise=0.02)
    _, alone = measure_cracks(drawing.mask(drawn))
    _, seen = measure_cracks(drawing.mask(drawn), image)
    assert alone.mean_width_px == pytest.approx(1.8, abs=0.2)
    assert seen.mean_width_px == pytest.approx(0.8, abs=0.1)
    assert seen.image_fraction > 0.9
    assert seen.width_uncertainty_px >= 0.5


def test_of_a_thin_crack_that_a_detector_outlines_too_wide_the_image_is_believed(drawing):
    thin, wide = drawing.bar(110, 60, 15, 140, 1.6), drawing.bar(110, 160, 5, 160, 9.0)
    image = drawing.image(drawing.together(thin, wide), blur=0.6, noise=0.02)
    found = drawing.together(drawing.bar(110, 60, 15, 140, 2.9), wide)
    anomaly_map = (1 - drawing.image(found, noise=0) / 255).astype(np.float32)
    mask = anomaly_map >= 0.5
    given = measure_cracks(mask, image)
    detected = measure_cracks(mask, image, probability=anomaly_map, level=0.5)
    assert given[1].mean_width_px == pytest.approx(2.9, abs=0.2)
    assert detected[1].mean_width_px == pytest.approx(1.6, abs=0.2)
    assert detected[0].mean_width_px == pytest.approx(9.0, abs=0.3)


def test_an_image_corrects_a_mask_by_its_rounding_and_no_more(drawing):
    """A mask that is drawn 3 px too wide along a fifth of a crack is no rounding: what was drawn stands there."""
    crack, stretch = drawing.bar(110, 110, 0, 180, 5.0), drawing.bar(110, 110, 0, 36, 8.0)
    mask = drawing.mask(drawing.together(crack, stretch))
    (alone,), (found,) = measure_cracks(mask), measure_cracks(mask, drawing.image(crack, blur=0.6, noise=0.01))
    within = np.abs(found.polyline_px[:, 0] - 110) < 6
    assert np.median(alone.widths_px[np.abs(alone.polyline_px[:, 0] - 110) < 6]) > 7.0
    assert np.median(found.widths_px[within]) > 6.0


def test_a_stain_in_the_image_does_not_widen_a_crack(drawing):
    crack, stain = drawing.bar(110, 110, 20, 150, 1.5), drawing.bar(110, 110, 20, 150, 9.0)
    image = np.minimum(drawing.image(crack, noise=0.01), drawing.image(stain, blur=2.0, noise=0.01) // 2 + 105)
    (found,) = measure_cracks(drawing.mask(crack), image)
    assert found.mean_width_px == pytest.approx(1.5, abs=0.4)


def test_a_probability_map_places_edges_between_pixels(drawing):
    shape = drawing.bar(110, 110.5, 0, 150, 5.5)
    covered = (210.0 - drawing.image(shape, noise=0).astype(np.float32)) / 170.0
    probability = np.clip(covered, 0, 1).astype(np.float32)
    mask = probability >= 0.5
    (plain,) = measure_cracks(mask)
    (fine,) = measure_cracks(mask, probability=probability)
    assert abs(fine.mean_width_px - 5.5) < 0.2
    assert abs(plain.mean_width_px - 5.5) > 0.4
    assert fine.score == pytest.approx(1.0, abs=0.05)
    assert plain.score is None


def test_uneven_light_changes_nothing(drawing):
    shape = drawing.bar(110, 110, 30, 160, 4.0)
    image = drawing.image(shape, blur=0.5, noise=0.01)
    shade = np.linspace(1.0, 0.5, 220)[np.newaxis, :]
    (bright,) = measure_cracks(drawing.mask(shape), image)
    (dark,) = measure_cracks(drawing.mask(shape), np.round(image * shade).astype(np.uint8))
    assert dark.mean_width_px == pytest.approx(bright.mean_width_px, abs=0.1)


def test_colour_and_grey_images_give_the_same(drawing):
    shape = drawing.bar(110, 110, 30, 160, 4.0)
    image = drawing.image(shape)
    (grey,) = measure_cracks(drawing.mask(shape), image)
    (colour,) = measure_cracks(drawing.mask(shape), np.repeat(image[..., np.newaxis], 3, axis=2))
    assert crack_record(grey) == crack_record(colour)


@pytest.mark.parametrize(
    ("height", "level", "width_px"), [(1, 0.25, 10), (1, 0.5, 10), (1, 0.75, 8), (0.4, 0.1, 10), (0.4, 0.3, 8)]
)
def test_edges_of_a_probability_map_lie_at_the_level_or_at_half_its_height(
    height: float, level: float, width_px: float
):
    """A band that falls over 4 px on each side, 3 px from its middle."""
    away = np.abs(np.mgrid[:41, :20][0] - 20)
    probability = (height * np.clip(1 - (away - 3) / 4, 0, 1)).astype(np.float32)
    at, across = np.array([[10.0, 20.0]]), np.array([[0.0, 1.0]])
    edges = find_edges(probability, at, across, np.array([20.0]), level=level, crossing=True)
    assert edges.width_px[0] == pytest.approx(width_px, abs=0.05)
