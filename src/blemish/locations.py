"""Where data and weights lie on this machine.

Two environment variables, both optional: ``BLEMISH_DATA`` (image sets that benchmarks and tests read in place) and
``BLEMISH_WEIGHTS`` (a folder of pretrained backbones as ``*.safetensors``). Neither folder is ever written to.
"""

from __future__ import annotations

import os
from pathlib import Path


def data_dir() -> Path | None:
    """The folder named by ``BLEMISH_DATA``, or None when it is unset or missing."""
    return _folder("BLEMISH_DATA")


def weights_dir() -> Path | None:
    """The folder named by ``BLEMISH_WEIGHTS``, or None when it is unset or missing."""
    return _folder("BLEMISH_WEIGHTS")


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser()
    return path if path.is_dir() else None
