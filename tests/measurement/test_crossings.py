"""Cracks that cross are two, whatever the angle, the widths and the direction; cracks that only meet are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.measurement import measure_cracks
from blemish.measurement.skeleton.cross import merge_crossings
from blemish.measurement.skeleton.graph import Branch, SkeletonGraph

SIDE_PX, LENGTH_PX = 320, 280.0
WIDTHS_PX = [(1.5, 1.5), (2.0, 5.0), (3.0, 12.0), (5.0, 5.0), (12.0, 12.0)]


def bar(x: float, y: float, deg: float, length: float, width: float) -> NDArray[np.bool_]:
    """Pixels whose centre lies in a straight band about (x, y), its direction counter-clockwise as seen."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    cosine, sine = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    along, across = (columns - x) * cosine - (rows - y) * sine, (columns - x) * sine + (rows - y) * cosine
    return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)


def apart_deg(first: float, second: float) -> float:
    """Between two directions, 0 to 90."""
    return abs((first - second + 90) % 180 - 90)


@pytest.mark.parametrize("widths", WIDTHS_PX, ids=str)
@pytest.mark.parametrize("angle", [15, 20, 30, 40, 45, 50, 60, 70, 80, 90])
def test_two_straight_cracks_that_cross_are_two(angle: int, widths: tuple[float, float]):
    for first_deg in (0, 17, 45, 71, 118, 163):
        x, y = SIDE_PX / 2 + np.random.default_rng(first_deg).uniform(-0.5, 0.5, 2)
        turned = {first_deg: widths[0], first_deg + angle: widths[1]}
        mask = np.logical_or.reduce([bar(x, y, deg, LENGTH_PX, width) for deg, width in turned.items()])
        cracks = measure_cracks(mask)
        assert len(cracks) == 2, first_deg
        assert cracks[0].network == cracks[1].network
        assert [crack.branches for crack in cracks] == [1, 1]
        for crack in cracks:
            deg = min(turned, key=lambda deg: apart_deg(crack.orientation_deg, deg))
            assert crack.length_px == pytest.approx(LENGTH_PX, rel=0.03)
            assert apart_deg(crack.orientation_deg, deg) < 1.5
            # Of a band along the pixels a mask can be off by half a pixel; at the crossing there is no width at all.
            assert crack.mean_width_px == pytest.approx(turned[deg], abs=0.15 if deg % 45 else 0.8)
            assert crack.max_width_px == pytest.approx(turned[deg], abs=0.9)


def test_the_ends_of_cracks_that_cross_off_their_middle_stay_theirs():
    x, y = 100.0, 160.0
    mask = bar(x + 60, y, 0, LENGTH_PX, 5) | bar(x + 20, y + 20 * np.tan(np.deg2rad(30)), -30, 150, 3)
    long, short = measure_cracks(mask)
    assert (long.length_px, short.length_px) == (pytest.approx(LENGTH_PX, rel=0.02), pytest.approx(150, rel=0.02))


def test_cracks_that_bend_cross_as_straight_ones_do():
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    circle = np.abs(np.hypot(columns - 160, rows - 420) - 280) <= 2.5
    cracks = measure_cracks(circle | bar(160, 140, 20, LENGTH_PX, 4))
    assert len(cracks) == 2
    assert max(crack.tortuosity for crack in cracks) > 1.02


def test_cracks_that_touch_and_part_again_do_not_cross():
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    above = np.abs(np.hypot(columns - 160, rows + 41) - 200) <= 2.5
    below = np.abs(np.hypot(columns - 160, rows - 361) - 200) <= 2.5
    cracks = measure_cracks(above | below)
    assert not any(crack.length_px > 250 and crack.tortuosity < 1.02 for crack in cracks)


@pytest.mark.parametrize("apart_px", [12, 20, 30])
def test_branches_on_both_sides_of_a_crack_that_do_not_face_each_other_are_two(apart_px: int):
    trunk = bar(160, 160, 0, LENGTH_PX, 4)
    branches = bar(160 - apart_px / 2, 100, 90, 120, 4) | bar(160 + apart_px / 2, 220, 90, 120, 4)
    cracks = measure_cracks(trunk | branches)
    assert sorted(round(crack.length_px / 10) for crack in cracks) == [12, 12, 28]


def test_three_cracks_through_one_point_are_three():
    mask = np.logical_or.reduce([bar(160, 160, deg, LENGTH_PX, 4) for deg in (10, 70, 130)])
    assert [round(crack.length_px / 10) for crack in measure_cracks(mask)] == [28, 28, 28]


def two_forks(angles_deg: tuple[float, float, float, float], link_px: int, radius_px: float) -> SkeletonGraph:
    """Two forks that a straight branch joins; two straight arms of 80 px leave the first, two the second."""
    steps = np.arange(link_px + 1.0)
    branches = [Branch(0, 1, np.stack([steps, np.zeros_like(steps)], axis=1), np.full(steps.size, radius_px))]
    nodes = [(0.0, 0.0), (float(link_px), 0.0)]
    for number, angle in enumerate(np.deg2rad(angles_deg)):
        fork = number // 2
        points = np.array(nodes[fork]) + np.arange(80.0)[:, np.newaxis] * [np.cos(angle), np.sin(angle)]
        branches.append(Branch(fork, len(nodes), points, np.full(80, radius_px)))
        nodes.append(tuple(points[-1]))
    return SkeletonGraph(np.array(nodes), np.array([radius_px] * 2 + [0.0] * 4), tuple(branches))


@pytest.mark.parametrize(
    ("angles_deg", "link_px", "radius_px", "branches"),
    [
        pytest.param((160, 200, -20, 20), 12, 3.0, 4, id="two straight cracks cross"),
        pytest.param((207, 204, 18, -19), 20, 4.9, 5, id="arms that would have to turn by too much"),
        pytest.param((164, 188, -15, -3), 34, 2.7, 5, id="straight lines that meet outside of what they share"),
    ],
)
def test_only_straight_lines_that_cross_in_what_they_share_are_a_crossing(angles_deg, link_px, radius_px, branches):
    assert len(merge_crossings(two_forks(angles_deg, link_px, radius_px)).branches) == branches
