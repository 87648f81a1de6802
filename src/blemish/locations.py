"""Where data, weights and the cache lie on this machine.

Four environment variables, all optional: ``BLEMISH_DATA`` (image sets that benchmarks and tests read in place) and
``BLEMISH_WEIGHTS`` (a folder of pretrained backbones as ``*.safetensors``), which are never written to,
``BLEMISH_CACHE`` (a folder for what is remembered between runs and can be deleted at any time), and ``BLEMISH_STORE``
(a folder for what ``blemish serve`` keeps).
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
    return _own_folder("BLEMISH_CACHE", "~/Library/Caches", ("XDG_CACHE_HOME", "~/.cache"))


def store_dir() -> Path:
    """The folder named by ``BLEMISH_STORE``, or the place that the system has for programs' data; it need not exist."""
    return _own_folder("BLEMISH_STORE", "~/Library/Application Support", ("XDG_DATA_HOME", "~/.local/share"))


def _own_folder(variable: str, on_mac: str, on_linux: tuple[str, str]) -> Path:
    named = os.environ.get(variable)
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path(on_mac).expanduser() / "blemish"
    of_system, otherwise = ("LOCALAPPDATA", "~/AppData/Local") if os.name == "nt" else on_linux
    return Path(os.environ.get(of_system) or otherwise).expanduser() / "blemish"


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser()
    return path if path.is_dir() else None
