"""From images on disk to findings on disk: decoding, inference and drawing overlap, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from blemish.detectors import Detector, ImageSource, Inspection, Measuring
from blemish.findings import OVERLAYS_NAME
from blemish.images import ReadOptions
from blemish.images.options import DEFAULT_OPTIONS
from blemish.inspection.drifting import DriftWatch
from blemish.inspection.measuring import measure_each
from blemish.inspection.replacing_runs import check_masks, remove_overlays, replacing_earlier
from blemish.inspection.stream import inspect_stream
from blemish.inspection.writing import writing_findings
from blemish.reports.pictures import save_picture

# Each holds an image and its anomaly map, 84 MB at 12 megapixels, until it is drawn.
_OVERLAYS_BEHIND = 2
# A line-scan camera's picture can be longer than the format allows.
_JPEG_LIMIT_PX = 65535


def inspect_images(
    detector: Detector,
    sources: Sequence[ImageSource],
    *,
    out: Path | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
    overlays: bool = True,
    measuring: Measuring | None = None,
    watch: DriftWatch | None = None,
) -> Iterator[Inspection]:
    """Inspect images one after another; an image that cannot be inspected gives an answer with an error.

    Args:
        detector: what inspects.
        sources: images, in the order wanted, with names that differ.
        out: folder for ``findings.jsonl``, ``findings.csv`` and ``overlays/``; None writes nothing. The two tables
            appear when the last image is done; then an earlier run's tables, masks, report and exports are gone. Its
            overlays go with the first answer.
        options: how files are read; without a bit range the detector's own counts.
        overlays: whether to draw an overlay of each image; without ``out`` none is drawn.
        measuring: what to measure beyond regions; with ``out`` the masks are written into ``masks/`` when the last
            image is done. None measures nothing.
        watch: is told every finding.

    Yields:
        One answer per image, in the order of ``sources``. Its arrays are large: take what is needed and let it go.

    Raises:
        BlemishError: ``out`` cannot be written to, or has masks that no inspection wrote.
    """
    with ExitStack() as stack:
        if out is not None and measuring is not None:
            check_masks(out)
        write = stack.enter_context(writing_findings(out)) if out else None
        waiting = stack.enter_context(replacing_earlier(out)) if out else None
        if out is not None:
            remove_overlays(out / OVERLAYS_NAME)
        drawer = stack.enter_context(_drawing(out / OVERLAYS_NAME)) if out and overlays else None
        answers: Iterator[Inspection] = stack.enter_context(closing(inspect_stream(detector, sources, options)))
        if measuring is not None:
            measured = measure_each(answers, measuring, level=detector.spec.thresholds.pixel, out=waiting)
            answers = stack.enter_context(closing(measured))
        for inspection in answers:
            if watch is not None:
                watch.add(inspection.finding)
            if drawer is not None and inspection.pixels is not None:
                drawer.draw(inspection)
            if write is not None:
                write(inspection.finding)
            yield inspection


class _Drawer:
    """Draws and encodes overlays in threads, at most a few behind the detector."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self._folder = folder
        self._pool = pool
        self._behind: deque[Future[None]] = deque()

    def draw(self, inspection: Inspection) -> None:
        """Draw the overlay of an image; wait first where too many are undone."""
        self.wait(for_room=True)
        self._behind.append(self._pool.submit(self._write, inspection))

    def wait(self, *, for_room: bool = False) -> None:
        """Wait until all overlays are on disk, or until there is room for another one."""
        while len(self._behind) >= (_OVERLAYS_BEHIND if for_room else 1):
            self._behind.popleft().result()

    def _write(self, inspection: Inspection) -> None:
        overlay = inspection.overlay()
        suffix = "png" if max(overlay.shape) > _JPEG_LIMIT_PX else "jpg"
        save_picture(self._folder / f"{inspection.finding.name}.{suffix}", overlay)


@contextmanager
def _drawing(folder: Path) -> Iterator[_Drawer]:
    pool = ThreadPoolExecutor(_OVERLAYS_BEHIND, thread_name_prefix="draw")
    try:
        drawer = _Drawer(folder, pool)
        yield drawer
        drawer.wait()
    finally:
        pool.shutdown(cancel_futures=True)
