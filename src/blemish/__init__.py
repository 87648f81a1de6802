"""blemish learns what a normal surface looks like, then finds, outlines, measures and reports what is wrong.

Each verb of the command line is a function here, which does the whole job and returns what came of it:

============  ==========================================================================================
`inspect`     images through a detector: findings, overlays, masks, the run's record, a report
`measure`     the cracks of a mask, from wherever it comes
`evaluate`    a detector against labelled images
`calibrate`   thresholds with a guaranteed false-alarm rate, from normal images
`export`      a detector's graph for other programs, or the detector in int8
`train`       a method on images, into a detector file
`benchmark`   recipes on data sets with several seeds
`reproduce`   a published system, its tables beside the published ones
`load`        a detector, to inspect image by image
============  ==========================================================================================

>>> import blemish
>>> from blemish.synthesis import draw_image
>>> wall = draw_image(5, size_px=256, cracked=True).image
>>> blemish.load("concrete-crack").inspect(wall).verdict
'reject'

Names are imported on first use, so that ``import blemish`` costs nothing. `train`, `benchmark` and `reproduce` need
the extra ``train``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from blemish.benchmarking import benchmark
    from blemish.detectors import Detector, Inspection, load
    from blemish.errors import BlemishError
    from blemish.findings import Finding
    from blemish.inspection import calibrate, evaluate, export, inspect, measure
    from blemish.reproduction import reproduce
    from blemish.training.train import train

__version__ = "0.2.0"

_HOMES = {
    "BlemishError": "blemish.errors",
    "Detector": "blemish.detectors",
    "Finding": "blemish.findings",
    "Inspection": "blemish.detectors",
    "benchmark": "blemish.benchmarking",
    "calibrate": "blemish.inspection",
    "evaluate": "blemish.inspection",
    "export": "blemish.inspection",
    "inspect": "blemish.inspection",
    "load": "blemish.detectors",
    "measure": "blemish.inspection",
    "reproduce": "blemish.reproduction",
    "train": "blemish.training",
}
_OF_THE_LEARNING_SIDE = {"benchmark", "reproduce", "train"}

__all__ = [
    "BlemishError",
    "Detector",
    "Finding",
    "Inspection",
    "__version__",
    "benchmark",
    "calibrate",
    "evaluate",
    "export",
    "inspect",
    "load",
    "measure",
    "reproduce",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'blemish' has no attribute {name!r}")
    if name in _OF_THE_LEARNING_SIDE and not _is_installed("torch"):
        # Asking for the name raises nothing: hasattr, help and import * must work on the using side, too.
        return _stand_in(name)
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _stand_in(name: str) -> Any:
    from blemish.errors import MissingExtraError, install_hint

    message = f"blemish.{name} needs the learning side: {install_hint('train')}."

    def stand_in(*_: Any, **__: Any) -> NoReturn:
        raise MissingExtraError(message)

    stand_in.__name__ = stand_in.__qualname__ = name
    stand_in.__doc__ = message
    return stand_in


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
