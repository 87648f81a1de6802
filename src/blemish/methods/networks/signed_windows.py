"""Windows of sensor series as input of generative networks: each column standardised to about [-1, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.pixels import padded_side

# Three standard deviations are ±1, so that nearly all of a normal series is in the range of tanh.
_DEVIATIONS = 3.0
# Values are clipped here, so that a fault of any size stays finite.
_MAX = 10.0
# Least standard deviation of a column, as a fraction of its mean: for columns that are constant in training.
_MIN_FRACTION = 1e-6


class SignedWindows(nn.Module):
    """float64 (N, L, C) in the sensors' own units -> float32 (N, C, P), mean 0 and three standard deviations at ±1.

    Args:
        series: normal series that give mean and standard deviation of each column, each (T, C).
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
