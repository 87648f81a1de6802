"""What comes with blemish: detectors, found by name, and the catalogue of methods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DEFAULT_DETECTOR = "concrete-crack"
"""What inspects where no detector is named."""

_FOLDER = Path(__file__).parent


def bundled_detectors() -> dict[str, Path]:
    """The files of the bundled detectors by name."""
    return {file.stem: file for file in sorted(_FOLDER.glob("*.blemish"))}


def bundled_catalogue() -> dict[str, Any]:
    """The methods and recipes of blemish itself, as ``make catalogue`` wrote them; no torch is needed to read it."""
    file = _FOLDER.parent / "methods" / "catalogue.json"
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return known


def locate(detector: Path | str) -> Path:
    """The file that is meant: a path as it is, or the file of a bundled detector named without folder and suffix."""
    path = Path(detector)
    if path.name != str(detector) or path.suffix or path.exists():
        return path
    return bundled_detectors().get(path.name, path)
