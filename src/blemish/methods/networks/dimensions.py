"""The same network blocks for images and for sensor series: 2-D or 1-D layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of one number of dimensions; arguments are torch's.

    Attributes:
        dims: 2 for images (N, C, H, W), 1 for windows of a series (N, C, L).
        conv: convolution.
        transposed: transposed convolution.
        norm: batch normalisation.
        pool: average pooling, as a function.
        convolve: convolution with given weights, as a function.
    """

    dims: int
    conv: Callable[..., nn.Conv1d | nn.Conv2d]
    transposed: Callable[..., nn.ConvTranspose1d | nn.ConvTranspose2d]
    norm: Callable[[int], nn.Module]
    pool: Callable[[Tensor, int], Tensor]
    convolve: Callable[[Tensor, Tensor], Tensor]

    def with_unit_size(self, vectors: Tensor) -> Tensor:
        """(N, Z) -> (N, Z, 1, 1) or (N, Z, 1)."""
        return vectors.reshape(*vectors.shape, *[1] * self.dims)


def _layers(dims: int, conv: Any, transposed: Any, norm: Any, pool: Any, convolve: Any) -> Layers:
    return Layers(dims, conv, transposed, norm, pool, convolve)


_BY_DIMS = {
    1: _layers(1, nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, F.avg_pool1d, F.conv1d),
    2: _layers(2, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, F.avg_pool2d, F.conv2d),
}


def layers_of(dims: int) -> Layers:
    """The layers for 1 or 2 dimensions."""
    return _BY_DIMS[dims]
