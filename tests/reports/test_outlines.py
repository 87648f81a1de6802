"""Outlines and run lengths hold every pixel of a mask, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from blemish.measurement.regions import Region, find_regions
from blemish.reports.outlines import OutlinedComponent, Ring, outline_components

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
masks = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))


def area(ring: Ring) -> float:
    x, y = ring.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def painted(component: OutlinedComponent, shape: tuple[int, int]) -> NDArray[np.bool_]:
    flat = np.zeros(shape[0] * shape[1], np.bool_)
    for start, length in component.runs:
        flat[start : start + length] = True
    return flat.reshape(shape[::-1]).T


@settings(max_examples=40, deadline=None)
@given(masks)
def test_the_pieces_runs_make_up_the_mask(mask: NDArray[np.bool_]):
    components = outline_components(mask)
    together = sum((painted(component, mask.shape).astype(int) for component in components), np.zeros(mask.shape, int))
    assert (together == mask).all()
    assert all(painted(component, mask.shape).sum() == component.area_px for component in components)


@settings(max_examples=40, deadline=None)
@given(masks)
def test_areas_are_exact_and_exteriors_run_one_way_and_holes_the_other(mask: NDArray[np.bool_]):
    for component in outline_components(mask):
        exteriors = [area(polygon.exterior) for polygon in component.polygons]
        holes = [area(hole) for polygon in component.polygons for hole in polygon.holes]
        assert min(exteriors) > 0
        assert max(holes, default=-1) < 0
        assert sum(exteriors) + sum(holes) == component.area_px


@settings(max_examples=40, deadline=None)
@given(masks)
def test_no_ring_touches_itself(mask: NDArray[np.bool_]):
    rings = [r for component in outline_components(mask) for p in component.polygons for r in (p.exterior, *p.holes)]
    # Corners alone do not tell: every lattice point that a ring passes.
    for ring in rings:
        passed = [
            tuple(point)
            for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)
            for point in a + np.sign(b - a) * np.arange(np.abs(b - a).max())[:, np.newaxis]
        ]
        assert len(set(passed)) == len(passed)


@settings(max_examples=40, deadline=None)
@given(masks)
def test_polygons_without_holes_fill_to_the_mask(mask: NDArray[np.bool_]):
    coco = pytest.importorskip("pycocotools.mask", reason="fills the polygons independently")
    for component in outline_components(mask):
        if any(polygon.holes for polygon in component.polygons):
            continue
        polygons = [polygon.exterior.ravel().astype(float).tolist() for polygon in component.polygons]
        filled = coco.decode(coco.merge(coco.frPyObjects(polygons, *mask.shape)))
        assert (filled.astype(bool) == painted(component, mask.shape)).all()


def test_pieces_are_those_of_the_regions():
    mask = np.zeros((30, 40), np.bool_)
    mask[2:5, 3:9], mask[20:28, 10:12], mask[28:30, 12:14] = True, True, True
    regions, _ = find_regions(mask, np.linspace(0, 1, mask.size, dtype=np.float32).reshape(mask.shape))
    components = outline_components(mask, regions)
    assert {(component.region, component.bbox_px, component.area_px) for component in components} == {
        (region, region.bbox_px, region.area_px) for region in regions
    }


def test_where_classes_overlap_a_piece_gets_the_worst_region_inside():
    mask = np.zeros((20, 20), np.bool_)
    mask[5:15, 5:15] = True
    worst, other = (Region((5, 5, 10, 6), 60, (9.5, 7.5), score, score, "scratch") for score in (0.9, 0.4))
    (component,) = outline_components(mask, [worst, other])
    assert component.region is worst


@pytest.mark.parametrize("mask", [np.zeros((5, 7), np.bool_), np.zeros((1, 1), np.bool_)])
def test_an_empty_mask_has_no_pieces(mask: NDArray[np.bool_]):
    assert outline_components(mask) == ()


def test_a_full_mask_is_one_rectangle():
    (component,) = outline_components(np.ones((3, 5), np.bool_))
    assert sorted(map(tuple, component.polygons[0].exterior.tolist())) == [(0, 0), (0, 3), (5, 0), (5, 3)]
