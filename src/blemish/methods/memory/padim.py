"""PaDiM: what is usual at each place of the image, as a Gaussian of its patch features.

Defard, Setkov, Loesch, Audigier, "PaDiM: a patch distribution modeling framework for anomaly detection and
localization", ICPR 2020. For parts that always lie alike. Memory and time do not grow with the training images.

What differs from the paper: dimensions are lowered by a random projection (theirs: a random choice of channels), the
covariance is shrunk as far as the number of images demands (theirs: .01 on the diagonal), mean and covariance are
streamed, the Cholesky factors are computed once, and the score is the distance itself.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field

from blemish.errors import DataError
from blemish.methods.contract import Candidate, LoadWeights
from blemish.methods.parts.feature_method import FeatureMethod, PatchStream
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.mahalanobis import Mahalanobis
from blemish.methods.parts.moments import Moments, shrunk
from blemish.methods.registry import register


class PadimSettings(FeatureSettings):
    """Hyper-parameters of `Padim`; the defaults are the ``quick`` profile."""

    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "random", description="how dimensions are lowered; none keeps them all, and the file grows with their square"
    )
    dimensions: int = Field(100, ge=1, description="of the features after the projection (paper: 100 of 448)")


@register("padim", learns_from="normal", localises=True, candidates=[Candidate(cost_rank=30)])
class Padim(FeatureMethod):
    """Learns what is usual at each place of the image; for parts that always lie alike, at constant cost."""

    Settings: ClassVar[type[PadimSettings]] = PadimSettings
    by_place: ClassVar[bool] = True

    def __init__(self, settings: PadimSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self._head: Mahalanobis | None = None

    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """One pass: mean and covariance of every place."""
        moments: Moments | None = None
        for features in patches():
            by_place = features.flatten(2).transpose(1, 2)
            moments = moments or Moments(by_place.shape[2], by_place.shape[1])
            moments.add(by_place)
        if moments is None or moments.count < 2:
            raise DataError("padim compares the same place across images: it needs at least 2 normal images.")
        covariance = torch.stack([shrunk(each, moments.count) for each in moments.covariance()])
        self._head = Mahalanobis(moments.mean(), covariance)
        places, dimensions = moments.mean().shape
        return f"{places} Gaussians of {dimensions} dimensions from {moments.count} images"

    def head(self) -> Mahalanobis:
        """Distance to the mean of the place."""
        assert self._head is not None, "learn comes first"
        return self._head
