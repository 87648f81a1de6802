"""VAE with an attention constraint: the attention of the encoder must cover the whole of a normal image.

García-de-la-Puente et al., "Unsupervised defect detection for infrastructure inspection", 2023, after Silva-Rodríguez
et al., "Constrained unsupervised anomaly segmentation of brain lesions", 2022. Five convolutional blocks, a code of 32;
attention is Grad-CAM on the code's mean z:

    a = σ(Σ_k α_k f_k),   α_k = mean over positions of ∂(Σ_j z_j) / ∂f_k,   f the encoder's last block.

z is a linear map of f, so the derivative is its weight matrix whatever the image: α has a closed form, needs no second
backward pass, and can be exported. The constraint 1 - mean(a) <= 0 enters the loss through the extended log-barrier
ψ_t, t = 20. Reconstruction is by squared error, the paper's for classification, or ``reconstruction="bce"``, its binary
cross-entropy for segmentation. The image score is the squared error; the map is the attention before σ, which keeps its
ranking. Beyond
the paper, ``map="attended-error"`` is the squared error times the attention before σ, rectified and relative to its
mean over the image: finer, and better on cracks.

What differs from published code, and what the paper leaves open:

- The code of Silva-Rodríguez et al. computes gradients and then ignores them: its map is the plain mean of the
  activations of an early layer. ``attention="first-block"`` is that; by default α is real, and of the last block.
- Eq. 2 prints the divergence with the opposite sign, whose minimum would be minus infinity: here it is positive.
- σ never reaches 1, so the constraint is never met: of ψ_t only the linear branch, slope t, is ever active.
- The paper thresholds the attention map and does not state in which direction a crack changes it. Forced high on normal
  images, it could drop; on cracks of DeepCrack's training images it rises. ``map="inattention"`` negates the map.
- Five downsamplings of 227 px leave 8 × 8 positions. ``downsamplings`` uses fewer where images are small.
- β and λ are not given. The paper's decision at mean + 1 · std of held-out errors is reported by the benchmark beside
  our guarantee.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from blemish.methods.networks.convolutional_autoencoder import first_block, other_blocks
from blemish.methods.parts.bottleneck import VariationalMethod, VariationalSettings, cross_entropy, squared_error
from blemish.methods.parts.generative_method import mean_per_image
from blemish.methods.registry import register

_MIN_ATTENTION = 1e-6


class VaeAttentionSettings(VariationalSettings):
    """Hyper-parameters of `VaeAttention`; the defaults are the ``quick`` profile."""

    # A step of Adam changes every weight by as much, and the code by the sum over its inputs: 32,768 with two
    # downsamplings. At the step size of the convolutions means and variances diverge, and the divergence term reaches
    # millions.
    code_rate: float = Field(
        0.05, gt=0, le=1, description="step size of the layers that give the code, as a fraction of the others'"
    )
    downsamplings: int = Field(2, ge=1, le=5, description="how many of the five blocks halve the image")
    # Large enough for the constraint: the mean attention on DeepCrack's normal training tiles is 0.997, at 10 it is
    # 0.51.
    barrier: float = Field(300.0, ge=0, description="λ, weight of the constraint; the paper gives no value")
    steepness: float = Field(20.0, gt=0, description="t of the extended log-barrier (paper: 20)")
    reconstruction: Literal["l2", "bce"] = Field(
        "l2", description="squared error (paper, classification) or binary cross-entropy (paper, segmentation)"
    )
    attention: Literal["last-block", "first-block"] = Field(
        "last-block",
        description="the last block weighted by the code's gradient (paper), or the mean of the first block's channels "
        "(code published with the constraint)",
    )
    map: Literal["attention", "inattention", "attended-error"] = Field(
        "attention",
        description="the anomaly map: attention (paper), its negative, or the error weighted by attention",
    )


@register("vae-attention", learns_from="normal", localises=True)
class VaeAttention(VariationalMethod):
    """VAE with an attention constraint: reconstruction error, and the encoder's attention as its map."""

    Settings: ClassVar[type[VaeAttentionSettings]] = VaeAttentionSettings

    def attention_logit(self, blocks: Tensor) -> Tensor:
        """The encoder's last block (N, K, h, w) -> Σ_k α_k f_k, (N, h, w)."""
        alpha = attention_weights(self.code_mean.weight, (blocks.shape[1], blocks.shape[2], blocks.shape[3]))
        return (blocks * alpha[None, :, None, None]).sum(dim=1)

    def reconstruction_error(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Squared error or cross-entropy."""
        return cross_entropy(x, x_hat) if self.settings.reconstruction == "bce" else squared_error(x, x_hat)

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, P, P) -> the last block, and the attention before σ, (N, h, w)."""
        first = first_block(self.encoder, x)
        blocks = other_blocks(self.encoder, first)
        if self.settings.attention == "first-block":
            return blocks, first.mean(dim=1)
        return blocks, self.attention_logit(blocks)

    def compute_loss(self, batch: Any) -> Tensor:
        """Reconstruction error + β · divergence + λ · barrier of the attention that is missing."""
        x = self.pixels(batch)
        blocks, logit = self._encode(x)
        error, kl = self.terms_of(x, blocks)
        missing = 1 - mean_per_image(torch.sigmoid(logit.float()))
        barrier = log_barrier(missing, self.settings.steepness).mean()
        beta: float = self.settings.beta
        weight: float = self.settings.barrier
        return error + beta * kl + weight * barrier

    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error of the image; the attention, upsampled, as map, or as weight of the error in the map."""
        blocks, logit = self._encode(x)
        error = (x - self.decoder(self.code_mean(blocks.flatten(1)))).square()
        size = (self.side_px, self.side_px)
        logit = F.interpolate(logit[:, None], size=size, mode="bilinear", align_corners=False)
        if self.settings.map == "attended-error":
            # The error of a single pixel is mostly camera noise.
            smooth = F.avg_pool2d(error.mean(dim=1, keepdim=True), 3, 1, 1, count_include_pad=False)
            attended = F.relu(logit)
            maps = attended / attended.mean(dim=(2, 3), keepdim=True).clamp(min=_MIN_ATTENTION) * smooth
        else:
            maps = -logit if self.settings.map == "inattention" else logit
        return mean_per_image(self.pixels.crop(error)), maps[:, 0]


def attention_weights(weight: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """α (K,): the mean over positions of the derivative of Σ_j z_j by each map of the block.

    Args:
        weight: of the linear map from the flattened block to z, (Z, K · h · w).
        shape: K, h, w.
    """
    return weight.sum(dim=0).reshape(shape).mean(dim=(1, 2))


def log_barrier(v: Tensor, t: float) -> Tensor:
    """ψ_t of each v (Kervadec et al., "Constrained deep networks", 2019, eq. 5): a soft constraint v <= 0.

    -log(-v) / t where v <= -1 / t², and the tangent there beyond: t · v - log(1 / t²) / t + 1 / t.
    """
    corner = -1 / t**2
    # The unused branch must stay finite, or its gradient would be NaN.
    inside = -torch.log(-torch.where(v <= corner, v, corner)) / t
    beyond = t * v - math.log(1 / t**2) / t + 1 / t
    return torch.where(v <= corner, inside, beyond)
