"""Photos in, answers out, in order: decoded ahead, several scored side by side, and one bad photo stops nothing."""

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
from blemish.images import Photo, read_photo

# Photos beyond those being scored: this bounds the memory, which at 12 megapixels is 36 MB decoded, 84 MB with its map.
_AHEAD = 2
_DECODERS = 2

Decoding = Future[Photo]
Answering = Future[tuple[Photo, Inspection]]


def inspect_stream(
    detector: Detector, photos: Iterable[Path], *, bit_range: tuple[int, int] | None = None
) -> Generator[tuple[Photo | None, Inspection], None, None]:
    """Inspect photo after photo, the next ones being decoded and `Detector.photos_at_once` of them scored meanwhile.

    Args:
        detector: what inspects.
        photos: image files.
        bit_range: raw values that become black and white in photos of more than 8 bits.

    Yields:
        Each photo with its answer, in the order of ``photos``; a photo that could not be read is None, and an answer
        that could not be given carries its ``error``.
    """
    with closing(_work_ahead(detector, photos, bit_range)) as answers:
        for path, answering in answers:
            try:
                photo, answer = answering.result()
            except BlemishError as error:
                yield None, Inspection(path=path, score=None, error=str(error))
            else:
                yield photo, replace(answer, path=path, notes=photo.notes + answer.notes)


def _inspect(detector: Detector, path: Path, decoding: Decoding) -> tuple[Photo, Inspection]:
    photo = decoding.result()
    answer = detector.inspect_pixels(photo.pixels)
    if answer.score is None or not math.isfinite(answer.score):
        # It would pass every threshold, and no table or average could hold it.
        raise DetectorError(f'The detector gives "{path}" the score {answer.score}, no finite number; train it again.')
    return photo, answer


def _work_ahead(
    detector: Detector, photos: Iterable[Path], bit_range: tuple[int, int] | None
) -> Generator[tuple[Path, Answering], None, None]:
    decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode")
    inspectors = ThreadPoolExecutor(detector.photos_at_once, thread_name_prefix="inspect")

    def begin(path: Path) -> Answering:
        return inspectors.submit(_inspect, detector, path, decoders.submit(read_photo, path, bit_range=bit_range))

    ahead: deque[tuple[Path, Answering]] = deque()
    try:
        for path in photos:
            ahead.append((path, begin(path)))
            if len(ahead) > detector.photos_at_once + _AHEAD:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        # In this order: an inspector that has begun waits for its photo.
        for pool in (inspectors, decoders):
            pool.shutdown(cancel_futures=True)
