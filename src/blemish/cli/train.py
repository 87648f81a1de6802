"""``blemish train``: from a folder of images to a detector file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from blemish.cli import speaking
from blemish.cli.completion import method_names
from blemish.cli.options import (
    BitRangeOption,
    ForceOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    ProfileOption,
    SeedOption,
    SetOption,
    StoreOption,
    ThresholdRuleOption,
    read_options,
)
from blemish.cli.panels import INPUT, MACHINE, OUTPUT, TRAINING, argument, option


class PrecisionChoice(StrEnum):
    """Number formats of a training."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


_Method = Annotated[
    str,
    argument(
        'A method ("blemish methods" lists them), a recipe, or "auto", which tries a few and takes the best.',
        "METHOD",
        autocompletion=method_names,
    ),
]
_Out = Annotated[
    Path,
    option(
        OUTPUT,
        "Detector file to write, ending in .blemish; a folder for methods that run under torch only.",
        "--out",
        kind="FILE",
    ),
]
_Data = Annotated[Path | None, option(INPUT, "Folder or table of images.", "--data", kind="PATH")]
_Reviews = Annotated[
    str | None,
    option(
        INPUT,
        "Instead of --data: the store of blemish serve, or its database's file or URL; reviewed images are taken.",
        "--reviews",
        kind="DATABASE",
    ),
]
_Recipe = Annotated[
    Path | None,
    option(
        TRAINING,
        "Recipe of a published experiment: a file (YAML) or the name of one shipped.",
        "--recipe",
        kind="NAME|FILE",
    ),
]
_Weights = Annotated[
    Path | None, option(TRAINING, "Pretrained weights of the backbone (safetensors).", "--weights", kind="FILE")
]
_Start = Annotated[
    Path | None, option(TRAINING, "weights.safetensors of an earlier training.", "--start-from", kind="FILE")
]
_Precision = Annotated[
    PrecisionChoice,
    option(
        MACHINE,
        "Numbers while training; auto is bfloat16 where the processor has it.",
        "--precision",
        kind=PrecisionChoice,
    ),
]
_Devices = Annotated[
    int,
    option(
        MACHINE,
        "Share every batch among so many GPUs of this machine, or processes where it has none; for methods fitted by "
        "gradient.",
        "--devices",
        kind="N",
        min=1,
    ),
]


def train(
    method: _Method,
    out: _Out,
    data: _Data = None,
    reviews: _Reviews = None,
    store: StoreOption = None,
    assignments: SetOption = None,
    recipe: _Recipe = None,
    profile: ProfileOption = "quick",
    seed: SeedOption = 0,
    weights: _Weights = None,
    start: _Start = None,
    threshold_rule: ThresholdRuleOption = None,
    precision: _Precision = PrecisionChoice.AUTO,
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
