"""Images in, answers out, in order: decoded ahead, several scored side by side, and one bad image stops nothing."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from blemish.detectors import Detector
from blemish.detectors.result import Inspection
from blemish.errors import BlemishError, DetectorError
from blemish.images import LoadedImage, load_image

# Images beyond those being scored: this bounds the memory, which at 12 megapixels is 36 MB decoded, 84 MB with its map.
_AHEAD = 2
_DECODERS = 2

Decoding = Future[LoadedImage]
Answering = Future[tuple[LoadedImage, Inspection]]


def inspect_stream(
    detector: Detector, images: Iterable[Path], *, bit_range: tuple[int, int] | None = None
) -> Generator[tuple[LoadedImage | None, Inspection], None, None]:
    """Inspect image after image, the next ones being decoded and `Detector.images_at_once` of them scored meanwhile.

    Args:
        detector: what inspects.
        images: image files.
        bit_range: raw values that become black and white in images of more than 8 bits.

    Yields:
        Each image with its answer, in the order of ``images``; an image that could not be read is None, and an answer
        that could not be given carries its ``error``.
    """
    with closing(_work_ahead(detector, images, bit_range)) as answers:
        for path, answering in answers:
            try:
                image, answer = answering.result()
            except BlemishError as error:
                yield None, Inspection(path=path, score=None, error=str(error))
            except MemoryError:
                reason = f'"{path}" is too large to be inspected in the memory there is; cut it into tiles.'
                yield None, Inspection(path=path, score=None, error=reason)
            else:
                yield image, replace(answer, path=path, notes=image.notes + answer.notes)


def _inspect(detector: Detector, path: Path, decoding: Decoding) -> tuple[LoadedImage, Inspection]:
    image = decoding.result()
    answer = detector.inspect_pixels(image.pixels)
    if answer.score is None or not math.isfinite(answer.score):
        # It would pass every threshold, and no table or average could hold it.
        raise DetectorError(f'The detector gives "{path}" the score {answer.score}, no finite number; train it again.')
    return image, answer


def _work_ahead(
    detector: Detector, images: Iterable[Path], bit_range: tuple[int, int] | None
) -> Generator[tuple[Path, Answering], None, None]:
    decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode")
    inspectors = ThreadPoolExecutor(detector.images_at_once, thread_name_prefix="inspect")

    def begin(path: Path) -> Answering:
        return inspectors.submit(_inspect, detector, path, decoders.submit(load_image, path, bit_range=bit_range))

    ahead: deque[tuple[Path, Answering]] = deque()
    try:
        for path in images:
            ahead.append((path, begin(path)))
            if len(ahead) > detector.images_at_once + _AHEAD:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        # In this order: an inspector that has begun waits for its image.
        for pool in (inspectors, decoders):
            pool.shutdown(cancel_futures=True)
