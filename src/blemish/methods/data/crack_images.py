"""Crack images and their labels, the material of composites: read, checked, searched for crack-free squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.images import image_size_px
from blemish.methods.data.masked_images import require_mask

# Labels are drawn by hand and cracks have blurred edges: an image is crack-free only this far from a label.
MARGIN_PX = 4
# No surface is cracked over half of its area: a label that marks more is inverted, or is no label.
_MAX_CRACKED = 0.5
# All that an image of 256 px can have.
_MAX_CORNERS = 1 << 16


@dataclass(frozen=True, slots=True)
class CrackImage:
    """One image and its label.

    Attributes:
        pixels: uint8 RGB (H, W, 3).
        label: bool (H, W), True on cracks.
        ignored: bool (H, W), True where the label does not tell what the image shows; None: nowhere.
    """

    pixels: NDArray[np.uint8]
    label: NDArray[np.bool_]
    ignored: NDArray[np.bool_] | None = None
    _squares: dict[int, tuple[int, NDArray[np.int64]]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def nbytes(self) -> int:
        """Size in memory, that of the found squares included."""
        arrays = [self.pixels, self.label, *([] if self.ignored is None else [self.ignored])]
        return sum(each.nbytes for each in arrays) + _MAX_CORNERS * 16

    def crack_free_squares(self, side_px: int) -> tuple[int, NDArray[np.int64]]:
        """Side and upper left corners (y, x), int64 (n, 2), of crack-free squares: of ``side_px``, or the largest.

        Searched for once: on a field-size image that takes longer than everything else. Of very many, evenly spaced
        ones are kept.
        """
        if side_px not in self._squares:
            side = min(side_px, largest_crack_free_px(self.not_normal))
            corners = crack_free_corners(self.not_normal, side)
            if len(corners) > _MAX_CORNERS:
                corners = corners[np.linspace(0, len(corners) - 1, _MAX_CORNERS).astype(np.int64)]
            self._squares[side_px] = side, corners
        return self._squares[side_px]

    @property
    def not_normal(self) -> NDArray[np.bool_]:
        """Where a crack is or may be, bool (H, W)."""
        return self.label if self.ignored is None else self.label | self.ignored


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What a label has to offer for composites.

    Attributes:
        cracked: it shows a crack.
        crack_free_px: side of the largest crack-free square.
    """

    cracked: bool
    crack_free_px: int


def read_crack_image(sample: Sample) -> CrackImage:
    """Read an image with its label.

    Raises:
        ImageError: the image cannot be read.
        DataError: the label is missing or has another size.
    """
    require_mask(sample)
    pixels = sample.read_image()
    size_px = pixels.shape[:2]
    return CrackImage(pixels, sample.read_mask(*size_px), sample.read_ignored(*size_px))


def check_labels(samples: Sequence[Sample]) -> list[LabelFacts]:
    """Check all labels before training.

    Raises:
        DataError: a label is missing, has another size than its image, is white everywhere, or has black cracks on
        white.
    """
    return [_check_label(sample) for sample in samples]


def near_crack(label: NDArray[np.bool_], margin_px: int = MARGIN_PX) -> NDArray[np.bool_]:
    """Pixels on a crack or within ``margin_px`` (along rows and columns) of one, bool (H, W)."""
    square = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return cv2.dilate(label.view(np.uint8), square).astype(np.bool_)


def crack_free_corners(label: NDArray[np.bool_], side_px: int) -> NDArray[np.int64]:
    """Upper left corners (y, x) of all squares that keep `MARGIN_PX` from every crack, int64 (n, 2); may be empty."""
    height_px, width_px = label.shape
    if side_px > min(height_px, width_px):
        return np.zeros((0, 2), dtype=np.int64)
    total = cv2.integral(near_crack(label).view(np.uint8))
    upper, lower = total[:-side_px], total[side_px:]
    inside = lower[:, side_px:] - upper[:, side_px:] - lower[:, :-side_px] + upper[:, :-side_px]
    return np.argwhere(inside == 0)


def largest_crack_free_px(label: NDArray[np.bool_]) -> int:
    """Side of the largest square that keeps `MARGIN_PX` from every crack, to the pixel below an odd number; 0: none."""
    if not label.any():
        return int(min(label.shape))
    normal = np.pad(np.logical_not(near_crack(label)).view(np.uint8), 1)
    # Chessboard distance from the nearest pixel that is cracked or outside: half the side of a square around.
    reach = cv2.distanceTransform(normal, cv2.DIST_C, cv2.DIST_MASK_3)
    return max(0, 2 * int(reach.max()) - 1)


def _check_label(sample: Sample) -> LabelFacts:
    require_mask(sample)
    size_px = image_size_px(sample.path)
    label, ignored = sample.read_mask(*size_px), sample.read_ignored(*size_px)
    fraction = float(label.mean())
    if fraction == 1:
        raise DataError(
            f'The label of "{sample.path}" is white everywhere; it must be white on the crack alone and black '
            "elsewhere."
        )
    if fraction > _MAX_CRACKED:
        pixels = sample.read_image()
        if pixels[label].mean() > pixels[~label].mean():
            raise DataError(
                f'The label of "{sample.path}" marks {fraction:.0%} of the image, and what it marks is lighter than '
                "the rest, so it seems inverted; cracks must be white and normal surface black."
            )
    return LabelFacts(bool(label.any()), largest_crack_free_px(label if ignored is None else label | ignored))
