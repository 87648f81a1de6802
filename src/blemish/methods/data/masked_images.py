"""Images with masks as training examples: crops of one size, augmented, decoded once."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.methods.data.augmentation import exposure_table, random_symmetry
from blemish.methods.data.cache import cached
from blemish.methods.parts.ignored import IGNORED

_Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]

# Half of the crops show another scale.
_FRACTION_ZOOMED, _ZOOM = 0.5, math.exp(0.25)
# Crops are centred on a defect more often than chance would have it: most of a large image is normal.
_FRACTION_ON_DEFECT = 0.6


class MaskedImages(Dataset[tuple[Tensor, Tensor]]):
    """Crops: image uint8 (H, W, 3) and masks float32 (K, H, W), the fraction of each pixel that is defective.

    Masks are `IGNORED` where a mask does not tell what the image shows.

    Args:
        samples: images with masks.
        crop_px: side of a square crop, or height H and width W; smaller images are padded by reflection.
        augment: random position, symmetry, zoom and exposure. A crop that is no square is not rotated by a quarter.
        seed: of the crops and the augmentation.
        classes: names of the K defect classes to separate; None: all of them are one, K = 1.
        max_zoom: greatest magnification of a crop, at least 1.
        redraw: random position also without ``augment``; with neither, one fixed crop per image.
    """

    def __init__(
        self,
        samples: tuple[Sample, ...],
        *,
        crop_px: int | tuple[int, int],
        augment: bool,
        seed: int,
        classes: tuple[str, ...] | None = None,
        max_zoom: float = _ZOOM,
        redraw: bool = False,
    ) -> None:
        self.samples = samples
        self.crop_px = (crop_px, crop_px) if isinstance(crop_px, int) else crop_px
        self.augment = augment
        self.redraw = redraw or augment
        self.seed = seed
        self.max_zoom = max_zoom
        self._draws = 0
        self._read = _cached_reader(samples, classes)

    def __len__(self) -> int:
        return len(self.samples)

    def count_visit(self, index: int) -> None:
        """Count one, here or on another device: in training each draws anew, validation crops are fixed."""
        self._draws += self.redraw

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, mask = self._read(index)
        self.count_visit(index)
        rng = np.random.default_rng((self.seed, index, self._draws))
        zoom = 1.0
        if self.augment and rng.random() < _FRACTION_ZOOMED:
            zoom = math.exp(rng.uniform(-math.log(_ZOOM), math.log(self.max_zoom)))
        image, mask = _crop(image, mask, self.crop_px, zoom, rng)
        if self.augment:
            symmetry = random_symmetry(rng)
            if self.crop_px[0] != self.crop_px[1]:
                symmetry = symmetry.without_quarters()
            image, mask = symmetry.apply(image), symmetry.apply(mask)
            image = np.ascontiguousarray(exposure_table(rng)[image])
        fraction = np.moveaxis(mask.astype(np.float32) / 255, -1, 0)
        return torch.from_numpy(image), torch.from_numpy(np.where(fraction[-1] > 0, np.float32(IGNORED), fraction[:-1]))


def _cached_reader(samples: tuple[Sample, ...], classes: tuple[str, ...] | None) -> Callable[[int], _Pair]:
    def read(index: int) -> _Pair:
        return _read(samples[index], classes)

    return cached(read, lambda pair: pair[0].nbytes + pair[1].nbytes)


def require_mask(sample: Sample) -> None:
    """Raises DataError where an image has no mask, not even an empty one."""
    if sample.masks is None:
        raise DataError(
            f'"{sample.path}" has no mask, and this method learns from masks; add one or leave the image out.'
        )


def _read(sample: Sample, classes: tuple[str, ...] | None) -> _Pair:
    """Image and masks, uint8 (H, W, 3) and (H, W, K + 1): 255 where defective, and in the last one where ignored."""
    require_mask(sample)
    image = sample.read_image()
    size_px = image.shape[:2]
    masks = sample.read_mask(*size_px)[None] if classes is None else sample.read_class_masks(classes, *size_px)
    ignored = sample.read_ignored(*size_px)
    last = np.zeros(size_px, np.bool_) if ignored is None else ignored
    stacked = np.concatenate([masks, last[None]])
    return image, np.ascontiguousarray(np.moveaxis(stacked, 0, -1)).astype(np.uint8) * np.uint8(255)


def _crop(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    crop_px: tuple[int, int],
    zoom: float,
    rng: np.random.Generator,
) -> _Pair:
    """Cut a window of ``crop_px / zoom`` and resize it to ``crop_px``."""
    height, width = (max(8, round(side / zoom)) for side in crop_px)
    pad_y, pad_x = max(0, height - image.shape[0]), max(0, width - image.shape[1])
    if pad_y or pad_x:
        border = (pad_y // 2, pad_y - pad_y // 2, pad_x // 2, pad_x - pad_x // 2)
        image = np.ascontiguousarray(cv2.copyMakeBorder(image, *border, cv2.BORDER_REFLECT))
        mask = np.pad(mask, ((border[0], border[1]), (border[2], border[3]), (0, 0)), "symmetric")
    y, x = _corner(mask, (height, width), rng)
    image, mask = image[y : y + height, x : x + width], mask[y : y + height, x : x + width]
    if (height, width) != crop_px:
        smooth = cv2.INTER_AREA if height > crop_px[0] else cv2.INTER_LINEAR
        size = (crop_px[1], crop_px[0])
        image = cv2.resize(image, size, interpolation=smooth).astype(np.uint8)
        # The mask becomes the fraction of each pixel that is defective: rounding would make thin cracks thinner.
        # Class by class, since OpenCV averages at most four channels.
        classes = np.ascontiguousarray(np.moveaxis(mask, 2, 0))
        small = [cv2.resize(one, size, interpolation=smooth) for one in classes]
        mask = np.stack(small, axis=2).astype(np.uint8)
    return image, mask


def _corner(mask: NDArray[np.uint8], window: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """Top left corner (y, x) of a window (height, width) inside the image, often one that shows a defect."""
    room = [side - needed for side, needed in zip(mask.shape[:2], window, strict=True)]
    if max(room) <= 0:
        return 0, 0
    corner = [int(rng.integers(0, space + 1)) for space in room]
    if rng.random() < _FRACTION_ON_DEFECT:
        defective = np.flatnonzero(mask[..., :-1].any(axis=2))
        if len(defective):
            centre = divmod(int(defective[rng.integers(len(defective))]), mask.shape[1])
            corner = [
                int(np.clip(at - side // 2, 0, space)) for at, side, space in zip(centre, window, room, strict=True)
            ]
    return corner[0], corner[1]
