"""``blemish train``: from a folder of images to a detector file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from blemish.cli import speaking
from blemish.cli.completion import method_names
from blemish.cli.options import (
    BitRangeOption,
    ForceOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    PrecisionChoice,
    PrecisionOption,
    ProfileOption,
    SeedOption,
    SetOption,
    ThresholdRuleOption,
    read_options,
)

_Method = Annotated[
    str,
    typer.Argument(
        help='A method ("blemish methods" lists them), a recipe, or "auto", which tries a few and takes the best.',
        show_default=False,
        autocompletion=method_names,
    ),
]
_Out = Annotated[
    Path,
    typer.Option(
        help="Detector file to write, ending in .blemish; a folder for methods that run under torch only.",
        show_default=False,
    ),
]
_Recipe = Annotated[
    Path | None, typer.Option(help="Recipe of a published experiment: a file (YAML) or the name of one shipped.")
]
_Start = Annotated[
    Path | None, typer.Option("--start-from", help="weights.safetensors of an earlier training.", metavar="FILE")
]


def train(
    method: _Method,
    data: Annotated[Path, typer.Option(help="Folder or table of images.", show_default=False)],
    out: _Out,
    assignments: SetOption = None,
    recipe: _Recipe = None,
    profile: ProfileOption = "quick",
    seed: SeedOption = 0,
    weights: Annotated[Path | None, typer.Option(help="Pretrained weights of the backbone (safetensors).")] = None,
    start: _Start = None,
    threshold_rule: ThresholdRuleOption = None,
    precision: PrecisionOption = PrecisionChoice.AUTO,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    force: ForceOption = False,
) -> None:
    """Learn from images and write one portable detector file; the same command resumes an interrupted training."""
    from blemish.detectors import require_free
    from blemish.errors import SettingsError
    from blemish.training import train as run
    from blemish.training.automatic import AUTO
    from blemish.training.recipes import find_method, parse_assignments

    reading = read_options(bit_range, max_megapixels)
    how: dict[str, Any] = {
        "settings": parse_assignments(assignments or []),
        "recipe": recipe,
        "profile": profile,
        "seed": seed,
        "start": start,
        "precision": precision.value,
        "say": speaking.note,
    }
    if method != AUTO and not find_method(method)[0].info.exportable:
        if threshold_rule is not None:
            raise SettingsError(f'"{method}" leaves scores and no detector: there is no threshold to set.')
        _train_under_torch(method, data, out, {"layout": layout, "normal_names": normal, "options": reading}, how)
        return
    require_free(out, force=force)
    run(
        method,
        data,
        out,
        weights=weights,
        threshold_rule=threshold_rule,
        layout=layout,
        normal_names=normal,
        bit_range=reading.bit_range,
        max_megapixels=reading.max_megapixels,
        **how,
    )


def _train_under_torch(method: str, data: Path, out: Path, reading: dict[str, Any], how: dict[str, Any]) -> None:
    from blemish.cli.printing import print_metrics
    from blemish.datasets import read_dataset
    from blemish.training import train_and_test

    tested = train_and_test(method, read_dataset(data, **reading), out, **how)
    if tested.metrics is not None:
        print_metrics(tested.metrics, as_json=False)
        how["say"](f"Scores of the test images are in {tested.scores}.")
