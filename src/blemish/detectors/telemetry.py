"""The runtimes' packages, imported with their telemetry switched off. Nothing else imports them (a ruff rule).

ONNX Runtime from 1.29 on collects usage events on Linux and macOS, too: it writes a device id and a database into the
home folder and opens a connection as soon as it is imported. ``ORT_DISABLE_TELEMETRY`` is its full opt-out, and is
read once, at that import; ``onnxruntime.disable_telemetry_events()`` comes too late for all of this. OpenVINO's import
sends an event and writes a client id through the package ``openvino_telemetry``, and does without where that package
cannot be imported; its own opt-out is a file in the home folder.

A variable that the user has set stays as it is. A package that was imported before blemish has been collecting by then.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any


def import_onnxruntime() -> Any:
    """The module ``onnxruntime``, collecting nothing."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_module("onnxruntime")


def import_openvino() -> Any:
    """The module ``openvino``, collecting nothing.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    # None in its place makes an import fail, as if the package were not installed.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module("openvino")


def import_quantization() -> Any:
    """The module ``onnxruntime.quantization``, which needs the package ``onnx``.

    Raises:
        ModuleNotFoundError: that is not installed.
    """
    import_onnxruntime()
    return import_module("onnxruntime.quantization")
