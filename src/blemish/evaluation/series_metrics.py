"""How well scores per time step find the faults of a series, without point-adjustment.

Point-adjustment counts a whole fault as found, step by step, once a single step of it is. With long faults, random
scores then reach a high F1 (Kim et al., "Towards a rigorous evaluation of time-series anomaly detection", AAAI 2022).
Here each step counts for itself (AUROC, average precision), and each fault once (recall at a stated false-alarm rate).
That recall has the same weakness in small, since one step is enough to find a fault: what random scores would reach
stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.errors import DataError
from blemish.evaluation.ranking import auroc, average_precision


@dataclass(frozen=True, slots=True)
class EventRecall:
    """Faults found at one threshold.

    Attributes:
        found: faults with at least one step at or above the threshold.
        events: faults there are: runs of faulty steps without a gap.
        threshold: the lowest that keeps the false-alarm rate.
        false_alarm_rate: fraction of normal steps at or above it, at most what was asked for.
        by_chance: expected fraction of faults that random scores find at the asked-for rate.
    """

    found: int
    events: int
    threshold: float
    false_alarm_rate: float
    by_chance: float

    @property
    def recall(self) -> float:
        """Fraction of faults found."""
        return self.found / self.events


@dataclass(frozen=True, slots=True)
class SeriesMetrics:
    """Metrics of one or more series together; None where only one class is there.

    Attributes:
        auroc: over time steps.
        average_precision: over time steps.
        events: recall of faults at a false-alarm rate.
        steps: time steps.
        faulty_fraction: of them; the average precision of random scores.
    """

    auroc: float | None
    average_precision: float | None
    events: EventRecall | None
    steps: int
    faulty_fraction: float


def event_recall(scores: ArrayLike, faulty: ArrayLike, false_alarm_rate: float = 0.01) -> EventRecall | None:
    """Fraction of faults found at the lowest threshold that flags at most that fraction of normal steps.

    The threshold is chosen on the very steps that are judged: the metric ranks methods, and guarantees nothing.

    Args:
        scores: (T,) by time step, finite, higher is worse.
        faulty: (T,) bool.
        false_alarm_rate: in [0, 1).

    Returns:
        None unless there are faulty and normal steps.

    Raises:
        DataError: lengths differ, or scores are not finite.
    """
    values, truth = _checked(scores, faulty)
    if not truth.any() or truth.all():
        return None
    normal = np.sort(values[~truth])[::-1]
    allowed = int(np.floor(false_alarm_rate * normal.size))
    threshold = float(np.nextafter(normal[allowed], np.inf))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], truth, [False]]).astype(np.int8)))
    first, end = edges[::2], edges[1::2]
    hits = np.concatenate([[0], np.cumsum(values >= threshold)])
    return EventRecall(
        found=int(np.count_nonzero(hits[end] > hits[first])),
        events=len(first),
        threshold=threshold,
        false_alarm_rate=float(np.mean(normal >= threshold)),
        by_chance=float(np.mean(1 - (1 - false_alarm_rate) ** (end - first))),
    )


def series_metrics(scores: ArrayLike, faulty: ArrayLike, false_alarm_rate: float = 0.01) -> SeriesMetrics:
    """AUROC, average precision and recall of faults over time steps; arguments and errors as `event_recall`."""
    values, truth = _checked(scores, faulty)
    return SeriesMetrics(
        auroc=auroc(values, truth),
        average_precision=average_precision(values, truth),
        events=event_recall(values, truth, false_alarm_rate),
        steps=values.size,
        faulty_fraction=float(truth.mean()) if truth.size else 0.0,
    )


def _checked(scores: ArrayLike, faulty: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, truth = np.asarray(scores, np.float64), np.asarray(faulty, np.bool_)
    if values.ndim != 1 or values.shape != truth.shape:
        raise DataError(f"There are scores of shape {values.shape} for {truth.shape} time steps; give one for each.")
    if not np.isfinite(values).all():
        raise DataError("Some scores of time steps are NaN or infinite; every score must be a finite number.")
    return values, truth
