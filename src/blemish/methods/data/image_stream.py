"""A stream of images: decoded ahead, at the size that the graph will see, for as many passes as needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.images import ReadOptions, image_size_px, pad_to_multiple, read_image, resize_image
from blemish.images.options import DEFAULT_OPTIONS

Pixels = NDArray[np.uint8]
Variants = Callable[[Pixels], Sequence[Pixels]]

_DECODED_AHEAD = 4
# A batch is as many pixels as four images of 512 × 512: it fills the cores and stays far below the networks' memory.
_BATCH_PIXELS = 1 << 20
_MAX_BATCH = 32


def _no_variants(image: Pixels) -> Sequence[Pixels]:
    return (image,)


class ImageStream:
    """Normal images to learn from, never all in memory.

    Args:
        paths: the files, in order. Every pass decodes them again; memory holds a few at a time.
        options: how they are read.
        defects: labelled defects, with masks or without, for methods that learn from ``few-labels``; empty for all
            others. They are no part of the stream.
        on_image: called after each image of a pass, with the number of images passed and of all.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        defects: tuple[Sample, ...] = (),
        on_image: Callable[[int, int], None] = lambda _, __: None,
    ) -> None:
        self.paths = tuple(paths)
        self.options = options
        self.defects = defects
        self._on_image = on_image

    def __len__(self) -> int:
        return len(self.paths)

    def every(self, step: int) -> ImageStream:
        """Each ``step``-th image, the first one included."""
        return ImageStream(self.paths[::step], self.options, defects=self.defects, on_image=self._on_image)

    def sizes_px(self) -> list[tuple[int, int]]:
        """Height and width of every image, read from the files' headers."""
        return [image_size_px(path) for path in self.paths]

    def each(self) -> Iterator[Pixels]:
        """The images one by one as they are, uint8 RGB (H, W, 3), while the next ones are decoded.

        Raises:
            ImageError: an image cannot be read.
        """
        pool = ThreadPoolExecutor(1, thread_name_prefix="decode")
        ahead: deque[Future[Pixels]] = deque()
        waiting = iter(self.paths)
        try:
            for number in range(1, len(self) + 1):
                for path in islice(waiting, _DECODED_AHEAD + 1 - len(ahead)):
                    ahead.append(pool.submit(read_image, path, self.options))
                yield ahead.popleft().result()
                self._on_image(number, len(self))
        finally:
            pool.shutdown(cancel_futures=True)

    def batches(self, spec: InputSpec, variants: Variants = _no_variants) -> Iterator[Pixels]:
        """The images, or their tiles, exactly as the graph will see them.

        Args:
            spec: how images reach the graph.
            variants: the images to make of one, for example rotated copies.

        Yields:
            uint8 (N, H, W, 3): consecutive images of one shape, about a million pixels at most.
        """
        waiting: list[Pixels] = []
        for image in self.each():
            for variant in variants(image):
                for pixels in network_inputs(variant, spec):
                    if waiting and (waiting[0].shape != pixels.shape or len(waiting) >= _batch_size(pixels)):
                        yield np.stack(waiting)
                        waiting = []
                    waiting.append(pixels)
        if waiting:
            yield np.stack(waiting)


def network_inputs(image: Pixels, spec: InputSpec) -> list[Pixels]:
    """One image as the graph sees it: aligned and resized, or cut into padded tiles, as `Detector` does.

    Returns:
        uint8 RGB (H, W, 3) each.
    """
    if spec.size_px is not None:
        placement = spec.place(image)
        return [resize_image(image if placement is None else placement.lay(image), spec.size_px)]
    height_px, width_px = image.shape[:2]
    tiles = (image[box.y : box.y + box.height, box.x : box.x + box.width] for box in spec.boxes(height_px, width_px))
    return [pad_to_multiple(tile, spec.multiple_of) for tile in tiles]


def _batch_size(pixels: Pixels) -> int:
    area_px = int(pixels.shape[0] * pixels.shape[1])
    return max(1, min(_MAX_BATCH, _BATCH_PIXELS // area_px))
