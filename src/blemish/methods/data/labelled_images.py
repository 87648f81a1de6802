"""Images with a label as training examples: one size, augmented, decoded once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.images import resize_image
from blemish.methods.data.augmentation import contrast_table, random_symmetry
from blemish.methods.data.cache import cached

# Images are cached a little larger than the crop, so that its position can vary.
_MARGIN = 1.14


class LabelledImages(Dataset[tuple[Tensor, Tensor]]):
    """Whole images: image uint8 (S, S, 3) and class, int64: 0 normal, 1 … K the defect classes in their order.

    Args:
        samples: images with a label.
        classes: names of the defect classes.
        size_px: side S; images are resized without keeping their aspect ratio, as the graph will see them.
        augment: random crop of at least three quarters, symmetries of the square, brightness and contrast.
        seed: of the augmentation.

    Raises:
        DataError: an image that is neither normal nor of one of the classes.
    """

    def __init__(
        self, samples: Sequence[Sample], *, classes: Sequence[str], size_px: int, augment: bool, seed: int
    ) -> None:
        self._samples = tuple(samples)
        self.targets = [_target(sample, classes) for sample in samples]
        self.size_px = size_px
        self.augment = augment
        self.seed = seed
        self._visits = [0] * len(self._samples)
        self._cached_px = round(size_px * _MARGIN) if augment else size_px
        self._read = cached(self._decode, lambda image: image.nbytes)

    def __len__(self) -> int:
        return len(self._samples)

    def count_visit(self, index: int) -> None:
        """Count one, here or on another device: each is augmented anew."""
        self._visits[index] += self.augment

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = self._read(index)
        self.count_visit(index)
        if self.augment:
            rng = np.random.default_rng((self.seed, index, self._visits[index]))
            image = _augmented(image, self.size_px, rng)
        return torch.from_numpy(image), torch.tensor(self.targets[index])

    def _decode(self, index: int) -> NDArray[np.uint8]:
        return resize_image(self._samples[index].read_image(), (self._cached_px, self._cached_px))


def _target(sample: Sample, classes: Sequence[str]) -> int:
    if sample.defective is False:
        return 0
    if len(classes) <= 1 and sample.defective:
        return 1
    if sample.label in classes:
        return list(classes).index(sample.label) + 1
    raise DataError(
        f'"{sample.path}" has the label "{sample.label}", which is none of the classes {", ".join(classes)}; '
        "sort the images into one folder per class."
    )


def _augmented(image: NDArray[np.uint8], side_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    cached_px = image.shape[0]
    # At least three quarters: a crop must not lose the defect that its label names.
    window = int(rng.integers(round(cached_px * 0.75), cached_px + 1))
    y, x = rng.integers(0, cached_px - window + 1, 2)
    image = resize_image(np.ascontiguousarray(image[y : y + window, x : x + window]), (side_px, side_px))
    image = random_symmetry(rng).apply(image)
    return np.ascontiguousarray(contrast_table(rng)[image])
