"""Components of a mask, and pieces that lie near one another, against distances between all pairs of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import fcluster, linkage

from blemish.measurement.components import find_components

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@given(MASKS, st.integers(0, 6))
def test_pixels_are_one_component_where_a_chain_of_small_gaps_joins_them(mask: np.ndarray, gap_px: int):
    found = find_components(mask, gap_px)
    assert found.labels.dtype == np.int32
    assert ((found.labels > 0) == mask).all()
    rows, columns = np.nonzero(mask)
    points = np.stack([rows, columns], axis=1)
    # Pixels next to each other are 1 apart and have no gap between them.
    alone = len(points) < 2
    joined = np.ones(len(points)) if alone else fcluster(linkage(points, "single", "chebyshev"), gap_px + 1, "distance")
    assert len(found.areas_px) == 1 + len(set(joined))
    pairs = set(zip(found.labels[mask].tolist(), joined.tolist(), strict=True))
    assert len(pairs) == len({ours for ours, _ in pairs}) == len(set(joined))
    for label in range(1, len(found.areas_px)):
        own = points[found.labels[mask] == label]
        low, high = own.min(axis=0), own.max(axis=0) + 1
        assert found.areas_px[label] == len(own)
        assert found.boxes_px[label].tolist() == [low[1], low[0], high[1] - low[1], high[0] - low[0]]
        assert found.centroids_px[label] == pytest.approx(own.mean(axis=0)[::-1])


@pytest.mark.parametrize(("between", "count"), [(0, 1), (3, 1), (4, 2)])
def test_the_gap_counts_the_pixels_between(between: int, count: int):
    mask = np.zeros((5, 40), bool)
    mask[2, 3:10] = mask[2, 10 + between : 20 + between] = True
    assert len(find_components(mask, 3).areas_px) - 1 == count
    assert len(find_components(mask.T, 3).areas_px) - 1 == count


def test_a_mask_at_the_border_does_not_reach_around():
    mask = np.zeros((3, 30), bool)
    mask[1, 0] = mask[1, -1] = True
    assert len(find_components(mask, 20).areas_px) - 1 == 2
    assert len(find_components(mask, 28).areas_px) - 1 == 1
