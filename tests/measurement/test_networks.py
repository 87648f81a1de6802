"""From a mask to single cracks: junctions, spurs, loops, gaps, and what each crack is called."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from skimage.morphology import thin as reference_thin

from blemish.measurement import measure_cracks, measure_mask
from blemish.measurement.polylines import direction_of, length_of, orientation_of, resample, smooth, tortuosity_of
from blemish.measurement.skeleton.thin import thin


def strokes(*lines, width: float = 3, shape=(200, 240)) -> np.ndarray:
    """A mask of polylines, as a round brush draws it: all pixels whose centre is within half the width."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    mask = np.zeros(shape, bool)
    for line in lines:
        for (x, y), (u, v) in pairwise(np.array(line, float)):
            fraction = ((columns - x) * (u - x) + (rows - y) * (v - y)) / ((u - x) ** 2 + (v - y) ** 2)
            fraction = np.clip(fraction, 0, 1)
            mask |= np.hypot(columns - x - fraction * (u - x), rows - y - fraction * (v - y)) < width / 2
    return mask


@pytest.mark.parametrize("seed", range(4))
def test_thinning_is_that_of_scikit_image(seed: int):
    chance = np.random.default_rng(seed)
    blobs = cv2.GaussianBlur(chance.normal(size=(90, 120)).astype(np.float32), (0, 0), 2.5) > 0.02
    assert (thin(blobs) == reference_thin(blobs)).all()


def test_a_crossing_is_two_cracks():
    mask = strokes([(20, 100), (220, 100)], [(120, 20), (120, 180)], width=5)
    first, second = sorted(measure_cracks(mask), key=lambda crack: -crack.length_px)
    assert (first.direction, second.direction) == ("horizontal", "vertical")
    assert first.network == second.network
    assert (first.branches, second.branches) == (1, 1)
    assert first.length_px == pytest.approx(200, rel=0.02)
    assert second.length_px == pytest.approx(160, rel=0.02)
    for crack in (first, second):
        # At the crossing itself there is no width.
        assert crack.mean_width_px == pytest.approx(5, abs=0.1)
        assert crack.max_width_px == pytest.approx(5, abs=0.3)
        at_crossing = np.hypot(*(crack.polyline_px - (120, 100)).T) < 4
        assert np.isnan(crack.widths_px[at_crossing]).all()


def test_a_branch_ends_at_the_crack_that_it_leaves():
    mask = strokes([(20, 150), (220, 150)], [(120, 150), (180, 60)], width=4)
    trunk, branch = sorted(measure_cracks(mask), key=lambda crack: -crack.length_px)
    assert trunk.length_px == pytest.approx(200, rel=0.02)
    assert (trunk.branches, branch.branches) == (1, 0)
    assert branch.length_px == pytest.approx(np.hypot(60, 90), rel=0.04)
    assert trunk.network == branch.network


def test_a_star_joins_the_straightest_pair():
    mask = strokes([(20, 100), (120, 100)], [(120, 100), (220, 110)], [(120, 100), (110, 20)], width=3)
    cracks = sorted(measure_cracks(mask), key=lambda crack: -crack.length_px)
    assert [round(crack.length_px / 10) for crack in cracks] == [20, 8]


def test_rough_edges_grow_no_branches():
    mask = strokes([(20, 100), (220, 100)], width=9)
    chance = np.random.default_rng(0)
    edge = np.flatnonzero(chance.random(200) < 0.3) + 20
    mask[94, edge] = mask[106, edge + 1] = True
    mask[93, edge[::5]] = True
    (crack,) = measure_cracks(mask)
    assert crack.branches == 0
    assert crack.length_px == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize("radius", [12, 40, 80])
def test_a_ring_is_closed_and_as_long_as_its_circumference(drawing, radius: int):
    ring = drawing.arc(110.3, 110.1, radius, 0, 360, 4.0)
    (crack,) = measure_cracks(drawing.mask(ring))
    assert crack.closed
    assert crack.tortuosity is None
    assert crack.length_px == pytest.approx(2 * np.pi * radius, rel=0.02)
    assert crack.mean_width_px == pytest.approx(4.0, abs=0.1)
    assert not crack.touches_border


def test_gaps_of_a_few_pixels_are_bridged_and_longer_ones_are_not():
    line = strokes([(20, 100), (220, 100)], width=3)
    line[:, 100:104] = False
    (one,) = measure_cracks(line)
    assert one.length_px == pytest.approx(200, rel=0.03)
    assert one.mean_width_px == pytest.approx(3, abs=0.1)
    line[:, 100:130] = False
    assert len(measure_cracks(line)) == 2


def test_parallel_cracks_side_by_side_stay_apart():
    mask = strokes([(20, 100), (220, 100)], [(20, 106), (220, 106)], width=3)
    cracks = measure_cracks(mask)
    assert len(cracks) == 2
    assert {crack.network for crack in cracks} == {1, 2}
    assert all(crack.mean_width_px == pytest.approx(3, abs=0.1) for crack in cracks)


def test_map_cracking_is_told_by_its_loops():
    lines = [[(20, y), (220, y)] for y in (40, 100, 160)] + [[(x, 20), (x, 180)] for x in (60, 120, 180)]
    cracks = measure_cracks(strokes(*lines))
    assert len(cracks) == 6
    assert {crack.direction for crack in cracks} == {"map"}
    assert {crack.network for crack in cracks} == {1}
    assert all(crack.branches == 3 for crack in cracks)


@pytest.mark.parametrize(
    ("deg", "called"),
    [
        (0, "horizontal"),
        (20, "horizontal"),
        (25, "diagonal"),
        (45, "diagonal"),
        (65, "diagonal"),
        (70, "vertical"),
        (90, "vertical"),
        (135, "diagonal"),
        (155, "diagonal"),
        (160, "horizontal"),
    ],
)
def test_direction_is_as_one_sees_it(drawing, deg: float, called: str):
    (crack,) = measure_cracks(drawing.mask(drawing.bar(110, 110, deg, 150, 3)))
    off = (crack.orientation_deg - deg + 90) % 180 - 90
    assert abs(off) < 0.7
    assert crack.direction == called == direction_of(crack.orientation_deg)


def test_tortuosity_is_length_over_chord(drawing):
    (straight,) = measure_cracks(drawing.mask(drawing.bar(110, 110, 30, 150, 3)))
    (half_circle,) = measure_cracks(drawing.mask(drawing.arc(110, 110, 70, 0, 180, 3)))
    assert straight.tortuosity == pytest.approx(1.0, abs=0.005)
    assert half_circle.tortuosity == pytest.approx(np.pi / 2, rel=0.02)


def test_a_crack_that_leaves_the_image_says_so():
    inside, leaving = strokes([(20, 100), (220, 100)]), strokes([(0, 100), (220, 100)])
    (kept,), (cut,) = measure_cracks(inside), measure_cracks(leaving)
    assert (kept.touches_border, cut.touches_border) == (False, True)
    assert cut.length_px == pytest.approx(221, rel=0.02)


def test_cracks_come_widest_first_and_are_numbered():
    mask = strokes([(20, 40), (220, 40)]) | strokes([(20, 100), (120, 100)], width=9)
    mask |= strokes([(20, 160), (220, 160)], width=5)
    cracks = measure_cracks(mask)
    assert [crack.number for crack in cracks] == [1, 2, 3]
    assert [round(crack.max_width_px) for crack in cracks] == [9, 5, 3]


def test_areas_of_all_cracks_add_up_to_the_mask():
    mask = strokes([(20, 100), (220, 100)], [(120, 20), (120, 180)], [(20, 20), (60, 60)], width=5)
    cracks = measure_cracks(mask)
    assert sum(crack.area_px for crack in cracks) == mask.sum()


def test_small_components_are_counted_and_not_measured():
    mask = strokes([(20, 100), (220, 100)])
    mask[20, 20:25] = mask[40, 40] = True
    found = measure_mask(mask)
    assert (len(found.cracks), found.small_components, found.left_out) == (1, 2, 0)


def test_turning_the_image_turns_the_answer():
    mask = strokes([(20, 30), (90, 120), (200, 150)], [(90, 120), (40, 190)], width=4)
    plain, turned = measure_cracks(mask), measure_cracks(np.rot90(mask).copy())
    assert len(plain) == len(turned)
    for one, other in zip(plain, turned, strict=True):
        assert other.length_px == pytest.approx(one.length_px, rel=0.01, abs=1)
        assert other.mean_width_px == pytest.approx(one.mean_width_px, abs=0.05)


def test_a_polyline_keeps_its_ends_when_it_is_smoothed_and_resampled():
    line = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 10.0]])
    fine = resample(line)
    assert (fine[[0, -1]] == line[[0, -1]]).all()
    assert length_of(fine) == pytest.approx(11, rel=0.02)
    assert np.allclose(smooth(fine, 2.0)[[0, -1]], line[[0, -1]])
    assert tortuosity_of(line[:1]) is None
    assert orientation_of(line[:2]) == pytest.approx(180 - np.rad2deg(np.arctan2(4, 3)))


def test_sizes_of_a_crack_are_those_of_its_widths(drawing):
    """5 px wide over three quarters of its length, 11 px over the rest."""
    mask = drawing.mask(drawing.together(drawing.bar(110, 110, 0, 160, 5), drawing.bar(170, 110, 0, 40, 11)))
    (crack,) = measure_cracks(mask)
    known = crack.widths_px[np.isfinite(crack.widths_px)]
    assert crack.mean_width_px == pytest.approx(known.mean())
    assert crack.median_width_px == pytest.approx(np.median(known))
    assert crack.p95_width_px == pytest.approx(np.percentile(known, 95))
    assert crack.max_width_px == pytest.approx(known.max())
    assert crack.mean_width_px > crack.median_width_px + 0.5


def test_three_arms_a_third_of_a_turn_apart_are_three_cracks(drawing):
    """Each pair turns by 60 degrees: too much to be one crack through the junction."""
    arms = [
        drawing.bar(110 + 40 * np.cos(np.deg2rad(deg)), 110 - 40 * np.sin(np.deg2rad(deg)), deg, 84, 4)
        for deg in (90, 210, 330)
    ]
    assert len(measure_cracks(drawing.mask(drawing.together(*arms)))) == 3


def test_the_way_between_two_junctions_that_touch_is_no_crack():
    """It has no pixel of its own: a crack of 26 px, 0 px wide, was listed."""
    mask = np.zeros((96, 96), np.uint8)
    left, right = (40, 48), (62, 71)
    for centre, radius in ((left, 18), (right, 15)):
        cv2.circle(mask, centre, radius, 1, -1)
    for start, end in (
        (left, (-18, 58)),
        (left, (-2, 89)),
        (left, (47, 107)),
        (right, (111, 37)),
        (right, (28, 21)),
    ):
        cv2.line(mask, start, end, 1, 3)
    cracks = measure_cracks(mask > 0)
    assert len(cracks) == 3
    assert [crack.number for crack in cracks] == [1, 2, 3]
    assert all(crack.area_px > 0 and crack.max_width_px > 0 for crack in cracks)
    assert sum(crack.area_px for crack in cracks) == mask.sum()
