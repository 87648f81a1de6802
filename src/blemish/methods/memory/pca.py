"""PCA: the part of a patch that the principal components of normal patches do not explain.

Jackson, Mudholkar, "Control procedures for residuals associated with principal component analysis", Technometrics 1979;
on deep features as in Ahuja et al., "Probabilistic modeling of deep features for out-of-distribution and adversarial
detection", 2019. The score is the length of the residual.

What differs from Ahuja et al.: patches in place of whole images, so that it localises.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.parts.patch_scoring import Head
from blemish.methods.registry import register


class PcaSettings(FeatureSettings):
    """Hyper-parameters of `Pca`; the defaults are the ``quick`` profile."""

    variance: float = Field(0.95, gt=0, lt=1, description="fraction of the variance that the kept components explain")


class Residual(Head):
    """Length of a patch's residual after its projection onto the principal components.

    Args:
        mean: float32 (d,).
        components: float32 (d, m), orthonormal columns.
    """

    mean: Tensor
    components: Tensor

    def __init__(self, mean: Tensor, components: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        rows = features.permute(0, 2, 3, 1) - self.mean
        residual = rows - (rows @ self.components) @ self.components.T
        return (residual * residual).sum(dim=3).sqrt()


@register("pca", learns_from="normal", localises=True)
class Pca(FeatureMethod):
    """PCA: the residual of a patch after the principal components of normal patches; a baseline."""

    Settings: ClassVar[type[PcaSettings]] = PcaSettings
    settings: PcaSettings

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[Residual, str]:
        """One pass for the covariance, then its principal components."""
        moments = self.pooled_moments(patches)
        values, vectors = torch.linalg.eigh(moments.covariance()[0])
        explained = values.flip(0).clamp(min=0).cumsum(0)
        kept = 1 + int((explained < self.settings.variance * explained[-1]).sum())
        kept = min(kept, len(values) - 1) or 1
        head = Residual(moments.mean()[0].float(), vectors.flip(1)[:, :kept].contiguous().float())
        return head, f"{kept} of {len(values)} principal components, from {moments.count} patches"
