"""Tolerance counts against scipy's distance transform and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from blemish.evaluation.tolerance import ToleranceCounts, count_within, distance_to

masks = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(masks.filter(lambda mask: mask.any()))
@settings(max_examples=50, deadline=None)
def test_distance_equals_scipys(mask):
    np.testing.assert_allclose(distance_to(mask), ndimage.distance_transform_edt(~mask), rtol=1e-6)


@given(masks, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_counts_equal_brute_force(truth, random):
    predicted = np.array([random.random() < 0.2 for _ in range(truth.size)]).reshape(truth.shape)
    for tolerance, ours in zip((0, 2, 5), count_within(predicted, truth, (0, 2, 5)), strict=True):
        gaps = np.linalg.norm(np.argwhere(predicted)[:, None] - np.argwhere(truth)[None], axis=2) <= tolerance
        expected = ToleranceCounts(
            int(predicted.sum()), int(gaps.any(axis=1).sum()), int(truth.sum()), int(gaps.any(axis=0).sum())
        )
        assert ours == expected


@pytest.mark.parametrize(("shift", "f1_2px", "f1_5px"), [(0, 1, 1), (2, 1, 1), (3, 0, 1), (5, 1 * 0, 1), (6, 0, 0)])
def test_a_line_drawn_beside_the_truth_counts_up_to_the_tolerance_and_no_further(shift, f1_2px, f1_5px):
    truth, predicted = np.zeros((2, 40, 40), dtype=bool)
    truth[20, :] = True
    predicted[20 + shift, :] = True
    at_2, at_5 = count_within(predicted, truth, (2, 5))
    assert (at_2.f1, at_5.f1) == (f1_2px, f1_5px)


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (ToleranceCounts(), None, None, None),
        (ToleranceCounts(predicted_px=3), 0, None, 0),
        (ToleranceCounts(truth_px=3), None, 0, 0),
        (ToleranceCounts(4, 2, 4, 4), 0.5, 1, 2 / 3),
    ],
)
def test_nothing_over_nothing_is_none(counts, precision, recall, f1):
    assert (counts.precision, counts.recall) == (precision, recall)
    assert counts.f1 == (None if f1 is None else pytest.approx(f1))
