"""blemish learns what a normal surface looks like, then finds, outlines, measures and reports what is wrong.

>>> import blemish
>>> detector = blemish.load("wall.blemish")             # doctest: +SKIP
>>> detector.inspect("image.jpg").verdict               # doctest: +SKIP
'reject'
>>> blemish.train("auto", "images/", "wall.blemish")    # doctest: +SKIP

Names are imported on first use, so that ``import blemish`` costs nothing and only `train` ever needs torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blemish.detectors import Detector, Inspection, load
    from blemish.errors import BlemishError
    from blemish.training import train

__version__ = "0.1.0"

_HOMES = {
    "Detector": "blemish.detectors",
    "Inspection": "blemish.detectors",
    "load": "blemish.detectors",
    "BlemishError": "blemish.errors",
    "train": "blemish.training",
}

__all__ = ["BlemishError", "Detector", "Inspection", "__version__", "load", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'blemish' has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if name == "train":
            from blemish.errors import MissingExtraError

            raise MissingExtraError('Training needs the learning side: pip install "blemish[train]".') from error
        raise


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
