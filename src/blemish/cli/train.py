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
_Devices = Annotated[
    int,
    typer.Option(
        min=1,
        help="Share every batch among so many GPUs of this machine, or processes where it has none; for methods "
        "fitted by gradient.",
    ),
]
_Reviews = Annotated[
    str | None,
    typer.Option(
        help="Instead of --data: the store of blemish serve, or its database's file or URL; reviewed images are taken.",
        metavar="DATABASE",
        show_default=False,
    ),
]
_Store = Annotated[
    Path | None,
    typer.Option(
        help="With --reviews URL: the folder of the service's pictures, blemish serve --store.",
        metavar="DIR",
        show_default=False,
    ),
]


def train(
    method: _Method,
    out: _Out,
    data: Annotated[Path | None, typer.Option(help="Folder or table of images.", show_default=False)] = None,
    reviews: _Reviews = None,
    store: _Store = None,
    assignments: SetOption = None,
    recipe: _Recipe = None,
    profile: ProfileOption = "quick",
    seed: SeedOption = 0,
    weights: Annotated[Path | None, typer.Option(help="Pretrained weights of the backbone (safetensors).")] = None,
    start: _Start = None,
    threshold_rule: ThresholdRuleOption = None,
    precision: PrecisionOption = PrecisionChoice.AUTO,
    devices: _Devices = 1,
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

    if (data is None) == (reviews is None):
        raise SettingsError("Give either --data, a folder or table of images, or --reviews, the database of a service.")
    reading = read_options(bit_range, max_megapixels)
    how: dict[str, Any] = {
        "settings": parse_assignments(assignments or []),
        "recipe": recipe,
        "profile": profile,
        "seed": seed,
        "start": start,
        "precision": precision.value,
        "devices": devices,
        "say": speaking.note,
    }
    if method != AUTO and not find_method(method)[0].info.exportable:
        if threshold_rule is not None:
            raise SettingsError(f'"{method}" leaves scores and no detector: there is no threshold to set.')
        _train_under_torch(
            method,
            _images(data, reviews, store, out),
            out,
            {"layout": layout, "normal_names": normal, "options": reading},
            how,
        )
        return
    require_free(out, force=force)
    run(
        method,
        _images(data, reviews, store, out),
        out,
        weights=weights,
        threshold_rule=threshold_rule,
        layout=layout,
        normal_names=normal,
        bit_range=reading.bit_range,
        max_megapixels=reading.max_megapixels,
        **how,
    )


def _images(data: Path | None, reviews: str | None, store: Path | None, out: Path) -> Path:
    """The data set: as given, or what people have decided about, written beside ``out``."""
    if data is not None:
        return data
    from shutil import rmtree

    from blemish.serving.learning.opening import write_reviewed_images

    assert reviews is not None
    folder = out.with_suffix(".training") / "reviewed"
    # Anew each time; as long as nothing was decided since, an interrupted training goes on all the same.
    rmtree(folder, ignore_errors=True)
    speaking.note(write_reviewed_images(reviews, folder, store=store).sentence)
    return folder


def _train_under_torch(method: str, data: Path, out: Path, reading: dict[str, Any], how: dict[str, Any]) -> None:
    from blemish.cli.printing import print_metrics
    from blemish.datasets import read_dataset
    from blemish.training import train_and_test

    tested = train_and_test(method, read_dataset(data, **reading), out, **how)
    if tested.metrics is not None:
        print_metrics(tested.metrics, as_json=False)
        how["say"](f"Scores of the test images are in {tested.scores}.")
