"""PatchCore: remember normal patches, and score each new one by its distance to the nearest.

Roth, Pemula, Zepeda, Schölkopf, Brox, Gehler, "Towards total recall in industrial anomaly detection", CVPR 2022.

What differs from the authors' code: farthest points are taken exactly and in full dimension (theirs are sought in a
random projection to 128), the memory never outgrows its limits, channels may be brought to one spread, and the search
is exact matrix products inside the graph (theirs: FAISS). By default features are whitened and an image scores by the
mean of its 20 most unusual patches; the ``paper`` profile takes the plain features and the paper's eq. 7, and
``score_patches: 1`` without ``reweighting`` is what the authors' code does.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from blemish.methods.contract import Candidate, LoadWeights
from blemish.methods.parts.feature_method import FeatureMethod, PatchStream
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.memory_bank import Bank
from blemish.methods.parts.nearest_neighbour import NearestNeighbour
from blemish.methods.registry import register


class PatchCoreSettings(FeatureSettings):
    """Hyper-parameters of `PatchCore`; the defaults are the ``quick`` profile."""

    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "auto",
        description="of the features: whiten (directions in which normal patches hardly vary count as much as others), "
        "random, none; auto whitens where the weights are pretrained",
    )
    fraction: float = Field(0.1, gt=0, le=1, description="part of all patches that is remembered (paper: .01 to .25)")
    max_patches: int = Field(10_000, ge=1, description="patches that are remembered at most, however many images")
    reweighting: int = Field(
        0, ge=0, description="neighbours that the paper re-weights the image score by (paper: 9); 0: plain maximum"
    )


@register(
    "patchcore",
    learns_from="normal",
    localises=True,
    candidates=[Candidate(cost_rank=40), Candidate(cost_rank=50, settings={"size_px": 384})],
)
class PatchCore(FeatureMethod):
    """Remembers what normal patches look like; finds whatever is unlike all of them, from 50 normal images."""

    Settings: ClassVar[type[PatchCoreSettings]] = PatchCoreSettings
    settings: PatchCoreSettings

    def __init__(self, settings: PatchCoreSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self.bank: Tensor = torch.zeros(0, self.features.dimensions)

    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """One pass, then the coreset."""
        bank = Bank(self.settings.max_patches, seed=seed)
        with torch.inference_mode():
            for features in patches():
                bank.add(self.flat(features))
            memory, radius = bank.finish(self.settings.fraction)
        self.bank = memory.clone()
        slack = f", {bank.slack:.3g} more for those given up on the way" if bank.slack else ""
        return (
            f"{len(memory)} of {bank.seen} patches of {memory.shape[1]} numbers remembered; "
            f"none lies farther than {radius:.3g} from them{slack}"
        )

    def head(self) -> NearestNeighbour:
        """Nearest neighbours in the memory."""
        return NearestNeighbour(self.bank, self.settings.reweighting)
