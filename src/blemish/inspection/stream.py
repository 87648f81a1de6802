"""Images in, answers out, in order: decoded ahead, several scored side by side, and one bad image stops nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from blemish.detectors import Detector, ImageSource, Inspection, failed
from blemish.errors import BlemishError
from blemish.images import LoadedImage, ReadOptions
from blemish.images.options import DEFAULT_OPTIONS
from blemish.images.windows import ImageWindows

# Images beyond those being scored: this bounds the memory, which at 12 megapixels is 36 MB decoded, 84 MB with its map.
_AHEAD = 2
_DECODERS = 2

Answering = Future[Inspection]


def inspect_stream(
    detector: Detector,
    sources: Iterable[ImageSource],
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    whole: bool = False,
) -> Generator[Inspection, None, None]:
    """Inspect image after image, the next ones being decoded and `Detector.images_at_once` of them scored meanwhile.

    Args:
        detector: what inspects.
        sources: images.
        options: how files are read; without a bit range the detector's own counts.
        whole: answers have their arrays at full size, however large the image; see `Detector.read`.

    Yields:
        An answer for each image, in the order of ``sources``; one that could not be given carries its ``error``.
    """
    with closing(_work_ahead(detector, sources, detector.read_options(options), whole)) as answers:
        for source, answering in answers:
            try:
                yield answering.result()
            except BlemishError as error:
                yield failed(source, str(error))
            except MemoryError:
                reason = "is too large to be inspected in the memory there is; cut it into tiles."
                yield failed(source, f'"{source.said}" {reason}')


def _work_ahead(
    detector: Detector, sources: Iterable[ImageSource], options: ReadOptions, whole: bool
) -> Generator[tuple[ImageSource, Answering], None, None]:
    decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode")
    inspectors = ThreadPoolExecutor(detector.images_at_once, thread_name_prefix="inspect")

    def inspect(source: ImageSource, decoding: Future[LoadedImage | ImageWindows]) -> Inspection:
        return detector.inspect_loaded(source, decoding.result())

    def begin(source: ImageSource) -> Answering:
        return inspectors.submit(inspect, source, decoders.submit(detector.read, source, options, whole=whole))

    ahead: deque[tuple[ImageSource, Answering]] = deque()
    try:
        for source in sources:
            ahead.append((source, begin(source)))
            if len(ahead) > detector.images_at_once + _AHEAD:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        # In this order: an inspector that has begun waits for its image.
        for pool in (inspectors, decoders):
            pool.shutdown(cancel_futures=True)
