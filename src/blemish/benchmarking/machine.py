"""On which machine something was measured."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from blemish.cpu import available_threads


def describe_machine() -> dict[str, str]:
    """Processor, threads, and versions of Python and of what computes."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    versions = {"processor": model, "threads": str(available_threads()), "python": platform.python_version()}
    for package in ("blemish", "torch", "onnxruntime"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
