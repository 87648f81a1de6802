"""PCA: what the main directions of normal patches cannot say about a patch.

The groundwork of the field: Jackson, Mudholkar, "Control procedures for residuals associated with principal component
analysis", Technometrics 1979; on deep features as in Ahuja et al., "Probabilistic modeling of deep features for
out-of-distribution and adversarial detection", 2019. The score is the length of the residual.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from blemish.errors import DataError
from blemish.methods.contract import LoadWeights
from blemish.methods.parts.feature_method import FeatureMethod, PatchStream
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.moments import Moments
from blemish.methods.parts.patch_scoring import Head
from blemish.methods.registry import register


class PcaSettings(FeatureSettings):
    """Hyper-parameters of `Pca`; the defaults are the ``quick`` profile."""

    variance: float = Field(0.95, gt=0, lt=1, description="fraction of the variance that the kept directions carry")


class Residual(Head):
    """Length of what is left of a patch once its part in the kept directions is taken off.

    Args:
        mean: float32 (d,).
        directions: float32 (d, m), orthonormal columns.
    """

    mean: Tensor
    directions: Tensor

    def __init__(self, mean: Tensor, directions: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("directions", directions)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        rows = features.permute(0, 2, 3, 1) - self.mean
        left = rows - (rows @ self.directions) @ self.directions.T
        return (left * left).sum(dim=3).sqrt()


@register("pca", learns_from="normal", localises=True)
class Pca(FeatureMethod):
    """Learns the main directions of normal patches and scores what they leave over; groundwork to compare with."""

    Settings: ClassVar[type[PcaSettings]] = PcaSettings
    settings: PcaSettings

    def __init__(self, settings: PcaSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self._head: Residual | None = None

    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """One pass for the covariance, then its leading directions."""
        moments = Moments(self.features.dimensions)
        for features in patches():
            moments.add(self.flat(features))
        if moments.count < 2:
            raise DataError("pca needs at least 2 patches of normal images in the region of interest.")
        values, vectors = torch.linalg.eigh(moments.covariance()[0])
        carried = values.flip(0).clamp(min=0).cumsum(0)
        kept = 1 + int((carried < self.settings.variance * carried[-1]).sum())
        kept = min(kept, len(values) - 1) or 1
        self._head = Residual(moments.mean()[0].float(), vectors.flip(1)[:, :kept].contiguous().float())
        return f"{kept} of {len(values)} directions kept, from {moments.count} patches"

    def head(self) -> Residual:
        """What the directions leave over."""
        assert self._head is not None, "learn comes first"
        return self._head
