"""How a detector looks at an image: as one input of fixed size, or in overlapping tiles whose maps are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.detectors.runtime import Prediction
from blemish.detectors.schema import DetectorSpec, InputSpec
from blemish.images import Box, pad_to_multiple, resize_image, stitch

# Tiles of one shape go through the graph together, up to this many pixels: enough to fill the cores, and bounded.
_BATCH_PIXELS = 1 << 20
_UNPLACED = "does not fit the detector's reference image, and was looked at as it lies"

Answer = Callable[[NDArray[np.uint8]], Prediction]

MIN_SURFACE_PX = 128
"""The shorter side of what tells whether its surface is known: of walls cut to 64 px four fifths were called unknown,
of those cut to 128 px a twentieth."""
_TOO_SMALL = f"below {MIN_SURFACE_PX} px: too small to tell whether it shows a surface that this detector knows"


@dataclass(slots=True)
class Tally:
    """What a graph says about each tile of an image besides its map.

    Attributes:
        scores: of the tiles.
        surfaces: how unlike the surfaces that the detector knows each is; empty where the graph does not tell.
    """

    scores: list[float] = field(default_factory=list)
    surfaces: list[float] = field(default_factory=list)

    def add(self, prediction: Prediction) -> None:
        """What is said of some more tiles."""
        self.scores += prediction.scores.tolist()
        if prediction.surfaces is not None:
            self.surfaces += prediction.surfaces.tolist()

    @property
    def score(self) -> float:
        """The image's: that of its worst tile."""
        return max(self.scores)

    @property
    def surface(self) -> float | None:
        """The image's: the median of its tiles, so that sky or plants beside a wall change nothing."""
        return float(np.median(self.surfaces)) if self.surfaces else None


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """What a graph says about an image.

    Attributes:
        score: raw.
        maps: raw map at the image's size, float32 (H, W) or (K, H, W); None without localisation.
        surface: how unlike the surfaces that the detector knows it is; None where it does not tell, and of images in
            their own size that are too small to be told by.
        notes: what should be known of how the image was seen.
    """

    score: float
    maps: NDArray[np.float32] | None
    surface: float | None
    notes: tuple[str, ...] = ()


def look(pixels: NDArray[np.uint8], spec: DetectorSpec, answer: Answer) -> ImagePrediction:
    """What a graph says about an image of any size.

    Args:
        pixels: uint8 RGB (H, W, 3).
        spec: how the image is seen.
        answer: the graph: uint8 (N, h, w, 3) to a `Prediction`.
    """
    if spec.input.size_px is not None:
        return _look_at_once(pixels, spec.input, answer)
    tally = Tally()
    tiles = answers(pixels, spec.input, answer, tally)
    maps = None
    if spec.localises:
        height_px, width_px = pixels.shape[:2]
        maps = stitch(tiles, height_px, width_px, spec.input.overlap_px)
    else:
        for _ in tiles:
            pass
    if tally.surface is not None and min(pixels.shape[:2]) < MIN_SURFACE_PX:
        return ImagePrediction(tally.score, maps, None, (_TOO_SMALL,))
    return ImagePrediction(tally.score, maps, tally.surface)


def answers(
    pixels: NDArray[np.uint8], wanted: InputSpec, answer: Answer, tally: Tally
) -> Iterator[tuple[Box, NDArray[np.float32]]]:
    """Boxes of an image's tiles, row by row, with their maps where there are any; ``tally`` takes the rest."""
    for boxes, batch in tile_batches(pixels, wanted.boxes(*pixels.shape[:2]), wanted.multiple_of):
        prediction = answer(batch)
        tally.add(prediction)
        if prediction.maps is not None:
            for box, tile_map in zip(boxes, prediction.maps, strict=True):
                yield box, tile_map[..., : box.height, : box.width]


def graph_inputs(pixels: NDArray[np.uint8], wanted: InputSpec) -> Iterator[NDArray[np.uint8]]:
    """What the graph is given of an image, uint8 (1, h, w, 3) each."""
    if wanted.size_px is not None:
        placement = wanted.place(pixels)
        yield resize_image(pixels if placement is None else placement.lay(pixels), wanted.size_px)[None]
        return
    for _, batch in tile_batches(pixels, wanted.boxes(*pixels.shape[:2]), wanted.multiple_of):
        yield from (tile[None] for tile in batch)


def tile_batches(
    pixels: NDArray[np.uint8], boxes: list[Box], multiple_of: int
) -> Iterator[tuple[list[Box], NDArray[np.uint8]]]:
    """Boxes of tiles, and the tiles themselves, padded, uint8 (N, h, w, 3); N tiles fill `_BATCH_PIXELS`."""
    count = max(1, _BATCH_PIXELS // (boxes[0].height * boxes[0].width))
    for start in range(0, len(boxes), count):
        some = boxes[start : start + count]
        tiles = [pixels[box.y : box.y + box.height, box.x : box.x + box.width] for box in some]
        yield some, np.stack([pad_to_multiple(tile, multiple_of) for tile in tiles])


def _look_at_once(pixels: NDArray[np.uint8], wanted: InputSpec, answer: Answer) -> ImagePrediction:
    assert wanted.size_px is not None
    placement = wanted.place(pixels)
    aligned = pixels if placement is None else placement.lay(pixels)
    prediction = answer(resize_image(aligned, wanted.size_px)[None])
    maps = None if prediction.maps is None else _resize_map(prediction.maps[0], *pixels.shape[:2])
    if maps is not None and placement is not None:
        maps = placement.back(maps) if maps.ndim == 2 else np.stack([placement.back(one) for one in maps])
    notes = (_UNPLACED,) if wanted.reference is not None and placement is None else ()
    surface = None if prediction.surfaces is None else float(prediction.surfaces[0])
    return ImagePrediction(float(prediction.scores[0]), maps, surface, notes)


def _resize_map(maps: NDArray[np.float32], height_px: int, width_px: int) -> NDArray[np.float32]:
    """(h, w) or (K, h, w) -> the image's size, bilinear."""
    if maps.ndim == 2:
        return np.asarray(cv2.resize(maps, (width_px, height_px), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.stack([_resize_map(one, height_px, width_px) for one in maps])
