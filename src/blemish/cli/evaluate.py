"""``blemish evaluate``: how good a detector is on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import (
    BitRangeOption,
    DetectorOption,
    JsonOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    RuntimeChoice,
    RuntimeOption,
    ThreadsOption,
    read_options,
)


def evaluate(
    detector: DetectorOption,
    data: Annotated[Path, typer.Option(help="A labelled data set: a folder or a manifest.", metavar="PATH")],
    split: Annotated[str, typer.Option(help="Which split to use, where the data has any.")] = "test",
    as_json: JsonOption = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for metrics.json, images.csv and the plots.", metavar="DIR")
    ] = None,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Compare a detector's answers with labels and masks."""
    from blemish.cli.progress import ticking
    from blemish.cli.tables import print_metrics
    from blemish.cpu import images_at_once
    from blemish.datasets import read_dataset
    from blemish.detectors import load
    from blemish.evaluation import Evaluation
    from blemish.images import range_warning
    from blemish.inspection import Portfolio, choose_split, evaluate_each

    dataset = read_dataset(data, layout=layout, normal_names=normal, options=read_options(bit_range, max_megapixels))
    at_once = images_at_once(len(dataset), threads)
    loaded = load(detector, threads=threads, images_at_once=at_once, runtime=runtime.value)
    chosen = choose_split(dataset, split, trained_on=loaded.spec.provenance.images)
    for note in chosen.notes:
        typer.echo(note, err=True)
    strangers = [label for label in chosen.classes if label not in loaded.spec.classes]
    if len(loaded.spec.classes) > 1 and strangers:
        typer.echo(
            f"The detector was not taught the class {', '.join(strangers)}: it counts in the figures of images and "
            "pixels, not in those of classes.",
            err=True,
        )
    evaluation = Evaluation(reject=loaded.spec.thresholds.reject, classes=loaded.spec.classes)
    portfolio = Portfolio()
    likely = []
    with ticking("Evaluating", len(chosen)) as advance:
        for answer in evaluate_each(loaded, chosen, evaluation):
            likely.append(answer.found.finding.likely_range)
            if out is not None:
                portfolio.add(answer)
            advance()
    if (depth := range_warning(likely)) is not None:
        typer.echo(depth, err=True)
    metrics = evaluation.result()
    print_metrics(metrics, as_json=as_json)
    if out is not None:
        portfolio.write(out, metrics, loaded.spec.thresholds)
        typer.echo(f"Figures and plots are in {out}.", err=True)
