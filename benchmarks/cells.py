"""Cells of a benchmark: computed once, kept as JSON, compared in pairs."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

from blemish.files import write_text


def cell(record_file: Path, settings: dict, compute: Callable[[], dict]) -> dict:
    """What ``compute`` gives, or gave in an earlier run with the same settings, with the processor seconds it took."""
    # As JSON gives them back, so that an earlier record compares equal.
    settings = json.loads(json.dumps(settings))
    if record_file.is_file():
        record = json.loads(record_file.read_text())
        if record["settings"] != settings:
            raise SystemExit(f"{record_file} was computed with {record['settings']}; choose another --out.")
        return record
    started = time.process_time()
    record = {"settings": settings, **compute(), "cpu_s": time.process_time() - started}
    write_text(record_file, json.dumps(record, indent=1))
    return record


def slug(name: str) -> str:
    """A row's name as a file name."""
    return name.replace(",", "").replace(" ", "-")


def spread(values: list[float | None], digits: int = 4) -> str:
    """Mean and standard deviation over seeds; the value alone of one seed, a dash where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    deviation = f" ± {statistics.stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.{digits}f}{deviation}"


def paired(one: list[float], other: list[float]) -> str:
    """Mean difference over seeds with its 95 % confidence interval by Student's t."""
    differences = np.subtract(one, other)
    low, high = stats.t.interval(0.95, len(differences) - 1, differences.mean(), stats.sem(differences))
    return f"{differences.mean():+.4f}, 95 % confidence {low:+.4f} to {high:+.4f} ({len(differences)} seeds)"
