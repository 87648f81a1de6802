"""``blemish evaluate``: how good a detector is on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import (
    BitRangeOption,
    DetectorOption,
    JsonOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    ReplaceOption,
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
    force: ReplaceOption = False,
) -> None:
    """Compare a detector's answers with labels and masks."""
    options = read_options(bit_range, max_megapixels)
    if out is not None:
        from blemish.files import require_absent

        require_absent(out / "metrics.json", force=force)

    from blemish.cli.printing import print_metrics
    from blemish.cli.progress import progress
    from blemish.inspection import evaluate as run

    with progress("Evaluating") as on_progress:
        result = run(
            data,
            detector=detector,
            split=split,
            out=out,
            layout=layout,
            normal_names=normal,
            bit_range=options.bit_range,
            max_megapixels=options.max_megapixels,
            threads=threads,
            runtime=runtime.value,
            say=speaking.note,
            on_progress=on_progress,
        )
    print_metrics(result.metrics, as_json=as_json)
    if out is not None:
        speaking.note(f"Metrics and plots are in {out}.")
