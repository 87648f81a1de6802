"""A detector out of whatever it was named by, ready for so many images."""

from __future__ import annotations

from pathlib import Path

from blemish.cpu import images_at_once
from blemish.detectors import Detector, load
from blemish.detectors.runtime import RuntimeName


def ready(
    detector: Detector | Path | str, images: int, *, threads: int | None = None, runtime: RuntimeName = "onnxruntime"
) -> Detector:
    """The detector itself, or that of a file or of a bundled name, set up for a number of images.

    Args:
        detector: which; one that is loaded stays as it was set up.
        images: how many it will see.
        threads, runtime: as for `Detector`.

    Raises:
        DetectorError: it is missing, damaged or cannot be run.
        MissingExtraError: the runtime is not installed.
    """
    if isinstance(detector, Detector):
        return detector
    at_once = images_at_once(images, threads)
    return load(detector, threads=threads, images_at_once=at_once, runtime=runtime)
