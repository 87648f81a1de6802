"""Strokes and noise: exact distances, honest statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.synthesis.camera import project
from blemish.synthesis.crack_paths import CrackPath
from blemish.synthesis.cracks import crack_field, measure
from blemish.synthesis.noise import cells, fractal_noise, grain, smoothstep, value_noise, voronoi, white
from blemish.synthesis.strokes import FAR_PX, coverage, resample, stroke_field

SHAPE = (60, 80)


def distance_to_segment(x, y, start, end):
    along = end - start
    fraction = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
    return np.hypot(x - start[0] - fraction * along[0], y - start[1] - fraction * along[1])


@given(st.lists(st.floats(5, 55), min_size=4, max_size=4), st.floats(0.3, 8))
@settings(max_examples=40, deadline=None)
def test_depth_is_the_half_width_less_the_distance_to_the_line(ends, half):
    start, end = np.array(ends[:2]), np.array(ends[2:])
    if np.hypot(*(end - start)) < 3:
        return
    line = resample(np.stack([start, end]))
    field = stroke_field(line, np.full(len(line), half), SHAPE, margin_px=3)
    rows, columns = np.mgrid[field.window]
    expected = half - distance_to_segment(columns, rows, start, end)
    known = field.depth_px > FAR_PX / 2
    assert known[expected > -2.5].all()
    assert np.abs(field.depth_px[known] - expected[known]).max() < 1e-3


def test_several_lines_in_one_call_are_not_joined():
    first = resample(np.array([[5.0, 10.0], [70.0, 10.0]]))
    second = resample(np.array([[5.0, 50.0], [70.0, 50.0]]))
    field = stroke_field(np.concatenate([first, second]), np.full(len(first) + len(second), 2.0), SHAPE)
    plane = np.full(SHAPE, FAR_PX)
    plane[field.window] = field.depth_px
    assert (plane[[10, 50], 10:65] > 1.9).all()
    assert (plane[15:45] < 0).all()


def test_a_line_outside_the_image_has_no_field():
    line = resample(np.array([[-50.0, -40.0], [-30.0, 200.0]]))
    assert stroke_field(line, np.full(len(line), 3.0), SHAPE) is None


def test_a_wide_line_is_whole_where_it_leaves_the_image():
    line = resample(np.array([[40.0, 30.0], [120.0, 90.0]]))
    field = stroke_field(line, np.full(len(line), 12.0), SHAPE, margin_px=2)
    rows, columns = np.mgrid[field.window]
    inside = distance_to_segment(columns, rows, line[0], line[-1]) < 11.9
    assert (field.depth_px[inside] > 0).all()


@pytest.mark.parametrize("half", [0.2, 0.4, 1.0, 3.0])
def test_coverage_sums_to_the_width(half):
    for shift in np.linspace(0, 1, 7):
        across = np.arange(-10, 11) + shift
        total = coverage((half - np.abs(across)).astype(np.float32), np.full(21, half, np.float32)).sum()
        assert total == pytest.approx(2 * half, abs=1e-4)


def straight(width, start=(10.3, 20.2), end=(70.3, 35.2)):
    points = resample(np.array([start, end]))
    half = np.full(len(points), width / 2)
    return CrackPath(points, half, half, np.ones(len(points)))


@pytest.mark.parametrize("width", [1.0, 2.5, 7.0])
def test_a_straight_crack_has_its_area_and_is_told_as_it_is(width):
    path = straight(width)
    field = crack_field([path], SHAPE, margin_px=3)
    length = np.hypot(60, 15)
    ends = np.pi * width**2 / 4
    assert field.coverage().sum() == pytest.approx(length * width + ends, rel=0.06)
    assert field.mask(0).sum() == pytest.approx(length * width + ends, rel=0.15)
    (crack,) = measure([path], np.ones(SHAPE, dtype=bool))
    assert np.allclose(crack.width_px, width)
    assert np.allclose(crack.points, path.points)
    assert crack.length_px == pytest.approx(length, rel=1e-3)


def test_edges_that_lie_to_one_side_move_the_centre_line():
    path = straight(4.0, (10.0, 30.3), (70.0, 30.3))
    moved = CrackPath(path.points, path.right_px + 5, path.left_px - 5, path.strength)
    (crack,) = measure([moved], np.ones(SHAPE, dtype=bool))
    mask = crack_field([moved], SHAPE, margin_px=3).mask(0)
    assert np.allclose(np.abs(crack.points[:, 1] - 30.3), 5)
    assert mask[round(crack.points[0, 1]), 15:65].all()
    assert np.allclose(crack.width_px, 4)
    assert mask[:, 40].sum() == 4


def test_hidden_stretches_are_cut_out_of_the_truth():
    path = straight(3.0, (5.0, 30.0), (75.0, 30.0))
    visible = np.ones(SHAPE, dtype=bool)
    visible[:, 30:50] = False
    left, right = measure([path], visible)
    assert left.points[:, 0].max() < 30.5
    assert right.points[:, 0].min() > 48.5


def test_an_interrupted_crack_is_not_drawn_in_between():
    path = straight(3.0, (5.0, 30.0), (75.0, 30.0))
    open_ = np.abs(path.points[:, 0] - 40) > 8
    broken = CrackPath(path.points, path.right_px * open_, path.left_px * open_, path.strength)
    mask = crack_field([broken], SHAPE, margin_px=3).mask(1.0)
    assert not mask[:, 36:45].any()
    assert mask[30, 6:30].all()
    assert len(measure([broken], np.ones(SHAPE, dtype=bool))) == 2


def test_a_projected_crack_scales_with_the_view():
    path = straight(3.0)
    twice = np.diag([2.0, 2.0, 1.0])
    seen = project(path, twice)
    assert np.allclose(seen.points, path.points * 2, atol=1e-4)
    assert np.allclose(seen.width_px, 6, atol=1e-3)


@pytest.mark.parametrize(
    "draw",
    [
        white,
        lambda rng, shape: value_noise(rng, shape, 5),
        lambda rng, shape: value_noise(rng, shape, (3.0, 20.0)),
        lambda rng, shape: fractal_noise(rng, shape, 40, 1.5),
        lambda rng, shape: fractal_noise(rng, shape, 20, 2, stretch=8),
        lambda rng, shape: grain(rng, shape, 1),
        lambda rng, shape: grain(rng, shape, 7),
    ],
)
@pytest.mark.parametrize("shape", [(300, 300), (33, 400), (400, 1)])
def test_noise_has_the_shape_asked_for_and_about_unit_spread(draw, shape):
    fields = [draw(np.random.default_rng(seed), shape) for seed in range(6)]
    assert all(field.shape == shape and field.dtype == np.float32 for field in fields)
    stacked = np.stack(fields)
    assert abs(stacked.mean()) < 0.5
    if shape == (300, 300):
        assert 0.6 < stacked.std() < 1.5


@pytest.mark.parametrize("size", [2, 5, 9, 30])
@pytest.mark.parametrize("partition", [cells, voronoi])
def test_cells_number_from_zero_and_have_about_the_size_asked_for(partition, size):
    number, away = partition(np.random.default_rng(0), (200, 240), size)
    assert number.shape == away.shape == (200, 240)
    assert number.min() >= 0
    assert (away >= 0).all()
    count = len(np.unique(number))
    assert 0.4 < count * size**2 / (200 * 240) < 1.6


def test_smoothstep_runs_either_way():
    ramp = np.linspace(-1, 2, 31, dtype=np.float32)
    up, down = smoothstep(0, 1, ramp), smoothstep(1, 0, ramp)
    assert up[0] == 0
    assert up[-1] == 1
    assert np.allclose(up + down, 1, atol=1e-6)
