"""The built-in feature network: wavelet scattering, for machines without pretrained weights.

Bruna, Mallat, "Invariant scattering convolution networks", TPAMI 2013: oriented band-pass filters at several scales,
the modulus of their responses, the same filters on those once more, everything averaged locally. It has no trained
weights; it captures texture, edges and their arrangement, and the average colour.

What differs from the paper: Gabor filters of 7×7 px on an image pyramid in place of filters in the Fourier domain, and
the logarithm of each average, so that faint texture counts beside strong edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.pixels import Normalisation

SCATTERING_PIXELS = Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))

_DIRECTIONS = 6
_FILTER_PX = 7
# Wavelength of the filters at each level: 3.6 px, times two at the next.
_WAVELENGTH_PX = 3.6
_SIGMA_PX = 1.6
# Contrast at which the logarithm becomes linear, in units of the normalised image.
_KNEE = 0.02


class Scattering(nn.Module):
    """float (N, 3, H, W), normalised with `SCATTERING_PIXELS` -> one map for each stride.

    The first map holds averages of colour, of first-order and of second-order responses whose filters fit into its
    stride; each further one adds the responses of the coarser filters.

    Args:
        strides: ascending powers of two, at least 4.
    """

    filters: Tensor
    blur: Tensor
    colours: Tensor

    def __init__(self, strides: Sequence[int]) -> None:
        super().__init__()
        self.levels = tuple(round(math.log2(stride)) for stride in strides)
        self.register_buffer("filters", _gabor_filters())
        row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        self.register_buffer("blur", torch.outer(row, row)[None, None])
        # Lightness, red against green, yellow against blue.
        self.register_buffer("colours", torch.tensor([[1 / 3, 1 / 3, 1 / 3], [0.7, -0.7, 0.0], [0.4, 0.4, -0.8]]))

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each map."""
        counts = []
        done = 0
        for level in self.levels:
            first = range(done, level)
            pairs = sum(1 for inner in range(level) for outer in range(inner + 1, level) if outer >= done)
            counts.append(3 + _DIRECTIONS * len(first) + _DIRECTIONS**2 * pairs)
            done = level
        return tuple(counts)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The maps, largest first; H and W must be multiples of the last stride."""
        colours = F.conv2d(image, self.colours[:, :, None, None])
        grey = colours[:, :1]
        first: list[Tensor] = []
        for level in range(self.levels[-1]):
            first.append(self._modulus(grey))
            if level + 1 < self.levels[-1]:
                grey = self._downsampled(grey)
        maps = []
        done = 0
        for level in self.levels:
            parts = [self._averaged(first[inner], level - inner) for inner in range(done, level)]
            for inner in range(level):
                response = first[inner]
                for outer in range(inner + 1, level):
                    response = self._downsampled(response)
                    if outer >= done:
                        parts.append(self._averaged(self._modulus(response), level - outer))
            energies = torch.log(torch.cat(parts, dim=1) / _KNEE + 1)
            maps.append(torch.cat([self._averaged(colours, level), energies], dim=1))
            done = level
        return maps

    def _modulus(self, maps: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C · directions, h, w): each map through each pair of filters, even and odd."""
        channels = int(maps.shape[1])
        margin = _FILTER_PX // 2
        padded = F.pad(maps, (margin, margin, margin, margin), mode="replicate")
        responses = F.conv2d(padded, self.filters.repeat(channels, 1, 1, 1), groups=channels)
        even, odd = responses[:, ::2], responses[:, 1::2]
        return torch.sqrt(even * even + odd * odd + 1e-10)

    def _averaged(self, maps: Tensor, downsamplings: int) -> Tensor:
        for _ in range(downsamplings):
            maps = self._downsampled(maps)
        return maps

    def _downsampled(self, maps: Tensor) -> Tensor:
        """Half the size, after an anti-aliasing blur."""
        channels = int(maps.shape[1])
        padded = F.pad(maps, (2, 2, 2, 2), mode="replicate")
        return F.conv2d(padded, self.blur.repeat(channels, 1, 1, 1), stride=2, groups=channels)


def _gabor_filters() -> Tensor:
    """Pairs of even and odd filters by direction, float32 (2 · directions, 1, 7, 7), with zero mean."""
    reach = torch.arange(_FILTER_PX, dtype=torch.float64) - _FILTER_PX // 2
    y, x = torch.meshgrid(reach, reach, indexing="ij")
    envelope = torch.exp(-(x**2 + y**2) / (2 * _SIGMA_PX**2))
    pairs = []
    for number in range(_DIRECTIONS):
        angle = math.pi * number / _DIRECTIONS
        phase = 2 * math.pi / _WAVELENGTH_PX * (x * math.cos(angle) + y * math.sin(angle))
        even = envelope * torch.cos(phase)
        even = even - envelope * (even.sum() / envelope.sum())
        odd = envelope * torch.sin(phase)
        size = (even.square().sum() / 2 + odd.square().sum() / 2).sqrt()
        pairs += [even / size, odd / size]
    return torch.stack(pairs)[:, None].float()
