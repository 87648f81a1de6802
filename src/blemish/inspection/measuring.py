"""Between the detector's answer and the findings: cracks measured and pictures drawn beside the next inspection."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from blemish.detectors import Inspection, Measuring
from blemish.files import write_bytes
from blemish.findings import MAPS_NAME, MASKS_NAME, OVERLAYS_NAME, VIEWS_NAME
from blemish.images import write_png
from blemish.reports.overlays import small_map
from blemish.reports.pictures import VIEW_PX, jpeg_of, save_picture

# Each holds an image and its anomaly map, 84 MB at 12 megapixels, until it is measured.
_MEASURED_BEHIND = 2
_MAP_PX = 320
_VIEW_QUALITY = 80
# A line-scan camera's picture can be longer than the format allows.
_JPEG_LIMIT_PX = 65535


def measure_each(
    answers: Iterable[Inspection],
    measuring: Measuring | None,
    *,
    level: float | None = None,
    out: Path | None = None,
    overlays: bool = False,
) -> Generator[Inspection, None, None]:
    """Measure and draw what was found, in threads, at most a few images behind the detector.

    Args:
        answers: the detector's.
        measuring: what to measure; None measures nothing and writes no masks.
        level: the pixel threshold that masks were cut from anomaly maps at.
        out: folder of the findings; masks and small anomaly maps go into ``masks/`` and ``maps/``. None writes none.
        overlays: whether an overlay of each image goes into ``overlays/`` there, and a small copy for the report into
            ``views/``.

    Yields:
        Each answer with what was measured, in order; its pictures are written by then.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """

    def finish(answer: Inspection) -> Inspection:
        if measuring is not None:
            answer = measuring.measure(answer, level)
            answer = answer if out is None else _with_map_file(_with_mask_file(answer, out), out)
        if out is not None and overlays and answer.pixels is not None:
            _write_overlay(answer, out)
            view = jpeg_of(answer.pixels, quality=_VIEW_QUALITY, side_px=VIEW_PX)
            write_bytes(out / VIEWS_NAME / f"{answer.finding.name}.jpg", view)
        return answer

    if measuring is None and not (overlays and out):
        yield from answers
        return
    pool = ThreadPoolExecutor(_MEASURED_BEHIND, thread_name_prefix="measure")
    behind: deque[Future[Inspection]] = deque()
    try:
        for answer in answers:
            behind.append(pool.submit(finish, answer))
            if len(behind) > _MEASURED_BEHIND:
                yield behind.popleft().result()
        while behind:
            yield behind.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _write_overlay(answer: Inspection, out: Path) -> None:
    overlay = answer.overlay()
    suffix = "png" if max(overlay.shape) > _JPEG_LIMIT_PX else "jpg"
    save_picture(out / OVERLAYS_NAME / f"{answer.finding.name}.{suffix}", overlay)


def _with_mask_file(answer: Inspection, out: Path) -> Inspection:
    if answer.mask is None or not answer.mask.any():
        return answer
    mask_file = f"{MASKS_NAME}/{answer.finding.name}.png"
    write_png(out / mask_file, answer.mask)
    return answer.saying(mask_file=mask_file)


def _with_map_file(answer: Inspection, out: Path) -> Inspection:
    if answer.anomaly_map is None or answer.map_range is None:
        return answer
    levels = small_map(answer.anomaly_map, answer.map_range, _MAP_PX)
    if not levels.any():
        return answer
    map_file = f"{MAPS_NAME}/{answer.finding.name}.png"
    write_png(out / map_file, levels)
    return answer.saying(map_file=map_file)
