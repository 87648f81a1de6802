"""Whole images resized to one square as training examples, changed at random where that keeps them normal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.data.augmentation import another_angle, another_colour
from blemish.methods.data.cache import cached
from blemish.methods.data.image_stream import network_inputs

Augment = Literal["none", "mirror", "rotations", "angle-colour"]


class ResizedImages(Dataset[Tensor]):
    """Whole images, uint8 (S, S, 3), exactly as the graph will see them.

    Args:
        samples: images; their labels are not used.
        size_px: side S.
        augment: ``mirror`` swaps left and right with probability one half; ``rotations`` also rotates by quarters;
            ``angle-colour`` rotates by up to 15° and changes brightness, contrast and each colour by up to a tenth.
        seed: of the augmentation.
    """

    def __init__(self, samples: Sequence[Sample], *, size_px: int, augment: Augment, seed: int) -> None:
        self._samples = tuple(samples)
        self.augment = augment
        self.seed = seed
        self._spec = InputSpec(size_px=(size_px, size_px))
        self._visits = [0] * len(self._samples)
        self._read = cached(self._decode, lambda image: image.nbytes)

    def __len__(self) -> int:
        return len(self._samples)

    def count_visit(self, index: int) -> None:
        """Count one, here or on another device: each is augmented anew."""
        self._visits[index] += self.augment != "none"

    def __getitem__(self, index: int) -> Tensor:
        image = self._read(index)
        self.count_visit(index)
        if self.augment != "none":
            rng = np.random.default_rng((self.seed, index, self._visits[index]))
            if self.augment == "angle-colour":
                image = another_colour(another_angle(image, rng), rng)
            elif rng.integers(2):
                image = image[:, ::-1]
            if self.augment == "rotations":
                image = np.rot90(image, int(rng.integers(4)))
        return torch.from_numpy(np.ascontiguousarray(image))

    def _decode(self, index: int) -> NDArray[np.uint8]:
        return network_inputs(self._samples[index].read_image(), self._spec)[0]
