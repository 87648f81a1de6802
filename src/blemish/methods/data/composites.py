"""Composites as training examples: every visit of an image places other cracks on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.errors import DataError
from blemish.methods.data.cache import cached
from blemish.methods.data.compositing import Compose
from blemish.methods.data.crack_images import CrackImage, LabelFacts, check_labels, read_crack_image


class Composites(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Cracked uint8 (S, S, 3), normal uint8 (S, S, 3) and label float32 (S, S) of one composite for each image.

    Args:
        samples: images with labels, cracked or not.
        compose: places cracks on an image.
        background_px: an image must have a crack-free square of this side to be a background.
        crack_counts: probability of placing no, one, two … cracks; the sum is 1.
        training: draw anew at every visit; without, each image's composite is fixed.
        seed: decides everything random.

    Raises:
        DataError: a label that cannot be right (see `check_labels`), or no image that can be a background.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        compose: Compose,
        background_px: int,
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
        facts = check_labels(samples)
        self._cracked = np.flatnonzero([each.cracked for each in facts])
        # Validation images are few, so a smaller square will do there: it only decides when to stop.
        smallest_px = background_px if training else 1
        self._backgrounds = np.flatnonzero([each.crack_free_px >= smallest_px for each in facts])
        if not len(self._backgrounds):
            raise DataError(_no_background(samples, facts, background_px))
        self._read = cached(self._decode, lambda image: image.nbytes, min_items=2)

    def __len__(self) -> int:
        return len(self._samples)

    def count_visit(self, index: int) -> None:
        """Count one, here or on another device: each is composed anew."""
        self._visits[index] += self._training

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        self.count_visit(index)
        rng = np.random.default_rng((self._seed, index, self._visits[index]))
        # In turn, so that every surface is seen equally often.
        background = int(self._backgrounds[(index + self._visits[index]) % len(self._backgrounds)])
        others = self._cracked[self._cracked != background]
        choices = others if len(others) else self._cracked
        count = int(rng.choice(len(self._crack_counts), p=self._crack_counts)) if len(choices) else 0
        cracks = [self._read(int(each)) for each in rng.choice(choices, count)] if count else []
        composite = self._compose(cracks, self._read(background), rng)
        return (
            torch.from_numpy(composite.cracked),
            torch.from_numpy(composite.normal),
            torch.from_numpy(composite.label),
        )

    def _decode(self, index: int) -> CrackImage:
        return read_crack_image(self._samples[index])


def _no_background(samples: Sequence[Sample], facts: Sequence[LabelFacts], background_px: int) -> str:
    largest_px = max(each.crack_free_px for each in facts)
    return (
        f'None of the {len(samples)} images in "{samples[0].path.parent}" has a crack-free square of '
        f"{background_px} px to place cracks on, the largest has {largest_px} px; add images of normal surface or set "
        "a smaller crop_px."
    )
