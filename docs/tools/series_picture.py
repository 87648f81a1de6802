"""Draw ``docs/pictures/series.png``: a recording with five drawn faults, and the score of each of its time steps.

python docs/tools/series_picture.py         needs the extra train

Recording, detector and settings are those of docs/series.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from blemish.evaluation.series_metrics import series_metrics
from blemish.synthesis.sensor_series import draw_sensor_series
from blemish.training import train_series

TARGET = Path(__file__).resolve().parents[1] / "pictures" / "series.png"
SETTINGS = {"width": 16, "epochs": 12, "learning_rate": 3e-3}
FAULT, ALARM, LINE = "#f6d5d5", "#b3202c", "#35506b"


def main() -> None:
    """Learn from one recording, score another, draw it."""
    normal = draw_sensor_series(1500, columns=3, seed=1)
    series = draw_sensor_series(1500, columns=3, faults=5, seed=2)
    with tempfile.TemporaryDirectory() as folder:
        detector = train_series("memae", normal, Path(folder, "machine.blemish"), settings=SETTINGS, window_steps=16)
        found = detector.score(series)
    assert series.faulty is not None
    assert found.alarms is not None
    figure, rows = plt.subplots(4, 1, figsize=(10, 5), sharex=True, height_ratios=(1, 1, 1, 1.6))
    for axes, name, values in zip(rows, series.columns, series.values.T, strict=False):
        axes.plot(values, color=LINE, lw=0.6)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.set_yticks([])
    scores = rows[-1]
    scores.semilogy(found.steps, color=LINE, lw=0.8)
    scores.plot(np.flatnonzero(found.alarms), found.steps[found.alarms], ".", color=ALARM, ms=3)
    threshold = detector.spec.thresholds.pixel
    scores.axhline(threshold, color=ALARM, lw=0.8, ls="--")
    scores.set_ylabel("score of\nthe time step", rotation=0, ha="right", va="center")
    scores.set_xlabel("time step")
    for axes in rows:
        mark(axes, series.faulty)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout(pad=0.4, h_pad=0.2)
    figure.savefig(TARGET, dpi=90, pil_kwargs={"optimize": True})
    metrics = series_metrics(found.steps, series.faulty)
    print(f"{TARGET}: AUROC {metrics.auroc:.3f}, average precision {metrics.average_precision:.3f}")


def mark(axes: Axes, faulty: NDArray[np.bool_]) -> None:
    """Shade the time steps of the faults."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], faulty.astype(np.int8), [0]])))
    for first, end in edges.reshape(-1, 2):
        axes.axvspan(first, end, color=FAULT, lw=0, zorder=0)


if __name__ == "__main__":
    main()
