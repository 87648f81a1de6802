"""Images with masks as training examples: crops of one size, augmented, decoded once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.images import read_image
from blemish.methods.parts.ignored import IGNORED

_Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]

_CACHE_BYTES = 2 << 30
# Every other crop is of another scale.
_FRACTION_ZOOMED, _ZOOM = 0.5, math.exp(0.25)
# A crop centred on a defect more often than chance would: most of a large image is normal.
_FRACTION_ON_DEFECT = 0.6


class MaskedImages(Dataset[tuple[Tensor, Tensor]]):
    """Square crops: image uint8 (S, S, 3) and mask float32 (S, S), the fraction of each pixel that is defective.

    With ``classes`` the mask is float32 (K, S, S), one for each of them. It is `IGNORED` where a pixel is ignored.

    Args:
        samples: images with masks.
        crop_px: side S of the crop; smaller images are padded by reflection.
        augment: random place, flips, quarter turns, zoom, brightness and contrast; without, one crop an image that
            never changes.
        seed: of the crops and the augmentation.
        classes: names of the defect classes to tell apart; None takes all of them as one.
        max_zoom: how much larger than the image a crop may show things, at least 1.
    """

    def __init__(
        self,
        samples: tuple[Sample, ...],
        *,
        crop_px: int,
        augment: bool,
        seed: int,
        classes: tuple[str, ...] | None = None,
        max_zoom: float = _ZOOM,
    ) -> None:
        self.samples = samples
        self.crop_px = crop_px
        self.augment = augment
        self.seed = seed
        self.max_zoom = max_zoom
        self._draws = 0
        self._classes = classes
        self._read = _cached_reader(samples, classes)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, mask = self._read(index)
        # Each visit draws anew while augmenting; validation crops stay where they are.
        self._draws += self.augment
        rng = np.random.default_rng((self.seed, index, self._draws))
        zoom = 1.0
        if self.augment and rng.random() < _FRACTION_ZOOMED:
            zoom = math.exp(rng.uniform(-math.log(_ZOOM), math.log(self.max_zoom)))
        image, mask = _crop(image, mask, self.crop_px, zoom, rng)
        if self.augment:
            image, mask = _turn(image, mask, rng)
            image = np.ascontiguousarray(exposure_table(rng)[image])
        fraction = np.moveaxis(mask.astype(np.float32) / 255, -1, 0)
        target = np.where(fraction[-1] > 0, np.float32(IGNORED), fraction[:-1])
        return torch.from_numpy(image), torch.from_numpy(target[0] if self._classes is None else target)


def _cached_reader(samples: tuple[Sample, ...], classes: tuple[str, ...] | None) -> Callable[[int], _Pair]:
    """Decode each image once, as long as the data set fits into `_CACHE_BYTES`; the oldest makes room."""

    def read(index: int) -> _Pair:
        return _read(samples[index], classes)

    if not samples:
        return read
    image, mask = read(0)
    keep = max(1, _CACHE_BYTES // (image.nbytes + mask.nbytes))
    return lru_cache(maxsize=keep)(read)


def _read(sample: Sample, classes: tuple[str, ...] | None) -> _Pair:
    """Image and mask, uint8 (H, W, 3) and (H, W, K + 1): 255 where defective, and in the last one where ignored."""
    if sample.masks is None:
        raise DataError(
            f'"{sample.path}" has no mask, and this method learns from masks; add one or leave the image out.'
        )
    image = read_image(Path(sample.path))
    size_px = image.shape[:2]
    mask = sample.read_mask(*size_px) if classes is None else sample.read_class_masks(classes, *size_px)
    ignored = sample.read_ignored(*size_px)
    last = np.zeros(size_px, np.bool_) if ignored is None else ignored
    stacked = np.concatenate([mask.reshape(-1, *size_px), last[None]])
    return image, np.ascontiguousarray(np.moveaxis(stacked, 0, -1)).astype(np.uint8) * np.uint8(255)


def _crop(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], crop_px: int, zoom: float, rng: np.random.Generator
) -> _Pair:
    """Cut a window of ``crop_px / zoom`` and bring it to ``crop_px``."""
    window = max(8, round(crop_px / zoom))
    pad_y, pad_x = (max(0, window - side) for side in image.shape[:2])
    if pad_y or pad_x:
        border = (pad_y // 2, pad_y - pad_y // 2, pad_x // 2, pad_x - pad_x // 2)
        image = np.ascontiguousarray(cv2.copyMakeBorder(image, *border, cv2.BORDER_REFLECT))
        mask = np.pad(mask, ((border[0], border[1]), (border[2], border[3]), (0, 0)), "symmetric")
    y, x = _corner(mask, window, rng)
    image, mask = image[y : y + window, x : x + window], mask[y : y + window, x : x + window]
    if window != crop_px:
        smooth = cv2.INTER_AREA if window > crop_px else cv2.INTER_LINEAR
        image = cv2.resize(image, (crop_px, crop_px), interpolation=smooth).astype(np.uint8)
        # The mask becomes the fraction of each pixel that is defective: cut at one half, thin cracks would get thinner.
        # Class by class: OpenCV averages four channels at most.
        classes = np.ascontiguousarray(np.moveaxis(mask, 2, 0))
        small = [cv2.resize(one, (crop_px, crop_px), interpolation=smooth) for one in classes]
        mask = np.stack(small, axis=2).astype(np.uint8)
    return image, mask


def _corner(mask: NDArray[np.uint8], window: int, rng: np.random.Generator) -> tuple[int, int]:
    """Top left of a window inside the image, often one that shows a defect."""
    room = [side - window for side in mask.shape[:2]]
    if max(room) <= 0:
        return 0, 0
    corner = [int(rng.integers(0, space + 1)) for space in room]
    if rng.random() < _FRACTION_ON_DEFECT:
        anywhere = mask[..., :-1].any(axis=2)
        defective = np.flatnonzero(anywhere)
        if len(defective):
            centre = np.unravel_index(defective[rng.integers(len(defective))], anywhere.shape)
            corner = [int(np.clip(at - window // 2, 0, space)) for at, space in zip(centre, room, strict=True)]
    return corner[0], corner[1]


def _turn(image: NDArray[np.uint8], mask: NDArray[np.uint8], rng: np.random.Generator) -> _Pair:
    """One of the eight symmetries of the square."""
    quarter, flip = int(rng.integers(4)), bool(rng.integers(2))
    pair = (np.rot90(image, quarter), np.rot90(mask, quarter))
    if flip:
        pair = (pair[0][:, ::-1], pair[1][:, ::-1])
    return np.ascontiguousarray(pair[0]), np.ascontiguousarray(pair[1])


def exposure_table(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another exposure, grey value for grey value: contrast ±25 %, brightness ±25, gamma 0.8 to 1.25; uint8 (256,)."""
    levels = np.arange(256, dtype=np.float32) / 255.0
    levels = levels ** float(np.exp(rng.uniform(-0.22, 0.22)))
    levels = (levels - 0.5) * rng.uniform(0.75, 1.25) + 0.5 + rng.uniform(-0.1, 0.1)
    return np.asarray((np.clip(levels, 0, 1) * 255).round(), np.uint8)
