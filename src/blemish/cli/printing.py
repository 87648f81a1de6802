"""Records as text for a person."""

from __future__ import annotations

import json
from typing import Any

import typer

from blemish.detectors.schema import DetectorSpec, Sensitivity, Thresholds
from blemish.evaluation import ClassConfusion, Metrics
from blemish.inspection.evaluation_result import metrics_table
from blemish.text import printable


def print_metrics(metrics: Metrics, *, as_json: bool) -> None:
    """Print what an evaluation found, as ``evaluate --json`` does or as a table."""
    if as_json:
        typer.echo(json.dumps(metrics.to_record(), allow_nan=False))
        return
    typer.echo(metrics_table(metrics))
    if metrics.classes:
        typer.echo(f"\n{'class':<20}{'images':>8}{'Dice':>8}{'where present':>15}{'false +':>9}{'missed':>8}")
    for each in metrics.classes:
        of_class = each.to_record()
        rates = zip(
            ("mean_dice", "dice_where_present", "false_positive_rate", "false_negative_rate"),
            (8, 15, 9, 8),
            strict=True,
        )
        shown = "".join(f"{_figure(of_class, name):>{width}}" for name, width in rates)
        typer.echo(f"{printable(each.label):<20}{each.n_with:>8}{shown}")
    if metrics.class_confusion is not None:
        _print_confusion(metrics.class_confusion)


def print_spec(spec: DetectorSpec, *, as_json: bool) -> None:
    """Print what a detector says about itself."""
    if as_json:
        lines = json.dumps(spec.model_dump(mode="json"), indent=2, ensure_ascii=False).split("\n")
        typer.echo("\n".join(map(printable, lines)))
        return
    origin = spec.provenance
    settings = ", ".join(f"{name}={value}" for name, value in sorted(spec.settings.items()))
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(origin.libraries.items()))
    rows = {
        "method": spec.method,
        "settings": settings or "none",
        "an image is seen": spec.input.describe(),
        "computes in": spec.precision,
        "classes": ", ".join(spec.classes) or "none",
        "finds": "cracks" if spec.finds_cracks else "regions",
        "anomaly map": "yes" if spec.localises else "no",
        "thresholds": thresholds_line(spec.thresholds),
        "unknown surface": "not told" if spec.thresholds.surface is None else f"above {spec.thresholds.surface:g}",
        "can be judged": spec.usability.describe(),
        "calibration": _calibration_line(spec),
        "trained on": f"{origin.data}: {origin.n_train} images, {origin.n_held_out} more held out, seed {origin.seed}",
        "fingerprint": origin.fingerprint,
        "libraries": libraries or "not recorded",
    }
    for name, value in rows.items():
        typer.echo(f"{name:<17}{printable(value)}")
    if spec.sensitivity is not None:
        typer.echo(sensitivity_table(spec.sensitivity))


def sensitivity_table(sensitivity: Sensitivity) -> str:
    """The levels to choose from, with what held-out images said of each."""
    rows = [
        f"{number:>11}{one.pixel:>8g}{one.peak:>8g}{one.found:>16.1%}{one.recall:>9.1%}{one.precision:>11.1%}"
        f"{one.false_alarms:>18.1%}"
        for number, one in enumerate(sensitivity.levels, 1)
    ]
    head = "sensitivity   pixel    peak   defects found   recall  precision  normal outlined"
    said = f"measured on {printable(sensitivity.source)}; recall and precision within 2 px"
    return "\n".join([head, *rows, said])


def _calibration_line(spec: DetectorSpec) -> str:
    if spec.calibration is None:
        return "none"
    both = "; both tails: low scores are flagged too, and scores are given as unusualness"
    said = f"{len(spec.calibration.scores)} scores of {spec.calibration.source}"
    return said + both if spec.calibration.tails == "both" else said


def _print_confusion(confusion: ClassConfusion) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("true class", box=box.SIMPLE_HEAD, title="Images by true and predicted class", title_justify="left")
    for label in confusion.labels:
        table.add_column(Text(printable(label)), justify="right")
    for label, row in zip(confusion.labels, confusion.counts, strict=True):
        table.add_row(Text(printable(label)), *(f"{count:,}" for count in row))
    Console().print(table)
    shown = confusion.to_record()
    typer.echo(f"{'accuracy':<20}{_figure(shown, 'accuracy'):>8}")
    typer.echo(f"{'balanced accuracy':<20}{_figure(shown, 'balanced_accuracy'):>8}")


def thresholds_line(thresholds: Thresholds) -> str:
    """Thresholds in one line."""
    limits = {"pixel": thresholds.pixel, "review": thresholds.review, "reject": thresholds.reject}
    said = ", ".join(f"{name} {'none' if value is None else f'{value:g}'}" for name, value in limits.items())
    classes = "".join(
        f"; {one.label}: pixel {one.pixel:g}, regions from {one.min_area_px} px" for one in thresholds.by_class
    )
    gap = "" if not thresholds.gap_px else f" with gaps up to {thresholds.gap_px} px"
    peak = "" if thresholds.peak is None else f" that reach {thresholds.peak:g}"
    window = "" if not thresholds.window_px else f" and beyond a window of {thresholds.window_px} px"
    return printable(
        f"{said}, regions from {thresholds.min_area_px} px{gap}{window}{peak}{classes}; {thresholds.source}"
    )


def _figure(metrics: dict[str, Any], name: str) -> str:
    value = metrics.get(name)
    return "–" if value is None else f"{value:.3f}"
