"""Histograms show every value in the right bar, at the right height."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blemish.reports.histograms import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Histogram,
    count_by_size,
    length_by_class,
    length_by_direction,
    nice_step,
)
from blemish.reports.width_classes import WidthClasses

sizes = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=50)


def inside(plot: Histogram) -> bool:
    return all(
        bar.x >= LEFT and bar.x + bar.width <= RIGHT and bar.y >= TOP - 0.1 and bar.y + bar.height <= BOTTOM + 0.1
        for bar in plot.bars
    )


@given(sizes)
def test_no_value_is_lost_and_no_bar_leaves_the_plot(values: list[float]):
    plot = count_by_size("n", "mm", "mm", values)
    assert sum(int(bar.said.rpartition(": ")[2]) for bar in plot.bars) == len(values)
    assert len(plot.bars) <= 16
    assert inside(plot)


def test_bars_are_as_high_as_their_counts():
    plot = count_by_size("n", "mm", "mm", [1, 1, 1, 1, 9])
    heights = [bar.height for bar in plot.bars]
    assert max(heights) == pytest.approx(4 * min(height for height in heights if height))


@pytest.mark.parametrize(("degrees", "sector"), [(0, 0), (179, 0), (7, 0), (8, 1), (90, 6), (172, 11), (173, 0)])
def test_directions_meet_again_after_half_a_turn(degrees: float, sector: int):
    plot = length_by_direction("n", "°", "mm", [degrees], [5.0])
    assert [bar.height > 0 for bar in plot.bars].index(True) == sector


@pytest.mark.parametrize(
    "plot", [count_by_size("n", "mm", "mm", []), length_by_class("n", "mm", "mm", ["a"], ["#000"], [0])]
)
def test_nothing_to_show_is_an_empty_plot(plot: Histogram):
    assert plot.bars == ()


@given(st.floats(1e-6, 1e9))
def test_steps_are_round_and_just_large_enough(least: float):
    step = nice_step(least)
    mantissa = step / 10 ** np.floor(np.log10(step) + 1e-9)
    assert any(mantissa == pytest.approx(nice) for nice in (1, 2, 5))
    assert least * (1 - 1e-6) <= step <= 2.5 * least * (1 + 1e-6)


def test_each_width_has_one_class_and_edges_belong_to_the_class_above():
    classes = WidthClasses("mm", (0.1, 0.3, 1.0))
    assert classes.index_of([0, 0.0999, 0.1, 0.29, 0.3, 1.0, 50]).tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert classes.labels == ("< 0.1", "0.1 – 0.3", "0.3 – 1", "≥ 1")
    assert len(set(classes.colours)) == 4
