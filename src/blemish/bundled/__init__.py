"""Detectors that come with blemish, found by name."""

from __future__ import annotations

from pathlib import Path

DEFAULT_DETECTOR = "concrete-crack"
"""What inspects where no detector is named."""

_FOLDER = Path(__file__).parent


def bundled_detectors() -> dict[str, Path]:
    """The files of the bundled detectors by name."""
    return {file.stem: file for file in sorted(_FOLDER.glob("*.blemish"))}


def locate(detector: Path | str) -> Path:
    """The file that is meant: a path as it is, or the file of a bundled detector named without folder and suffix."""
    path = Path(detector)
    if path.name != str(detector) or path.suffix or path.exists():
        return path
    return bundled_detectors().get(path.name, path)
