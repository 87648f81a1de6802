"""How a detector's scores went over time, beside those that calibrated it: what the page draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blemish.detectors.schema import Calibration
from blemish.serving.answers import CalibrationSummary, ScoreHistory, ScoreInterval, when

_FRACTIONS = (0.05, 0.5, 0.95)
_MAX_INTERVALS = 40
# Fewer images say nothing about a 95 % quantile.
_MIN_IMAGES = 10
_P_BINS = 20


def score_history(
    found: Sequence[tuple[int, float, str | None]], calibration: Calibration | None, doubt: str | None
) -> ScoreHistory:
    """Quantiles of scores, interval by interval, and a histogram of p-values.

    Args:
        found: time in milliseconds, score and verdict of each finding, the oldest first; undecided ones left out.
        calibration: the detector's; None without one.
        doubt: why the guarantee no longer holds; None while it does.
    """
    count = max(1, min(_MAX_INTERVALS, len(found) // _MIN_IMAGES))
    parts = [part for part in np.array_split(np.arange(len(found)), count) if part.size]
    scores = np.array([score for _, score, _ in found])
    intervals = [
        ScoreInterval(
            since=when(found[part[0]][0]),
            until=when(found[part[-1]][0]),
            images=part.size,
            rejected=sum(found[at][2] == "reject" for at in part),
            quantiles=_quantiles(scores[part]),
        )
        for part in parts
    ]
    summary, p_values = None, None
    if calibration is not None:
        known = np.array(calibration.scores)
        summary = CalibrationSummary(
            images=known.size, source=calibration.source, tails=calibration.tails, quantiles=_quantiles(known)
        )
        if found:
            _, values = calibration.judged(scores)
            p_values = np.histogram(values, bins=_P_BINS, range=(0, 1))[0].tolist()
    return ScoreHistory(intervals=intervals, calibration=summary, p_values=p_values, doubt=doubt)


def _quantiles(scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float]:
    low, middle, high = np.quantile(scores, _FRACTIONS).tolist()
    return low, middle, high
