"""From images to answers: decoding, inference, measuring and drawing overlap, in bounded memory."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

from blemish.detectors import Detector, ImageSource, Inspection, Measuring
from blemish.images import ReadOptions
from blemish.images.options import DEFAULT_OPTIONS
from blemish.inspection.measuring import measure_each
from blemish.inspection.stream import inspect_stream


def inspect_images(
    detector: Detector,
    sources: Iterable[ImageSource],
    *,
    out: Path | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
    overlays: bool = True,
    measuring: Measuring | None = None,
) -> Generator[Inspection, None, None]:
    """Inspect images one after another; an image that cannot be inspected gives an answer with an error.

    Args:
        detector: what inspects.
        sources: images, in the order wanted, with names that differ.
        out: folder for the pictures of each image; None writes nothing. `blemish.inspect` also writes tables.
        options: how files are read; without a bit range the detector's own counts.
        overlays: whether to draw an overlay of each image into ``overlays/``, and a small copy into ``views/``; without
            ``out`` none is drawn.
        measuring: what to measure beyond regions; with ``out`` masks and small anomaly maps are written into
            ``masks/`` and ``maps/``. None measures nothing.

    Yields:
        One answer per image, in the order of ``sources``, when its pictures are written. Its arrays are large: take
        what is needed and let it go.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    with closing(inspect_stream(detector, sources, options)) as answers:
        level = detector.spec.thresholds.pixel
        with closing(measure_each(answers, measuring, level=level, out=out, overlays=overlays)) as measured:
            yield from measured
