"""``blemish doctor``: what this machine has and what it lacks. Nothing heavy is imported to find out."""

from __future__ import annotations

from typing import Any

import typer

from blemish.cli.options import JsonOption
from blemish.errors import install_hint

_USING = ("numpy", "scipy", "opencv-python-headless", "pillow", "onnxruntime", "pydantic")
# Distribution -> the extra that brings it.
_EXTRAS = {
    "torch": "train",
    "torchvision": "train",
    "lightning": "train",
    "timm": "train",
    "segmentation-models-pytorch": "train",
    "onnx": "train",
    "openvino": "openvino",
    "reportlab": "report",
    "openpyxl": "report",
    "python-docx": "report",
    "pi-heif": "formats",
    "imagecodecs": "formats",
    "rawpy": "formats",
    "pyarrow": "series",
}
# Names as Linux gives them; each makes inference or training on a CPU faster.
_CPU_FLAGS = {"avx2": "avx2", "avx512f": "avx512", "avx512_bf16": "bf16", "amx_bf16": "amx"}


def doctor(as_json: JsonOption = False) -> None:
    """Tell what this machine has and what it lacks."""
    report = examine()
    if as_json:
        import json

        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    width = max(len(name) for name in (*report["versions"], *report["extras"])) + 2
    for name, version in {**report["versions"], **report["extras"]}.items():
        typer.echo(f"{name:<{width}}{version or 'not installed'}")
    machine = report["machine"]
    typer.echo(f"\n{'processor':<{width}}{machine['cpu'] or 'unknown'}")
    typer.echo(f"{'features':<{width}}{', '.join(machine['cpu_features']) or 'none known'}")
    typer.echo(f"{'cores':<{width}}{machine['cores']}, of which blemish uses {machine['threads']}")
    for variable, found in report["folders"].items():
        typer.echo(f"{variable:<{width}}{found['says']}")
        for name in found["files"]:
            typer.echo(f"{'':<{width}}{name}")
    typer.echo("")
    for extra, missing in report["missing"].items():
        typer.echo(f"missing: {', '.join(missing)} ({install_hint(extra)})")


def examine() -> dict[str, Any]:
    """Everything that `doctor` prints, as plain values."""
    import os
    import platform

    from blemish.cpu import available_threads, cpu_flags, cpu_name

    extras = {name: _version(name) for name in _EXTRAS}
    missing: dict[str, list[str]] = {}
    for name, found in extras.items():
        if found is None:
            missing.setdefault(_EXTRAS[name], []).append(name)
    flags = cpu_flags()
    return {
        "versions": {
            "blemish": _version("blemish"),
            "python": platform.python_version(),
            **{name: _version(name) for name in _USING},
        },
        "extras": extras,
        "missing": missing,
        "machine": {
            "system": platform.platform(),
            "cpu": cpu_name(),
            "cpu_features": [name for flag, name in _CPU_FLAGS.items() if flag in flags],
            "cores": os.cpu_count(),
            "threads": available_threads(),
        },
        "folders": {
            "BLEMISH_DATA": _folder("BLEMISH_DATA", "*"),
            "BLEMISH_WEIGHTS": _folder("BLEMISH_WEIGHTS", "*.safetensors"),
        },
    }


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _folder(variable: str, pattern: str) -> dict[str, Any]:
    import os

    from blemish.locations import data_dir, weights_dir

    path = {"BLEMISH_DATA": data_dir, "BLEMISH_WEIGHTS": weights_dir}[variable]()
    if path is None:
        value = os.environ.get(variable)
        return {"path": None, "says": f"{value} (no such folder)" if value else "not set", "files": []}
    names = sorted(entry.name + "/" * entry.is_dir() for entry in path.glob(pattern) if not entry.name.startswith("."))
    return {"path": str(path), "says": str(path), "files": names}
