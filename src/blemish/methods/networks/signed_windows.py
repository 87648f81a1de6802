"""Windows of sensor series as generative networks want them: each column on one scale, about between -1 and 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.signed_pixels import padded_side

# Three standard deviations are ±1, so that nearly all of a normal series lies where tanh can reach.
_DEVIATIONS = 3.0
# A fault of any size stays finite: farther out than this all values are alike.
_MAX = 10.0
# A column that never moves in training: the least step, as a fraction of its size, that counts as a deviation.
_MIN_FRACTION = 1e-6


class SignedWindows(nn.Module):
    """float64 (N, L, C) in the sensors' own units -> float32 (N, C, P), mean 0 and three deviations at ±1.

    Args:
        series: normal series to take mean and deviation of each column from, each (T, C).
        window_steps: L. Where it is no power of two, the end is padded by reflection to P, the next one.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, series: Sequence[NDArray[np.float64]], window_steps: int) -> None:
        super().__init__()
        values = np.concatenate(series)
        centre = values.mean(axis=0)
        least = _MIN_FRACTION * np.maximum(np.abs(centre), 1.0)
        self.window_steps = window_steps
        self.channels = values.shape[1]
        self.pad_steps = padded_side(window_steps) - window_steps
        # In float64 until the mean is off: a large offset would drown small changes in float32.
        self.register_buffer("centre", torch.from_numpy(centre)[None, None])
        self.register_buffer("scale", torch.from_numpy(_DEVIATIONS * np.maximum(values.std(axis=0), least))[None, None])

    def forward(self, windows: Tensor) -> Tensor:
        """Scale a batch."""
        x = ((windows - self.centre) / self.scale).clamp(-_MAX, _MAX).to(torch.float32).transpose(1, 2)
        return F.pad(x, (0, self.pad_steps), mode="reflect") if self.pad_steps else x

    def crop(self, values: Tensor) -> Tensor:
        """(..., P) -> (..., L), without the padding."""
        return values[..., : self.window_steps]
