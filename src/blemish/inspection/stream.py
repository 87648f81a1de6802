"""Photos in, answers out, in order: decoding runs ahead of the detector, and one bad photo stops nothing."""

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

# A decoded photo of 12 megapixels takes 36 MB: this bounds the memory, not the number of photos.
_DECODED_AHEAD = 3
_DECODERS = 2


def inspect_stream(
    detector: Detector, photos: Iterable[Path], *, bit_range: tuple[int, int] | None = None
) -> Generator[tuple[Photo | None, Inspection], None, None]:
    """Inspect photo after photo, with the next ones being decoded meanwhile.

    Args:
        detector: what inspects.
        photos: image files.
        bit_range: raw values that become black and white in photos of more than 8 bits.

    Yields:
        Each photo with its answer, in the order of ``photos``; a photo that could not be read is None, and an answer
        that could not be given carries its ``error``.
    """
    with closing(_decode_ahead(photos, bit_range)) as decoded:
        for path, decoding in decoded:
            try:
                photo = decoding.result()
                answer = _inspect(detector, path, photo)
            except BlemishError as error:
                yield None, Inspection(path=path, score=None, error=str(error))
            else:
                yield photo, replace(answer, path=path, notes=photo.notes)


def _inspect(detector: Detector, path: Path, photo: Photo) -> Inspection:
    answer = detector.inspect_pixels(photo.pixels)
    if answer.score is None or not math.isfinite(answer.score):
        # It would pass every threshold, and no table or average could hold it.
        raise DetectorError(f'The detector gives "{path}" the score {answer.score}, no finite number; train it again.')
    return answer


def _decode_ahead(
    photos: Iterable[Path], bit_range: tuple[int, int] | None
) -> Generator[tuple[Path, Future[Photo]], None, None]:
    pool = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode")
    ahead: deque[tuple[Path, Future[Photo]]] = deque()
    try:
        for path in photos:
            ahead.append((path, pool.submit(read_photo, path, bit_range=bit_range)))
            if len(ahead) > _DECODED_AHEAD:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        pool.shutdown(cancel_futures=True)
