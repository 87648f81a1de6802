"""Composites as training examples: every visit of an image lays other cracks onto it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.images import image_size_px
from blemish.methods.data.compositing import Compose
from blemish.methods.data.crack_images import CrackImage, LabelFacts, look_at_labels, read_crack_image

_CACHE_BYTES = 2 << 30


class Composites(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Cracked uint8 (S, S, 3), normal uint8 (S, S, 3) and label float32 (S, S) of one composite for each image.

    Args:
        samples: images with labels, cracked or not.
        compose: lays cracks onto an image.
        ground_px: an image must have a crack-free square of this side to lie beneath.
        crack_counts: how probable it is that no, one, two … cracks are laid; the sum is 1.
        training: draw anew at every visit; without, each image's composite never changes.
        seed: decides everything random.

    Raises:
        DataError: a label that cannot be right (see `look_at_labels`), or no image that can lie beneath.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        compose: Compose,
        ground_px: int,
        crack_counts: Sequence[float],
        training: bool,
        seed: int,
    ) -> None:
        self._samples = tuple(samples)
        self._compose = compose
        self._crack_counts = tuple(crack_counts)
        self._training = training
        self._seed = seed
        self._visits = [0] * len(samples)
        facts = look_at_labels(samples)
        self._cracked = np.flatnonzero([each.cracked for each in facts])
        # A few images set aside may lack a large square; what only stops the training may make do with less.
        self._grounds = np.flatnonzero([each.free_px >= (ground_px if training else 1) for each in facts])
        if not len(self._grounds):
            raise DataError(_no_ground(samples, facts, ground_px))
        keep = max(2, _CACHE_BYTES // max(_bytes(each) for each in samples))
        self._read = lru_cache(maxsize=keep)(self._decode)

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        self._visits[index] += self._training
        rng = np.random.default_rng((self._seed, index, self._visits[index]))
        # In turn, so that every surface is seen equally often.
        ground = int(self._grounds[(index + self._visits[index]) % len(self._grounds)])
        others = self._cracked[self._cracked != ground]
        choices = others if len(others) else self._cracked
        count = int(rng.choice(len(self._crack_counts), p=self._crack_counts)) if len(choices) else 0
        cracks = [self._read(int(each)) for each in rng.choice(choices, count)] if count else []
        made = self._compose(cracks, self._read(ground), rng)
        return torch.from_numpy(made.cracked), torch.from_numpy(made.normal), torch.from_numpy(made.label)

    def _decode(self, index: int) -> CrackImage:
        return read_crack_image(self._samples[index])


def _bytes(sample: Sample) -> int:
    height_px, width_px = image_size_px(sample.path)
    return height_px * width_px * 4


def _no_ground(samples: Sequence[Sample], facts: Sequence[LabelFacts], ground_px: int) -> str:
    largest_px = max(each.free_px for each in facts)
    return (
        f'None of the {len(samples)} images in "{samples[0].path.parent}" has a crack-free square of {ground_px} px to '
        f"lay cracks on, the largest has {largest_px} px; add images of normal surface or set a smaller crop_px."
    )
