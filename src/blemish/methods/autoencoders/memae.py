"""MemAE: an autoencoder whose code is a mixture of memory items.

Gong et al., "Memorizing normality to detect anomaly: memory-augmented deep autoencoder", ICCV 2019. Between encoder and
decoder the vector at each position is replaced by a mixture of a few memory items, so that an anomaly cannot be
reconstructed. The image network is the paper's for CIFAR: 64-128-128-256 channels, 500 memory items.

What differs from the authors' code, and why:

- Similarity is the cosine, as the paper states; theirs is the dot product (``similarity="product"``). A softmax over
  cosines, all between -1 and 1, cannot single out an item: the mixture stays spread over half of the memory, and any
  image can be mixed. Hence ``temperature``; at 1 the paper's formula.
- The shrinkage threshold is in units of 1 / memory size, since the effect of a fixed one depends on the size. The paper
  recommends 1 to 3; the code's 0.0025 is 5 with 2000 items.
- The score is the mean squared error of the image, the map that of each pixel.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.methods.networks.dimensions import layers_of
from blemish.methods.parts.generative_method import GenerativeMethod, GenerativeSettings, mean_per_image
from blemish.methods.registry import register

_SLOPE = 0.2
_TINY = 1e-12


class MemaeSettings(GenerativeSettings):
    """Hyper-parameters of `Memae`; the defaults are the ``quick`` profile."""

    epochs: int = Field(40, ge=1, description="passes over the training images, at most")
    patience: int = Field(10, ge=1, description="epochs without a better validation loss before stopping")
    width: int = Field(64, ge=4, description="channels of the first convolution; 1, 2, 2, 4 times as many follow")
    memory_size: int = Field(500, ge=2, description="N, memory items (paper: 100 for digits, 500 for CIFAR)")
    shrinkage: float = Field(
        1.0, ge=0, description="λ · N: mixture weights below this many times 1 / N are set to zero"
    )
    similarity: Literal["cosine", "product"] = Field("cosine", description="the paper's, or that of the authors' code")
    temperature: float = Field(
        0.03,
        gt=0,
        le=1,
        description="what cosines are divided by before the softmax (paper: 1, nearly a mean of all)",
    )
    entropy_weight: float = Field(2e-4, ge=0, description="weight of the mixture weights' entropy in the loss")


class Memory(nn.Module):
    """Replaces the vector (K,) at each position of (N, K, h, w) by a mixture of memory items."""

    def __init__(self, channels: int, settings: MemaeSettings, dims: int = 2) -> None:
        super().__init__()
        self.of = layers_of(dims)
        size = settings.memory_size
        limit = 1 / math.sqrt(channels)
        self.vectors = nn.Parameter(torch.empty(size, channels).uniform_(-limit, limit))
        self.threshold = settings.shrinkage / size
        self.temperature = settings.temperature if settings.similarity == "cosine" else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The mixtures, and their weights (N, memory size, h, w)."""
        memory: Tensor = self.vectors
        query = x
        if self.temperature is not None:
            memory, query = F.normalize(memory, dim=1), F.normalize(query, dim=1) / self.temperature
        weights = torch.softmax(self.of.convolve(query, self.of.with_unit_size(memory)).float(), dim=1)
        if self.threshold:
            weights = shrink(weights, self.threshold)
        return self.of.convolve(weights, self.of.with_unit_size(self.vectors.t())), weights


@register("memae", learns_from="normal", localises=True)
class Memae(GenerativeMethod):
    """MemAE: reconstruction error of an autoencoder whose code is a mixture of memory items of normal images."""

    Settings: ClassVar[type[MemaeSettings]] = MemaeSettings
    on_series: ClassVar[bool] = True

    def build(self, settings: MemaeSettings) -> None:
        """Encoder, memory and decoder."""
        of = layers_of(self.dims)
        widths = [self.channels, *(settings.width * times for times in (1, 2, 2, 4))]
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for wide, wider in pairwise(widths):
            down += [of.conv(wide, wider, 3, 2, 1), of.norm(wider), nn.LeakyReLU(_SLOPE)]
            back: list[nn.Module] = [of.transposed(wider, wide, 4, 2, 1)]
            if wide != self.channels:
                back += [of.norm(wide), nn.LeakyReLU(_SLOPE)]
            up = back + up
        self.encoder = nn.Sequential(*down)
        self.memory = Memory(widths[-1], settings, self.dims)
        self.decoder = nn.Sequential(*up)
        self._addressed: tuple[float, ...] = ()

    def configure_optimizers(self) -> Any:
        """Adam with one step size."""
        return torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, P, P) -> its reconstruction and the mixture weights (N, memory size, h, w)."""
        mixture, weights = self.memory(self.encoder(x))
        return self.decoder(mixture), weights

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean squared error + entropy_weight · entropy."""
        x = self.pixels(batch)
        x_hat, weights = self(x)
        loss: Tensor = (x - x_hat).float().square().mean() + self.settings.entropy_weight * entropy(weights)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> Tensor:
        """``val_loss``, and how few memory items a position mixes."""
        if batch_idx == 0:
            with torch.no_grad():
                self._addressed = addressed(self(self.pixels(batch))[1])
        return super().validation_step(batch, batch_idx)

    def remarks(self) -> tuple[str, ...]:
        """Also how many memory items a position mixes: half of them remember nothing in particular."""
        if not self._addressed:
            return super().remarks()
        items, largest = self._addressed
        said = f"At the end a position mixed {items:.1f} of {self.settings.memory_size} memory items"
        return *super().remarks(), f"{said}; the largest weight was {largest:.2f} on average."

    def reconstruct(self, x: Tensor) -> Tensor:
        """By memory items alone."""
        x_hat: Tensor = self(x)[0]
        return x_hat

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error of the image and of each pixel."""
        error = self.pixels.crop((x - self(x)[0]).square()).mean(dim=1)
        return mean_per_image(error), error


def shrink(weights: Tensor, threshold: float) -> Tensor:
    """Eqs. 6 and 7: weights (N, M, ...) below ``threshold`` become 0, the rest sum to 1 over M again.

    Where none reaches the threshold all weights are 0.
    """
    above = weights - threshold
    hard = F.relu(above) * weights / (above.abs() + _TINY)
    return hard / hard.sum(dim=1, keepdim=True).clamp_min(_TINY)


def entropy(weights: Tensor) -> Tensor:
    """Eq. 10: of the weights (N, M, ...) over M, mean over the rest."""
    return -(weights * (weights + _TINY).log()).sum(dim=1).mean()


def addressed(weights: Tensor) -> tuple[float, float]:
    """Of weights (N, M, ...), means over all but M: how many are not 0, and the largest."""
    return float((weights > 0).float().sum(dim=1).mean()), float(weights.amax(dim=1).mean())
