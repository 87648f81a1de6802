"""Thresholds by published rules, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.calibration import ThresholdRule
from blemish.errors import DataError, SettingsError

SCORES = np.array([1.0, 2.0, 3.0, 6.0])


@pytest.mark.parametrize(
    ("text", "threshold", "said"),
    [
        (
            "mean-std:1",
            3 + np.sqrt(3.5),
            "Mean + 1 standard deviations of the scores of 4 normal images",
        ),
        ("mean-std:-0.5", 3 - 0.5 * np.sqrt(3.5), "no guarantee"),
        ("min-max:0.5", 3.5, "At 0.5 of the way from the minimum to the maximum of the scores of 4 normal images"),
        ("min-max:1", 6.0, "no guarantee"),
        ("fixed:0.2366", 0.2366, "Fixed at 0.2366; no guarantee."),
    ],
)
def test_each_rule_is_its_formula(text: str, threshold: float, said: str):
    rule = ThresholdRule.parse(text)
    assert rule.threshold(SCORES) == pytest.approx(threshold)
    assert said in rule.describe(4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mean-sdt:1", "mean-std"),
        ("", "there are mean-std:NUMBER, min-max:NUMBER, fixed:NUMBER"),
        ("fixed", "needs a number"),
        ("mean-std:one", "needs a number"),
        ("fixed:nan", "needs a number"),
        ("min-max:1.5", "between 0 and 1"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, said: str):
    with pytest.raises(SettingsError, match=said):
        ThresholdRule.parse(text)


def test_a_fixed_threshold_alone_needs_no_scores():
    assert ThresholdRule("fixed", 0.3).threshold([]) == 0.3
    with pytest.raises(DataError):
        ThresholdRule("min-max", 0.3).threshold([])
