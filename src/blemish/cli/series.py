"""``blemish series``: learn from recordings of sensors, score others, see how well faults are found, draw examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.completion import method_names
from blemish.cli.options import (
    DetectorOption,
    DrawingSeedOption,
    ForceOption,
    JsonOption,
    ProfileOption,
    SeedOption,
    SetOption,
)
from blemish.cli.panels import DRAWING, INPUT, OUTPUT, THRESHOLDS, TRAINING, argument, option
from blemish.cli.verbs import App

app = App(help="Sensor series (CSV or Parquet): learn normal operation, score windows and time steps.")

_Ignore = Annotated[
    list[str] | None, option(INPUT, "A column that is no sensor; may be repeated.", "--ignore", kind="COLUMN")
]
_Recording = Annotated[Path, argument("CSV or Parquet table, a row per time step.", "FILE")]


@app.command()
def train(
    method: Annotated[
        str,
        argument(
            'A method with a form for series; "blemish methods" marks them.', "METHOD", autocompletion=method_names
        ),
    ],
    data: Annotated[
        list[Path], option(INPUT, "Recording of normal operation; may be repeated.", "--data", kind="FILE")
    ],
    out: Annotated[Path, option(OUTPUT, "Detector file to write, ending in .blemish.", "--out", kind="FILE")],
    window: Annotated[int, option(TRAINING, "Time steps in one window.", "--window", kind="STEPS")] = 64,
    stride: Annotated[
        int | None,
        option(TRAINING, "Steps from window to window; a quarter of a window if not given.", "--stride", kind="STEPS"),
    ] = None,
    ignore: _Ignore = None,
    assignments: SetOption = None,
    profile: ProfileOption = "quick",
    seed: SeedOption = 0,
    force: ForceOption = False,
) -> None:
    """Learn from recordings of normal operation and write one portable detector file."""
    from blemish.detectors import require_free

    require_free(out, force=force)
    # Torch takes seconds to import.
    from blemish.training import train_series
    from blemish.training.recipes import parse_assignments

    train_series(
        method,
        data,
        out,
        window_steps=window,
        stride_steps=stride,
        ignore=ignore or (),
        settings=parse_assignments(assignments or []),
        profile=profile,
        seed=seed,
        say=speaking.note,
    )


@app.command()
def score(
    recording: _Recording,
    detector: DetectorOption,
    out: Annotated[Path, option(OUTPUT, "CSV to write: a line per time step.", "--out", kind="FILE")],
    windows: Annotated[
        Path | None, option(OUTPUT, "CSV to write: a line per window.", "--windows", kind="FILE")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Score every time step and every window of a recording; no torch needed."""
    from blemish.datasets import read_series
    from blemish.detectors import load_series_detector
    from blemish.files import require_absent, write_text

    for target in (out, *([] if windows is None else [windows])):
        require_absent(target, force=force)
    loaded = load_series_detector(detector)
    found = loaded.score(read_series(recording, columns=loaded.form.columns))
    alarms = [""] * len(found.steps) if found.alarms is None else found.alarms.astype(int).tolist()
    lines = [f"{step},{value:.9g},{alarm}" for step, (value, alarm) in enumerate(zip(found.steps, alarms, strict=True))]
    write_text(out, "\n".join(["step,score,alarm", *lines]) + "\n")
    if windows is not None:
        unknown = [""] * len(found.windows)
        p = unknown if found.p_values is None else [f"{value:.6g}" for value in found.p_values]
        rejected = unknown if found.rejected is None else found.rejected.astype(int).tolist()
        rows = zip(found.starts, found.windows, p, rejected, strict=True)
        lines = [f"{start},{value:.9g},{p_value},{flag}" for start, value, p_value, flag in rows]
        write_text(windows, "\n".join(["first_step,score,p_value,rejected", *lines]) + "\n")
    many = 0 if found.rejected is None else int(found.rejected.sum())
    typer.echo(f"{len(found.windows)} windows, {many} rejected; scores of {len(found.steps)} time steps in {out}.")


@app.command()
def evaluate(
    detector: DetectorOption,
    data: Annotated[Path, option(INPUT, "Recording with known faults.", "--data", kind="FILE")],
    faults: Annotated[str, option(INPUT, "Column with 1 where a fault is and 0 elsewhere.", "--faults", kind="COLUMN")],
    rate: Annotated[
        float, option(THRESHOLDS, "False-alarm rate among normal steps.", "--rate", kind="FRACTION", min=0, max=0.99)
    ] = 0.01,
    as_json: JsonOption = False,
) -> None:
    """Say how well known faults are found, without point-adjustment."""
    import json
    from dataclasses import asdict

    from blemish.datasets import read_series
    from blemish.detectors import load_series_detector
    from blemish.evaluation.series_metrics import series_metrics

    loaded = load_series_detector(detector)
    series = read_series(data, columns=loaded.form.columns, fault_column=faults)
    metrics = series_metrics(loaded.score(series).steps, series.faulty if series.faulty is not None else [], rate)
    if as_json:
        typer.echo(json.dumps(asdict(metrics), indent=2))
        return
    if metrics.auroc is None or metrics.average_precision is None or metrics.events is None:
        typer.echo(f"{metrics.steps} time steps are all of one kind: there is nothing to rank.")
        return
    events = metrics.events
    typer.echo(f"AUROC {metrics.auroc:.3f} and average precision {metrics.average_precision:.3f} over time steps")
    typer.echo(
        f"{events.found} of {events.events} faults found with {events.false_alarm_rate:.2%} of normal steps flagged "
        f"(random scores: {events.by_chance:.0%})"
    )


@app.command()
def synth(
    out: Annotated[Path, option(OUTPUT, "CSV to write: sensors, and the column fault.", "--out", kind="FILE")],
    steps: Annotated[int, option(DRAWING, "Time steps.", "--steps", kind="N", min=200)] = 1500,
    sensors: Annotated[int, option(DRAWING, "Columns.", "--sensors", kind="N", min=1)] = 3,
    faults: Annotated[int, option(DRAWING, "How many faults, of known place.", "--faults", kind="N", min=0)] = 0,
    seed: DrawingSeedOption = 0,
    force: ForceOption = False,
) -> None:
    """Draw a recording of a turning machine, with faults where asked for: something to try the rest on."""
    from blemish.errors import SettingsError
    from blemish.files import require_absent, write_text
    from blemish.synthesis.sensor_series import draw_sensor_series

    if faults * 100 > steps:
        raise SettingsError(f"{faults} faults do not fit into {steps} time steps; give 100 steps for each.")
    require_absent(out, force=force)
    series = draw_sensor_series(steps, columns=sensors, faults=faults, seed=seed)
    marks = [False] * steps if series.faulty is None else series.faulty.tolist()
    rows = (",".join(f"{v:.6g}" for v in row) + f",{mark:d}" for row, mark in zip(series.values, marks, strict=True))
    write_text(out, "\n".join([",".join((*series.columns, "fault")), *rows]) + "\n")
    typer.echo(f"{steps} time steps of {sensors} sensors with {faults} faults in {out}.")
