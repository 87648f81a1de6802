"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from blemish.cli.completion import detector_names, layout_names
from blemish.cli.panels import DRAWING, INPUT, MACHINE, OUTPUT, READING, THRESHOLDS, TRAINING, argument, option

if TYPE_CHECKING:
    from blemish.images import ReadOptions


class RuntimeChoice(StrEnum):
    """What can run a detector's graph."""

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_FAST = "openvino-fast"


DetectorOption = Annotated[
    str,
    option(
        INPUT,
        "A .blemish file, or the name of a bundled detector.",
        "--detector",
        kind="FILE",
        autocompletion=detector_names,
    ),
]
DetectorArgument = Annotated[
    Path, argument("A .blemish file, or the name of a bundled detector.", "FILE", autocompletion=detector_names)
]
LabelledOption = Annotated[Path, option(INPUT, "A labelled data set: a folder or a manifest.", "--data", kind="PATH")]
SplitOption = Annotated[str, option(INPUT, "Which split to use, where the data has any.", "--split", kind="NAME")]
StoreOption = Annotated[
    Path | None,
    option(INPUT, "With the URL of a database: the folder of the service's pictures.", "--store", kind="DIR"),
]

JsonOption = Annotated[bool, option(OUTPUT, "Print JSON to stdout, and messages to stderr.", "--json")]
ForceOption = Annotated[bool, option(OUTPUT, "Replace files that are there, instead of refusing to.", "--force")]
NewFileOption = Annotated[
    Path | None, option(OUTPUT, "Write a new file instead of changing this one.", "--out", kind="FILE")
]
ReportOption = Annotated[bool, option(OUTPUT, "Write report.html.", "--report/--no-report")]

SetOption = Annotated[
    list[str] | None, option(TRAINING, "Change one setting; may be repeated.", "--set", kind="KEY=VALUE")
]
ProfileOption = Annotated[
    str, option(TRAINING, "quick (minutes on two cores) or paper (as published).", "--profile", kind="NAME")
]
SeedOption = Annotated[int, option(TRAINING, "Decides everything random.", "--seed", kind="N")]
DrawingSeedOption = Annotated[int, option(DRAWING, "Another seed, another drawing.", "--seed", kind="N", min=0)]

ThresholdRuleOption = Annotated[
    str | None,
    option(
        THRESHOLDS,
        "Reject by a published rule, without a guarantee: mean-std:K, min-max:F or fixed:T.",
        "--threshold-rule",
        kind="RULE",
    ),
]
ConfidenceOption = Annotated[
    float, option(THRESHOLDS, "Confidence with which the rates hold.", "--confidence", kind="FRACTION")
]

LayoutOption = Annotated[
    str | None,
    option(READING, "Read it as this layout.", "--layout", kind="NAME", autocompletion=layout_names),
]
NormalOption = Annotated[
    list[str] | None, option(READING, "A class without defects; may be repeated.", "--normal", kind="NAME")
]
BitRangeOption = Annotated[
    str | None,
    option(
        READING,
        "Raw values that become black and white in files of more than 8 bits, as 0,4095 or 19.5,21.5.",
        "--bit-range",
        kind="LOW,HIGH",
    ),
]
MaxMegapixelsOption = Annotated[
    float | None,
    option(
        READING,
        "Refuse larger images; if not given, above 500 and of a suspicious size.",
        "--max-megapixels",
        kind="N",
    ),
]

ThreadsOption = Annotated[
    int | None, option(MACHINE, "Cores to use; all of them if not given.", "--threads", kind="N", min=1)
]
RuntimeOption = Annotated[
    RuntimeChoice,
    option(
        MACHINE,
        "What runs the detector's graph; auto: the fastest with the same answers, measured once on this machine; "
        "openvino-fast: in bfloat16, which moves scores.",
        "--runtime",
        kind=RuntimeChoice,
    ),
]


def read_options(bit_range: str | None, max_megapixels: float | None) -> ReadOptions:
    """Both options together. Raises SettingsError where one of them makes no sense."""
    from blemish.cli.scale_options import pair_of
    from blemish.images import ReadOptions

    limits = None if bit_range is None else pair_of("--bit-range", bit_range)
    return ReadOptions(limits, max_megapixels)
