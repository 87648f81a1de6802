"""A benchmark's result as tables in Markdown, CSV and HTML, each metric beside its cost."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from blemish.benchmarking.comparing import AUROC, Difference
from blemish.benchmarking.conclusions import Conclusions
from blemish.benchmarking.ranks import Ranks
from blemish.benchmarking.records import FailureRecord, RunRecord
from blemish.files import write_text

_TABLE_NAME = "benchmark"
_INTERVAL = "95 % (images)"

# Heading, place in `RunRecord.metrics`, digits.
_METRICS = (
    (AUROC, ("image", "auroc"), 4),
    ("image AUROC, leaks left out", ("image", "auroc_without_leaks"), 4),
    ("image AP", ("image", "average_precision"), 4),
    ("image F1", ("image", "f1"), 4),
    ("false alarms", ("image", "false_alarm_rate"), 4),
    ("FPR at 95 % TPR", ("image", "fpr_at_95_tpr"), 4),
    ("pixel AUROC", ("pixel", "auroc"), 4),
    ("pixel AP", ("pixel", "average_precision"), 4),
    ("AUPRO", ("pixel", "aupro"), 4),
    ("pixel F1", ("pixel", "f1"), 4),
    ("pixel F1 in 2 px", ("pixel", "f1_2px"), 4),
)
_COSTS = (
    ("fit, s", "fit_s", 1),
    ("images/s", "images_per_s", 1),
    ("fit peak, MiB", "fit_peak_mib", 0),
    ("inspect peak, MiB", "inspect_peak_mib", 0),
    ("detector, MB", "detector_mb", 1),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over seeds: mean, and standard deviation (n - 1) where there are two or more."""

    mean: float
    sd: float | None
    digits: int

    def __str__(self) -> str:
        mean = f"{self.mean:.{self.digits}f}"
        return mean if self.sd is None else f"{mean} ± {self.sd:.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One contender on one data set.

    Attributes:
        data, contender: names.
        seeds: number of finished runs.
        failed: number of failed ones.
        values: by heading; None where a metric has no meaning for one of the runs.
    """

    data: str
    contender: str
    seeds: int
    failed: int
    values: dict[str, Spread | None]


def summarise(records: Sequence[RunRecord], failures: Sequence[FailureRecord]) -> list[Row]:
    """One row for each contender on each data set, metrics first, then costs.

    Args:
        records: finished runs.
        failures: failed runs; a contender without a finished run has a row without values.
    """
    keys = [*((one.data, one.contender) for one in records), *((one.data, one.contender) for one in failures)]
    data_sets = list(dict.fromkeys(data for data, _ in keys))
    rows = []
    for data, contender in sorted(dict.fromkeys(keys), key=lambda key: data_sets.index(key[0])):
        runs = [one for one in records if (one.data, one.contender) == (data, contender)]
        failed = sum((one.data, one.contender) == (data, contender) for one in failures)
        values: dict[str, Spread | None] = {}
        for heading, (kind, name), digits in _METRICS:
            values[heading] = _spread([run.metrics[kind].get(name) for run in runs], digits)
        for heading, name, digits in _COSTS:
            values[heading] = _spread([getattr(run.cost, name) for run in runs], digits)
        rows.append(Row(data, contender, len(runs), failed, values))
    return rows


def write_tables(
    out: Path, records: Sequence[RunRecord], failures: Sequence[FailureRecord], found: Conclusions
) -> Path:
    """Write ``benchmark.md``, ``benchmark.csv``, ``benchmark.html``, ``differences.csv`` and ``ranks.csv``.

    Args:
        out: folder.
        records: finished runs.
        failures: failed runs.
        found: differences between contenders, and everything else beside the metrics.

    Returns:
        The Markdown file.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    rows = summarise(records, failures)
    # Columns without any value are left out.
    headings = [name for name, *_ in (*_METRICS, *_COSTS) if any(row.values[name] is not None for row in rows)]
    shown = [
        part for name in headings for part in ((name, _INTERVAL) if name == AUROC and found.intervals else (name,))
    ]
    context = {
        "headings": ["data", "contender", "seeds", *shown],
        "rows": [[row.data, row.contender, _seeds(row), *_cells(row, shown, found)] for row in rows],
        "differences": [_difference_row(one) for one in found.differences],
        "ranks": found.ranks,
        "notes": found.notes,
        "failures": failures,
        "machines": sorted({", ".join(f"{k} {v}" for k, v in record.machine.items()) for record in records}),
    }
    write_text(out / f"{_TABLE_NAME}.csv", _csv(rows, headings))
    write_text(out / "differences.csv", _differences_csv(found.differences))
    if found.ranks is not None:
        write_text(out / "ranks.csv", _ranks_csv(found.ranks))
    environment = Environment(
        loader=PackageLoader("blemish.benchmarking"),
        autoescape=lambda name: name is not None and name.endswith(".html"),  # noqa: S701 - tables are text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = lambda value: str(value).replace("|", "\\|").replace("\n", " ")
    for suffix in ("html", "md"):
        page = environment.get_template(f"benchmark.{suffix}").render(context)
        write_text(out / f"{_TABLE_NAME}.{suffix}", page.rstrip() + "\n")
    return out / f"{_TABLE_NAME}.md"


def _spread(values: Sequence[float | None], digits: int) -> Spread | None:
    known = [value for value in values if value is not None]
    # A mean over some of the seeds cannot be compared with means over all of them.
    if not known or len(known) < len(values):
        return None
    return Spread(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None, digits)


def _seeds(row: Row) -> str:
    return f"{row.seeds}, {row.failed} failed" if row.failed else str(row.seeds)


def _cells(row: Row, headings: Sequence[str], found: Conclusions) -> list[str]:
    interval = found.intervals.get((row.data, row.contender))
    of_images = "–" if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"
    return [of_images if heading == _INTERVAL else _shown(row.values[heading]) for heading in headings]


def _shown(value: Spread | None) -> str:
    return "–" if value is None else str(value)


def _difference_row(one: Difference) -> list[str]:
    interval = one.interval
    return [
        one.data,
        f"{one.second} − {one.first}",
        one.metric,
        f"{interval.estimate:+.4f}",
        f"{interval.low:+.4f} to {interval.high:+.4f}",
        "–" if one.delong_p is None else f"{one.delong_p:.3f}",
        str(len(one.seeds)),
        one.sentence(),
    ]


def _csv(rows: Sequence[Row], headings: Sequence[str]) -> str:
    def values(row: Row) -> list[Any]:
        spreads = [row.values[heading] for heading in headings]
        return [part for one in spreads for part in (("", "") if one is None else (one.mean, one.sd))]

    columns = [name for heading in headings for name in (heading, f"{heading} sd")]
    body = [[row.data, row.contender, row.seeds, row.failed, *values(row)] for row in rows]
    return _as_csv([["data", "contender", "seeds", "failed", *columns], *body])


def _differences_csv(found: Sequence[Difference]) -> str:
    header = ["data", "first", "second", "metric", "difference", "low", "high", "confidence", "seeds", "images"]
    header += ["delong low", "delong high", "delong p"]
    body = [
        [
            one.data,
            one.first,
            one.second,
            one.metric,
            one.interval.estimate,
            one.interval.low,
            one.interval.high,
            one.interval.confidence,
            len(one.seeds),
            one.images,
            *(("", "", "") if one.delong is None else (one.delong.low, one.delong.high, one.delong_p)),
        ]
        for one in found
    ]
    return _as_csv([header, *body])


def _ranks_csv(ranks: Ranks) -> str:
    header = ["first", "second", "average rank, first", "average rank, second", "Nemenyi p", "Wilcoxon p (Holm)"]
    body = [
        [
            one.first,
            one.second,
            ranks.average[one.first],
            ranks.average[one.second],
            one.nemenyi_p,
            one.wilcoxon_p,
        ]
        for one in ranks.pairs
    ]
    return _as_csv([header, *body])


def _as_csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
