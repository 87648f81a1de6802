"""Patch Gaussian: one Gaussian for the patches of all places.

Rippel, Mertens, Merhof, "Modeling the distribution of normal data in pre-trained deep features for anomaly detection",
ICPR 2020, on patches in place of whole images: for even surfaces that lie anyhow. The smallest detector of all.

What differs from the paper: patches, with the largest distance as the image's score; the covariance is shrunk after
Chen et al. 2010 (theirs: Ledoit and Wolf).
"""

from __future__ import annotations

from typing import ClassVar

from blemish.errors import DataError
from blemish.methods.contract import Candidate, LoadWeights
from blemish.methods.parts.feature_method import FeatureMethod, PatchStream
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.mahalanobis import Mahalanobis
from blemish.methods.parts.moments import Moments, shrunk
from blemish.methods.registry import register


class PatchGaussianSettings(FeatureSettings):
    """Hyper-parameters of `PatchGaussian`; the defaults are the ``quick`` profile."""


@register("patch-gaussian", learns_from="normal", localises=True, candidates=[Candidate(cost_rank=10)])
class PatchGaussian(FeatureMethod):
    """Learns the mean and the spread of all normal patches together; small and fast, for even surfaces."""

    Settings: ClassVar[type[PatchGaussianSettings]] = PatchGaussianSettings

    def __init__(self, settings: PatchGaussianSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self._head: Mahalanobis | None = None

    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """One pass: mean and covariance of all patches."""
        moments = Moments(self.features.dimensions)
        for features in patches():
            moments.add(self.flat(features))
        if moments.count < 2:
            raise DataError("patch-gaussian needs at least 2 patches of normal images in the region of interest.")
        self._head = Mahalanobis(moments.mean(), shrunk(moments.covariance(), moments.count))
        return f"one Gaussian of {self.features.dimensions} dimensions from {moments.count} patches"

    def head(self) -> Mahalanobis:
        """Distance to the mean of all."""
        assert self._head is not None, "learn comes first"
        return self._head
