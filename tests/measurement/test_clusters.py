"""Large images by clusters: the same regions and cracks as in one go."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from blemish.images.tiling import cut
from blemish.measurement import Scale, find_regions, measure_mask
from blemish.measurement.clusters import APART_PX, find_clusters, find_regions_by_clusters, measure_by_clusters


@pytest.fixture(scope="module")
def walls():
    """A grey surface with dark strokes far from one another, their mask, and a map that falls off at its edges."""
    rng = np.random.default_rng(0)
    drawn = np.zeros((1000, 1200), np.uint8)
    for x, y in ((60, 80), (500, 60), (900, 100), (100, 480), (620, 520), (150, 800), (900, 850)):
        line = np.array([x, y]) + np.cumsum(rng.integers((4, -8), (16, 12), (18, 2)), axis=0)
        cv2.polylines(drawn, [line.astype(np.int32)], False, 255, int(rng.integers(3, 9)))
    cv2.line(drawn, (120, 480), (160, 560), 255, 5)  # a branch
    cv2.line(drawn, (1190, 400), (1199, 440), 255, 6)  # at the border
    cv2.circle(drawn, (400, 950), 3, 255, -1)
    soft = cv2.GaussianBlur(drawn, (0, 0), 1).astype(np.float32) / 255
    grey = np.clip(170 - 110 * soft + rng.normal(0, 3, soft.shape), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2), soft >= 0.5, soft


def test_clusters_lie_apart_and_hold_the_whole_mask(walls):
    _, mask, _ = walls
    again = np.zeros_like(mask)
    found = list(find_clusters(mask))
    assert len(found) > 1
    for cluster in found:
        part = cut(again, cluster.box)
        assert not (part & cluster.mask).any()
        part |= cluster.mask
        assert cluster.mask.any()
    np.testing.assert_array_equal(again, mask)


def test_what_is_closer_than_a_block_is_one_cluster():
    mask = np.zeros((500, 900), bool)
    mask[200, 100:300] = mask[200, 300 + APART_PX // 2 : 600] = True
    mask[450, 850] = True
    assert [int(np.count_nonzero(one.mask)) for one in find_clusters(mask)] == [200 + 300 - APART_PX // 2, 1]
    assert list(find_clusters(np.zeros((70, 10), bool))) == []


@pytest.mark.parametrize(
    "options", [{}, {"min_area_px": 200}, {"min_peak": 0.999}, {"gap_px": APART_PX, "min_area_px": 200}]
)
def test_regions_are_the_same_as_in_one_go(walls, options):
    image, mask, levels = walls
    expected, cleaned = find_regions(mask, levels, label="crack", pixels=image, **options)
    kept = mask.copy()
    found = find_regions_by_clusters(
        kept,
        lambda box: cut(levels, box),
        cut_pixels=lambda box: cut(image, box),
        label="crack",
        **options,
    )
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert (one.bbox_px, one.area_px, one.score, one.label) == (other.bbox_px, other.area_px, other.score, "crack")
        assert one.centroid_px == pytest.approx(other.centroid_px)
        assert one.mean_score == pytest.approx(other.mean_score)
        assert one.length_px == pytest.approx(other.length_px)
        assert one.contrast == pytest.approx(other.contrast, abs=1e-6)
    np.testing.assert_array_equal(kept, cleaned)


PLANE = Scale.from_plane([(0, 0), (1199, 40), (1150, 599), (10, 560)], [(0, 0), (600, 0), (600, 300), (0, 300)])


@pytest.mark.parametrize("scale", [None, Scale.given(0.4), PLANE], ids=["pixels", "given", "plane"])
def test_cracks_are_the_same_as_in_one_go(walls, scale):
    image, mask, levels = walls
    expected = measure_mask(mask, image, scale=scale, probability=levels, level=0.5)
    found = measure_by_clusters(mask, lambda box: cut(image, box), lambda box: cut(levels, box), scale=scale, level=0.5)
    assert (found.small_components, found.left_out) == (expected.small_components, expected.left_out)
    assert len(found.cracks) == len(expected.cracks) > 2
    by_place = {crack.max_width_at: crack for crack in found.cracks}
    for crack in expected.cracks:
        other = by_place[min(by_place, key=lambda at: np.hypot(*np.subtract(at, crack.max_width_at)))]
        assert other.max_width_px == pytest.approx(crack.max_width_px, abs=0.02)
        assert other.length_px == pytest.approx(crack.length_px, rel=1e-4)
        assert other.direction == crack.direction
        np.testing.assert_allclose(other.polyline_px, crack.polyline_px, atol=0.05)
        if crack.mm is not None:
            assert other.mm.length == pytest.approx(crack.mm.length, rel=1e-4)
            assert other.mm.max_width == pytest.approx(crack.mm.max_width, abs=0.02)
    assert [crack.number for crack in found.cracks] == list(range(1, len(found.cracks) + 1))
    touching = {crack.network for crack in expected.cracks}
    assert len({crack.network for crack in found.cracks}) == len(touching)


def test_a_moved_plane_measures_the_same():
    there = np.array([[700.0, 300.0], [720.0, 310.0]])
    np.testing.assert_allclose(PLANE.moved(650, 280).points_mm(there - [650, 280]), PLANE.points_mm(there))
    given = Scale.given(0.2)
    assert given.moved(5, 5) == given
    assert replace(PLANE, to_plane=None).moved(1, 1).to_plane is None
