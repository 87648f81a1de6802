"""Labels never stand over each other, over a ring, over the scale bar or outside the picture."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from blemish.reports.labels import Box, Label, place_labels

W, H = 640.0, 460.0
BAR = (8.0, 420.0, 180.0, 454.0)


def crossing(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def labels_at(points: np.ndarray) -> list[Label]:
    return [
        Label(x, y, 7, (f"{n}: 3.42 ± 0.08 mm", str(n)) if n == 1 else (str(n),), 16 if n == 1 else 13)
        for n, (x, y) in enumerate(points.tolist(), start=1)
    ]


CASES = {
    "all in one place": np.full((12, 2), 300.0),
    "in a row": np.column_stack([np.linspace(100, 220, 12), np.full(12, 200.0)]),
    "in the corners": np.array([[0, 0], [W, 0], [0, H], [W, H]]),
    "along the right border": np.column_stack([np.full(12, W - 2), np.linspace(0, H, 12)]),
    "over the bar": np.array([[20.0, 430.0], [100.0, 440.0]]),
    "one": np.array([[320.0, 230.0]]),
} | {f"random {seed}": np.random.default_rng(seed).uniform(0, (W, H), (12, 2)) for seed in range(20)}


@pytest.mark.parametrize("points", CASES.values(), ids=CASES)
def test_no_label_hides_anything(points: np.ndarray):
    labels = labels_at(points)
    boxes = [place.box for place in place_labels(labels, W, H, (BAR,)) if place is not None]
    assert not any(crossing(one, other) for one, other in combinations(boxes, 2))
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= W
        assert 0 <= top < bottom <= H
        assert not crossing((left, top, right, bottom), BAR)
        assert not any(
            crossing((left, top, right, bottom), (each.x - 7, each.y - 7, each.x + 7, each.y + 7)) for each in labels
        )


def test_the_most_important_label_is_told_in_full_where_there_is_room():
    first, second = place_labels(labels_at(np.array([[320.0, 230.0], [330.0, 240.0]])), W, H)
    assert first is not None
    assert first.text.endswith("mm")
    assert second is not None


def test_without_room_for_the_whole_the_number_alone_is_told():
    (place,) = place_labels(labels_at(np.array([[30.0, 30.0]])), 80, 60)
    assert place is not None
    assert place.text == "1"


def test_where_nothing_fits_nothing_is_told():
    assert place_labels(labels_at(np.array([[5.0, 5.0]])), 10, 10) == [None]
