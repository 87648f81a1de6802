"""Normal images as training examples: one size, decoded once, mirrored or turned where that leaves them normal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.images import read_image
from blemish.methods.data.image_stream import pieces

Augment = Literal["none", "mirror", "turns"]

_CACHE_BYTES = 2 << 30


class NormalImages(Dataset[Tensor]):
    """Whole images, uint8 (S, S, 3), exactly as the graph will see them.

    Args:
        samples: images; what they show is not asked.
        size_px: side S.
        augment: ``mirror`` swaps left and right in every second image; ``turns`` also turns by quarters.
        seed: of the augmentation.
    """

    def __init__(self, samples: Sequence[Sample], *, size_px: int, augment: Augment, seed: int) -> None:
        self.paths = [Path(sample.path) for sample in samples]
        self.augment = augment
        self.seed = seed
        self._spec = InputSpec(size_px=(size_px, size_px))
        self._visits = [0] * len(self.paths)
        self._read = lru_cache(maxsize=max(1, _CACHE_BYTES // (size_px**2 * 3)))(self._decode)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        image = self._read(index)
        if self.augment != "none":
            self._visits[index] += 1
            rng = np.random.default_rng((self.seed, index, self._visits[index]))
            if rng.integers(2):
                image = image[:, ::-1]
            if self.augment == "turns":
                image = np.rot90(image, int(rng.integers(4)))
        return torch.from_numpy(np.ascontiguousarray(image))

    def _decode(self, index: int) -> NDArray[np.uint8]:
        return pieces(read_image(self.paths[index]), self._spec)[0]
