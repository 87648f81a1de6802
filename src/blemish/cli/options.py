"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli.completion import detector_names, layout_names

if TYPE_CHECKING:
    from blemish.images import ReadOptions

DetectorOption = Annotated[
    str,
    typer.Option(
        "--detector",
        help="A .blemish file, or the name of a bundled detector.",
        metavar="FILE",
        autocompletion=detector_names,
    ),
]
DetectorArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A .blemish file, or a bundled detector.", autocompletion=detector_names)
]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        "--layout",
        help="Read it as this layout.",
        metavar="NAME",
        show_default=False,
        rich_help_panel="Reading images",
        autocompletion=layout_names,
    ),
]
NormalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--normal",
        help="A class without defects; may be repeated.",
        metavar="NAME",
        show_default=False,
        rich_help_panel="Reading images",
    ),
]
BitRangeOption = Annotated[
    str | None,
    typer.Option(
        "--bit-range",
        help="Raw values that become black and white in files of more than 8 bits, as 0,4095 or 19.5,21.5.",
        metavar="LOW,HIGH",
        show_default=False,
        rich_help_panel="Reading images",
    ),
]
MaxMegapixelsOption = Annotated[
    float | None,
    typer.Option(
        "--max-megapixels",
        help="Refuse larger images; if not given, above 500 and of a suspicious size.",
        metavar="N",
        show_default=False,
        rich_help_panel="Reading images",
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting; may be repeated.")
]
ProfileOption = Annotated[
    str, typer.Option("--profile", help="quick (minutes on two cores) or paper (as published).", metavar="NAME")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Decides everything random.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON to stdout, and messages to stderr.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Cores to use; all of them if not given.",
        metavar="N",
        show_default=False,
        rich_help_panel="Machine",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the detector that --out names, if there is one.")]


ReplaceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there already.")]


def read_options(bit_range: str | None, max_megapixels: float | None) -> ReadOptions:
    """Both options together. Raises SettingsError where one of them makes no sense."""
    from blemish.cli.scale_options import pair_of
    from blemish.images import ReadOptions

    limits = None if bit_range is None else pair_of("--bit-range", bit_range)
    return ReadOptions(limits, max_megapixels)


class TailsChoice(StrEnum):
    """Which scores are unusual, as on the command line."""

    UPPER = "upper"
    BOTH = "both"
    AUTO = "auto"


class RuntimeChoice(StrEnum):
    """What can run a detector's graph."""

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_FAST = "openvino-fast"


ThresholdRuleOption = Annotated[
    str | None,
    typer.Option(
        "--threshold-rule",
        help="Reject by a published rule, without a guarantee: mean-std:K, min-max:F or fixed:T.",
        metavar="RULE",
        show_default=False,
    ),
]


class PrecisionChoice(StrEnum):
    """Number formats of a training."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


PrecisionOption = Annotated[
    PrecisionChoice,
    typer.Option("--precision", help="Numbers while training; auto is bfloat16 where the processor has it."),
]

RuntimeOption = Annotated[
    RuntimeChoice,
    typer.Option(
        "--runtime",
        help="What runs the detector's graph; auto: the fastest with the same answers, measured once on this machine; "
        "openvino-fast: in bfloat16, which moves scores.",
        rich_help_panel="Machine",
    ),
]
