"""One line that says on which machine a figure was measured."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from blemish.cpu import available_threads, cpu_flags


def describe_machine(*packages: str) -> str:
    """Processor, threads, instruction sets that matter, and package versions."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    sets = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in cpu_flags()]
    versions = []
    for package in packages or ("torch", "onnxruntime"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    machine = f"{model}, {available_threads()} threads, {'/'.join(sets)}"
    return f"{machine}; Python {platform.python_version()}, {', '.join(versions)}"
