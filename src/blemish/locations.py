"""Where data, weights and the cache lie on this machine.

Three environment variables, all optional: ``BLEMISH_DATA`` (image sets that benchmarks and tests read in place) and
``BLEMISH_WEIGHTS`` (a folder of pretrained backbones as ``*.safetensors``), which are never written to, and
``BLEMISH_CACHE`` (a folder for what is remembered between runs and can be deleted at any time).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data_dir() -> Path | None:
    """The folder named by ``BLEMISH_DATA``, or None when it is unset or missing."""
    return _folder("BLEMISH_DATA")


def weights_dir() -> Path | None:
    """The folder named by ``BLEMISH_WEIGHTS``, or None when it is unset or missing."""
    return _folder("BLEMISH_WEIGHTS")


def cache_dir() -> Path:
    """The folder named by ``BLEMISH_CACHE``, or the place that the system has for caches; it need not exist."""
    named = os.environ.get("BLEMISH_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Caches/blemish").expanduser()
    variable, otherwise = ("LOCALAPPDATA", "~/AppData/Local") if os.name == "nt" else ("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get(variable) or otherwise).expanduser() / "blemish"


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser()
    return path if path.is_dir() else None
