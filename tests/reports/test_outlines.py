"""Outlines and run lengths hold every pixel of a mask, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from blemish.measurement.regions import Region, find_regions
from blemish.reports.outlines import Piece, Ring, find_pieces

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
masks = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))


def area(ring: Ring) -> float:
    x, y = ring.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def painted(piece: Piece, shape: tuple[int, int]) -> NDArray[np.bool_]:
    flat = np.zeros(shape[0] * shape[1], np.bool_)
    for start, length in piece.runs:
        flat[start : start + length] = True
    return flat.reshape(shape[::-1]).T


@settings(max_examples=40, deadline=None)
@given(masks)
def test_the_pieces_runs_make_up_the_mask(mask: NDArray[np.bool_]):
    pieces = find_pieces(mask)
    together = sum((painted(piece, mask.shape).astype(int) for piece in pieces), np.zeros(mask.shape, int))
    assert (together == mask).all()
    assert all(painted(piece, mask.shape).sum() == piece.area_px for piece in pieces)


@settings(max_examples=40, deadline=None)
@given(masks)
def test_areas_are_exact_and_exteriors_run_one_way_and_holes_the_other(mask: NDArray[np.bool_]):
    for piece in find_pieces(mask):
        exteriors = [area(polygon.exterior) for polygon in piece.polygons]
        holes = [area(hole) for polygon in piece.polygons for hole in polygon.holes]
        assert min(exteriors) > 0
        assert max(holes, default=-1) < 0
        assert sum(exteriors) + sum(holes) == piece.area_px


@settings(max_examples=40, deadline=None)
@given(masks)
def test_no_ring_touches_itself(mask: NDArray[np.bool_]):
    rings = [r for piece in find_pieces(mask) for p in piece.polygons for r in (p.exterior, *p.holes)]
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
    for piece in find_pieces(mask):
        if any(polygon.holes for polygon in piece.polygons):
            continue
        polygons = [polygon.exterior.ravel().astype(float).tolist() for polygon in piece.polygons]
        filled = coco.decode(coco.merge(coco.frPyObjects(polygons, *mask.shape)))
        assert (filled.astype(bool) == painted(piece, mask.shape)).all()


def test_pieces_are_those_of_the_regions():
    mask = np.zeros((30, 40), np.bool_)
    mask[2:5, 3:9], mask[20:28, 10:12], mask[28:30, 12:14] = True, True, True
    regions, _ = find_regions(mask, np.linspace(0, 1, mask.size, dtype=np.float32).reshape(mask.shape))
    pieces = find_pieces(mask, regions)
    assert {(piece.region, piece.bbox_px, piece.area_px) for piece in pieces} == {
        (region, region.bbox_px, region.area_px) for region in regions
    }


def test_where_classes_overlap_a_piece_gets_the_worst_region_inside():
    mask = np.zeros((20, 20), np.bool_)
    mask[5:15, 5:15] = True
    worst, other = (Region((5, 5, 10, 6), 60, (9.5, 7.5), score, score, "scratch") for score in (0.9, 0.4))
    (piece,) = find_pieces(mask, [worst, other])
    assert piece.region is worst


@pytest.mark.parametrize("mask", [np.zeros((5, 7), np.bool_), np.zeros((1, 1), np.bool_)])
def test_an_empty_mask_has_no_pieces(mask: NDArray[np.bool_]):
    assert find_pieces(mask) == ()


def test_a_full_mask_is_one_rectangle():
    (piece,) = find_pieces(np.ones((3, 5), np.bool_))
    assert sorted(map(tuple, piece.polygons[0].exterior.tolist())) == [(0, 0), (0, 3), (5, 0), (5, 3)]
