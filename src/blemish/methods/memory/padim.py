"""PaDiM: a Gaussian of the patch features at each position of the image.

Defard, Setkov, Loesch, Audigier, "PaDiM: a patch distribution modeling framework for anomaly detection and
localization", ICPR 2020. For parts in a fixed pose. Memory and time do not grow with the training images.

What differs from the paper:

- Dimensions are reduced by a random projection; theirs picks channels at random.
- The covariance is shrunk as far as the number of images demands; theirs adds .01 to the diagonal.
- Mean and covariance are streamed, and the Cholesky factors are computed once.
- The score is the distance itself, by default the mean over the 20 most anomalous patches.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field

from blemish.errors import DataError
from blemish.methods.contract import Candidate
from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.mahalanobis import Mahalanobis
from blemish.methods.parts.moments import Moments, shrunk
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.registry import register


class PadimSettings(FeatureSettings):
    """Hyper-parameters of `Padim`; the defaults are the ``quick`` profile."""

    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "random", description="how dimensions are reduced; none keeps them all, and the file grows with their square"
    )
    dimensions: int = Field(100, ge=1, description="of the features after the projection (paper: 100 of 448)")


@register("padim", learns_from="normal", localises=True, candidates=[Candidate(cost_rank=30, few_rank=3)])
class Padim(FeatureMethod):
    """PaDiM: a Gaussian of patch features at each position; for parts in a fixed pose, at constant cost."""

    Settings: ClassVar[type[PadimSettings]] = PadimSettings
    by_position: ClassVar[bool] = True

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[Mahalanobis, str]:
        """One pass: mean and covariance of every position."""
        moments: Moments | None = None
        for features in patches():
            by_position = features.flatten(2).transpose(1, 2)
            moments = moments or Moments(by_position.shape[2], by_position.shape[1])
            moments.add(by_position)
        if moments is None or moments.count < 2:
            raise DataError("padim compares the same position across images: it needs at least 2 normal images.")
        covariance = torch.stack([shrunk(each, moments.count) for each in moments.covariance()])
        mean = moments.mean()
        summary = f"{mean.shape[0]} Gaussians of {mean.shape[1]} dimensions from {moments.count} images"
        return Mahalanobis(mean, covariance), summary
