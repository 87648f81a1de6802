"""``blemish evaluate``: how good a detector is on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from blemish.cli import speaking
from blemish.cli.options import (
    BitRangeOption,
    DetectorOption,
    ForceOption,
    JsonOption,
    LabelledOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    RuntimeChoice,
    RuntimeOption,
    SplitOption,
    ThreadsOption,
    read_options,
)
from blemish.cli.panels import OUTPUT, option


def evaluate(
    detector: DetectorOption,
    data: LabelledOption,
    split: SplitOption = "test",
    as_json: JsonOption = False,
    out: Annotated[
        Path | None, option(OUTPUT, "Folder for metrics.json, images.csv and the plots.", "--out", kind="DIR")
    ] = None,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
    force: ForceOption = False,
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
