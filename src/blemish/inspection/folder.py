"""From images on disk to findings on disk: decoding, inference and drawing overlap, in bounded memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from blemish.detectors import Detector
from blemish.detectors.result import Inspection
from blemish.files import OVERLAYS_NAME
from blemish.findings import VERDICTS
from blemish.images import LoadedImage, write_jpeg, write_png
from blemish.inspection.drifting import DriftWatch, watched
from blemish.inspection.earlier import check_masks, remove_overlays, replacing_earlier
from blemish.inspection.findings import writing_findings
from blemish.inspection.measuring import Measuring, measure_each
from blemish.inspection.names import unique_names
from blemish.inspection.stream import inspect_stream
from blemish.reports.overlays import draw_overlay, map_range_of

# Each holds an image and its anomaly map, 84 MB at 12 megapixels, until it is drawn.
_OVERLAYS_BEHIND = 2
# A line-scan camera's picture can be longer than the format allows.
_JPEG_LIMIT_PX = 65535

Answers = Iterator[tuple[LoadedImage | None, Inspection]]


@dataclass(slots=True)
class Tally:
    """How a run went so far."""

    inspected: int = 0
    failed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, inspection: Inspection) -> None:
        """Count one answer."""
        if inspection.error is not None:
            self.failed += 1
            return
        self.inspected += 1
        if inspection.verdict is not None:
            self.verdicts[inspection.verdict] += 1

    def __str__(self) -> str:
        said = f"{self.inspected} inspected"
        if self.verdicts:
            counted = [name for name in reversed(VERDICTS) if self.verdicts[name] or name != "unusable"]
            said += f" ({', '.join(f'{self.verdicts[name]} {name}' for name in counted)})"
        return said + (f", {self.failed} could not be inspected" if self.failed else "")


def inspect_images(
    detector: Detector,
    images: Sequence[Path],
    *,
    out: Path | None = None,
    bit_range: tuple[int, int] | None = None,
    overlays: bool = True,
    measuring: Measuring | None = None,
    watch: DriftWatch | None = None,
) -> Iterator[Inspection]:
    """Inspect images one after another; an image that cannot be inspected gives an answer with an error.

    Args:
        detector: what inspects.
        images: image files, in the order wanted.
        out: folder for ``findings.jsonl``, ``findings.csv`` and ``overlays/``; None writes nothing. The two tables
            appear when the last image is done; then an earlier run's tables, masks, report and exports are gone. Its
            overlays go with the first answer.
        bit_range: raw values that become black and white in images of more than 8 bits.
        overlays: whether to draw an overlay of each image; without ``out`` none is drawn.
        measuring: what to measure beyond regions; answers are then `MeasuredInspection`s, and with ``out`` the masks
            are written into ``masks/`` when the last image is done. None measures nothing.
        watch: is told every answer; from the image on since which it suspends the guarantee, each answer has a note.

    Yields:
        One answer per image, in the order of ``images``. Its arrays are large: take what is needed and let it go.

    Raises:
        BlemishError: ``out`` cannot be written to, or has masks that no inspection wrote.
    """
    with ExitStack() as stack:
        if out is not None and measuring is not None:
            check_masks(out)
        tables = stack.enter_context(writing_findings(out)) if out else None
        waiting = stack.enter_context(replacing_earlier(out)) if out else None
        if out is not None:
            remove_overlays(out / OVERLAYS_NAME)
        drawer = stack.enter_context(_drawing(out / OVERLAYS_NAME, detector, images)) if out and overlays else None
        answers: Answers = stack.enter_context(closing(inspect_stream(detector, images, bit_range=bit_range)))
        if watch is not None:
            answers = stack.enter_context(closing(watched(answers, watch)))
        if measuring is not None:
            level = detector.spec.thresholds.pixel
            measured = measure_each(answers, measuring, names=unique_names(images), level=level, out=waiting)
            answers = stack.enter_context(closing(measured))
        for number, (image, inspection) in enumerate(answers):
            if drawer is not None and image is not None:
                drawer.draw(number, image, inspection)
            if tables is not None:
                tables.add(inspection)
            yield inspection


class _Drawer:
    """Draws and encodes overlays in threads, at most a few behind the detector."""

    def __init__(self, folder: Path, detector: Detector, images: Sequence[Path], pool: ThreadPoolExecutor) -> None:
        thresholds = detector.spec.thresholds
        self._folder = folder
        # Without a pixel threshold the image's own is the only fixed point on the scale.
        self._map_range = map_range_of(thresholds.pixel if thresholds.pixel is not None else thresholds.reject)
        self._names = unique_names(images)
        self._pool = pool
        self._behind: deque[Future[None]] = deque()

    def draw(self, number: int, image: LoadedImage, inspection: Inspection) -> None:
        """Draw the overlay of image ``number``; wait first where too many are undone."""
        self.wait(for_room=True)
        self._behind.append(self._pool.submit(self._write, self._names[number], image, inspection))

    def wait(self, *, for_room: bool = False) -> None:
        """Wait until all overlays are on disk, or until there is room for another one."""
        while len(self._behind) >= (_OVERLAYS_BEHIND if for_room else 1):
            self._behind.popleft().result()

    def _write(self, name: str, image: LoadedImage, inspection: Inspection) -> None:
        overlay = draw_overlay(image.pixels, inspection, map_range=self._map_range)
        if max(overlay.shape) > _JPEG_LIMIT_PX:
            write_png(self._folder / f"{name}.png", overlay)
        else:
            write_jpeg(self._folder / f"{name}.jpg", overlay)


@contextmanager
def _drawing(folder: Path, detector: Detector, images: Sequence[Path]) -> Iterator[_Drawer]:
    pool = ThreadPoolExecutor(_OVERLAYS_BEHIND, thread_name_prefix="draw")
    try:
        drawer = _Drawer(folder, detector, images, pool)
        yield drawer
        drawer.wait()
    finally:
        pool.shutdown(cancel_futures=True)
