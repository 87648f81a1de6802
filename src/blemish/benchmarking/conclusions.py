"""What finished runs allow to be said: intervals, differences, ranks over data sets, and how they were run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blemish.benchmarking.comparing import AUROC, Difference, areas_of, differences, read_answers
from blemish.benchmarking.ranks import Ranks, rank_over_data
from blemish.benchmarking.records import RunRecord
from blemish.evaluation import Interval


@dataclass(frozen=True, slots=True)
class Conclusions:
    """Beside the metrics.

    Attributes:
        differences: every pair of contenders on every data set.
        intervals: DeLong's interval of the mean AUROC over seeds, by data set and contender; those without are absent.
        ranks: contenders by AUROC over data sets; None for fewer than two of either.
        notes: sentences on how it was run: the plan, and how often the test splits were opened.
    """

    differences: tuple[Difference, ...] = ()
    intervals: Mapping[tuple[str, str], Interval] = field(default_factory=dict)
    ranks: Ranks | None = None
    notes: tuple[str, ...] = ()


def conclude(records: Sequence[RunRecord], folder_of: Callable[[RunRecord], Path], notes: Sequence[str]) -> Conclusions:
    """Compute everything from the answers of finished runs.

    Args:
        records: of the runs.
        folder_of: where a run's answers are.
        notes: how it was run.

    Raises:
        DataError: a run's table is damaged.
    """
    intervals = {}
    values: dict[str, dict[str, float]] = {}
    for (data, contender), by_seed in read_answers(records, folder_of).items():
        areas = areas_of(list(by_seed.values()))
        if areas is not None and (interval := areas.mean()) is not None:
            intervals[data, contender] = interval
    for record in records:
        values.setdefault(record.contender, {})
        of_this = [
            one.metrics["image"].get("auroc")
            for one in records
            if (one.data, one.contender) == (record.data, record.contender)
        ]
        if None not in of_this:
            values[record.contender][record.data] = statistics.fmean(of_this)
    return Conclusions(differences(records, folder_of), intervals, rank_over_data(AUROC, values), tuple(notes))
