"""Curves and distributions as PNG files: ROC, precision-recall, scores by class, confusion matrix, losses.

Every function draws from raw scores and counts and writes one file, whole or not at all. Matplotlib comes with
``blemish[train]``; without it each raises MissingExtraError.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.errors import DataError
from blemish.evaluation import ranking
from blemish.evaluation.class_confusion import ClassConfusion
from blemish.evaluation.confusion import Confusion
from blemish.reports.png_figure import DEFECTIVE, NORMAL, OTHERS, class_colours, png_figure

_MAX_BINS = 60
_LOGGED = ("loss", "accuracy")


def draw_roc(target: Path, scores: ArrayLike, defective: ArrayLike, *, title: str = "ROC") -> None:
    """The ROC curve with its area.

    Args:
        target: PNG file to write.
        scores: (n,) raw scores, higher is worse.
        defective: (n,) bool.
        title: above the plot.

    Raises:
        DataError: one class only, or NaN or infinite scores.
    """
    curve, area = ranking.roc_curve(scores, defective), ranking.auroc(scores, defective)
    if curve is None:
        raise DataError("A ROC curve needs normal and defective items; only one of the two is there.")
    with png_figure(target, width_in=4, height_in=4, title=title) as figure:
        axes = figure.add_subplot(aspect="equal")
        axes.plot([0, 1], [0, 1], color="#c8ced4", lw=1, ls="--")
        axes.plot(curve.false_positive_rate, curve.true_positive_rate, color=DEFECTIVE, label=f"AUROC {area:.4f}")
        axes.set(xlabel="false-positive rate", ylabel="true-positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.legend(loc="lower right")


def draw_precision_recall(
    target: Path, scores: ArrayLike, defective: ArrayLike, *, title: str = "Precision and recall"
) -> None:
    """The precision-recall curve with the average precision and, dashed, what chance would give.

    Arguments and errors as `draw_roc`.
    """
    curve, area = ranking.precision_recall_curve(scores, defective), ranking.average_precision(scores, defective)
    best = ranking.best_f1(scores, defective)
    if curve is None or best is None:
        raise DataError("A precision-recall curve needs normal and defective items; only one of the two is there.")
    chance = float(np.mean(np.asarray(defective, dtype=np.bool_)))
    at = int(np.flatnonzero(curve.threshold == best.threshold)[0])
    with png_figure(target, width_in=4, height_in=4, title=title) as figure:
        axes = figure.add_subplot(aspect="equal")
        axes.axhline(chance, color="#c8ced4", lw=1, ls="--")
        # Between two thresholds no precision is reached: steps, as the average precision adds them up.
        axes.step(
            np.concatenate([[0.0], curve.recall]),
            np.concatenate([curve.precision[:1], curve.precision]),
            where="pre",
            color=DEFECTIVE,
            label=f"average precision {area:.4f}",
        )
        axes.plot(
            curve.recall[at],
            curve.precision[at],
            "o",
            ms=5,
            color=NORMAL,
            label=f"best F1 {best.f1:.4f}, at {best.threshold:.4g}",
        )
        axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.legend(loc="lower left")


def draw_histograms(
    target: Path,
    scores: Mapping[str, ArrayLike],
    *,
    thresholds: Mapping[str, float] | None = None,
    title: str = "Scores by class",
) -> None:
    """Histograms of raw scores, one per class on the same bins, as fractions of the class.

    Args:
        target: PNG file to write.
        scores: (n,) raw scores by class name; the normal class first.
        thresholds: vertical lines by name, such as ``{"review": 0.4, "reject": 0.7}``.
        title: above the plot.

    Raises:
        DataError: no scores, or NaN or infinite ones.
    """
    by_class = _checked_classes(scores)
    edges = np.histogram_bin_edges(np.concatenate(list(by_class.values())), bins="auto")
    if edges.size - 1 > _MAX_BINS:
        edges = np.linspace(edges[0], edges[-1], _MAX_BINS + 1)
    with png_figure(target, title=title) as figure:
        axes = figure.add_subplot()
        for name, colour in class_colours(list(by_class)).items():
            values = by_class[name]
            fractions = np.full(values.size, 1.0 / values.size)
            label = f"{name} ({values.size})"
            axes.hist(values, bins=edges.tolist(), weights=fractions, color=colour, alpha=0.45, label=label)
            axes.hist(values, bins=edges.tolist(), weights=fractions, color=colour, histtype="step", lw=1.2)
        for number, (name, at) in enumerate((thresholds or {}).items()):
            axes.axvline(at, color="#22272b", lw=1, ls=("--", ":", "-.")[number % 3], label=f"{name} ≥ {at:.4g}")
        axes.set(xlabel="raw score", ylabel="fraction of the class")
        axes.legend()


def draw_boxes(target: Path, scores: Mapping[str, ArrayLike], *, title: str = "Scores by class") -> None:
    """Box plots of raw scores, one per class: quartiles, whiskers to 1.5 interquartile ranges, single points beyond.

    Arguments and errors as `draw_histograms`.
    """
    by_class = _checked_classes(scores)
    colours = class_colours(list(by_class))
    with png_figure(target, width_in=max(3.0, 1.0 + 0.9 * len(by_class)), height_in=3.8, title=title) as figure:
        axes = figure.add_subplot()
        drawn = axes.boxplot(
            list(by_class.values()),
            widths=0.6,
            patch_artist=True,
            medianprops={"color": "#22272b"},
            flierprops={"marker": ".", "markersize": 3, "markeredgecolor": "#7b8794"},
        )
        for box, name in zip(drawn["boxes"], by_class, strict=True):
            box.set(facecolor=colours[name], alpha=0.6)
        names = [f"{name}\n({values.size})" for name, values in by_class.items()]
        axes.set_xticks(range(1, len(by_class) + 1), names)
        axes.set(ylabel="raw score")


def draw_confusion(
    target: Path,
    confusion: Confusion,
    *,
    names: tuple[str, str] = ("normal", "defective"),
    title: str = "Confusion matrix",
) -> None:
    """The 2 × 2 matrix of decisions, with counts and fractions of each true class.

    Args:
        target: PNG file to write.
        confusion: the counts.
        names: of the normal and the defective class.
        title: above the plot.
    """
    with png_figure(target, width_in=3.6, height_in=3.4, title=title) as figure:
        axes = figure.add_subplot()
        _draw_counts(axes, confusion.matrix(), fontsize=11)
        axes.set_xticks([0, 1], ["passed", "flagged"])
        axes.set_yticks([0, 1], names, rotation=90, va="center")
        axes.set(xlabel="decision", ylabel="truth")


def draw_class_confusion(target: Path, confusion: ClassConfusion, *, title: str = "Confusion of classes") -> None:
    """The matrix of true and predicted classes, with counts and fractions of each true class.

    Args:
        target: PNG file to write.
        confusion: the counts.
        title: above the plot.
    """
    side_in = 2.4 + 0.75 * len(confusion.labels)
    ticks = range(len(confusion.labels))
    with png_figure(target, width_in=side_in, height_in=side_in, title=title) as figure:
        axes = figure.add_subplot()
        _draw_counts(axes, confusion.counts, fontsize=9)
        axes.set_xticks(ticks, confusion.labels, rotation=45, ha="right")
        axes.set_yticks(ticks, confusion.labels)
        axes.set(xlabel="predicted", ylabel="truth")


def _draw_counts(axes: Any, counts: NDArray[np.int64], *, fontsize: float) -> None:
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count:,}\n{100 * fractions[row, column]:.1f} %"
        colour = "white" if fractions[row, column] > 0.55 else "#22272b"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=fontsize)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def draw_training_curves(target: Path, log: Path, *, title: str = "Training") -> None:
    """Every loss of a CSV log by epoch, and in a second panel every accuracy, where there are some.

    Where a value was logged more often than once an epoch, the mean over the epoch is drawn.

    Args:
        target: PNG file to write.
        log: CSV with a column ``epoch`` and columns whose names contain ``loss`` or ``accuracy``; empty cells are
            skipped.
        title: above the plot.

    Raises:
        DataError: the log is missing, is no such CSV, or holds no losses.
    """
    curves = _read_log(log)
    kinds = [kind for kind in _LOGGED if any(kind in name for name in curves)]
    with png_figure(target, width_in=1 + 4 * len(kinds), title=title) as figure:
        for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            _draw_kind(axes, {name: points for name, points in curves.items() if kind in name})
            axes.set(xlabel="epoch", ylabel=kind)


def _draw_kind(axes: Any, curves: Mapping[str, Mapping[int, float]]) -> None:
    palette = (NORMAL, DEFECTIVE, *OTHERS)
    for number, (name, points) in enumerate(curves.items()):
        epochs, values = np.array(sorted(points.items())).T
        colour = palette[number % len(palette)]
        axes.plot(epochs, values, marker="o" if len(points) < 40 else None, ms=3, color=colour, label=name)
    every = np.concatenate([list(points.values()) for points in curves.values()])
    if every.min() > 0 and every.max() > 100 * every.min():
        axes.set_yscale("log")
        # Matplotlib's own labels are formulas, which a title or class name must not become.
        axes.yaxis.set_major_formatter("{x:g}")
    axes.locator_params(axis="x", integer=True)
    axes.legend()


def _read_log(log: Path) -> dict[str, dict[int, float]]:
    """Name of a loss or accuracy -> epoch, from 1 -> mean value."""
    gathered: dict[str, dict[int, list[float]]] = {}
    try:
        with Path(log).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for name, cell in row.items():
                    if name and cell and any(kind in name for kind in _LOGGED):
                        gathered.setdefault(name, {}).setdefault(int(row["epoch"]) + 1, []).append(float(cell))
    except OSError as error:
        raise DataError(f'Cannot read the log "{log}": {error.strerror}; give a CSV file.') from error
    except (KeyError, ValueError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f'"{log}" is no log of losses; a CSV with a column "epoch" and number columns named "…loss…" is needed.'
        ) from error
    if not any("loss" in name for name in gathered):
        raise DataError(f'"{log}" holds no losses; a column whose name contains "loss" is needed.')
    return {
        name: {epoch: float(np.mean(values)) for epoch, values in points.items()} for name, points in gathered.items()
    }


def _checked_classes(scores: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    by_class = {name: np.asarray(values, dtype=np.float64).ravel() for name, values in scores.items()}
    by_class = {name: values for name, values in by_class.items() if values.size}
    if not by_class:
        raise DataError("There are no scores to draw.")
    for name, values in by_class.items():
        if not np.isfinite(values).all():
            raise DataError(f'Some scores of the class "{name}" are NaN or infinite; all must be finite.')
    return by_class
