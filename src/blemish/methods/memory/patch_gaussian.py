"""Patch Gaussian: one Gaussian for the patches of all positions.

Rippel, Mertens, Merhof, "Modeling the distribution of normal data in pre-trained deep features for anomaly detection",
ICPR 2020. For homogeneous surfaces in any pose. The smallest detector of all.

What differs from the paper: patches in place of whole images, so that it localises; the covariance is shrunk after
Chen et al. 2010 (theirs: Ledoit and Wolf).
"""

from __future__ import annotations

from blemish.methods.contract import Candidate
from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.mahalanobis import Mahalanobis
from blemish.methods.parts.moments import shrunk
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.registry import register


@register("patch-gaussian", learns_from="normal", localises=True, candidates=[Candidate(cost_rank=10)])
class PatchGaussian(FeatureMethod):
    """Patch Gaussian: one mean and covariance for all normal patches; small and fast, for homogeneous surfaces."""

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[Mahalanobis, str]:
        """One pass: mean and covariance of all patches."""
        moments = self.pooled_moments(patches)
        head = Mahalanobis(moments.mean(), shrunk(moments.covariance(), moments.count))
        return head, f"one Gaussian of {self.features.dimensions} dimensions from {moments.count} patches"
