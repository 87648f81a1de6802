"""PatchCore: store a coreset of normal patches, and score each new patch by its distance to the nearest one.

Roth, Pemula, Zepeda, Schölkopf, Brox, Gehler, "Towards total recall in industrial anomaly detection", CVPR 2022.

What differs from the authors' code, and why:

- The coreset is exact greedy k-centre in full dimension; theirs searches in a random projection to 128.
- The memory bank has a maximum size, so that a large data set does not make a large detector.
- Channels can be brought to one scale, and by default the features are whitened.
- The nearest neighbour is found by exact matrix products inside the graph; theirs uses FAISS.
- By default the image score is the mean of the 20 most anomalous patches. The ``paper`` profile takes the plain
  features and the paper's eq. 7; ``score_patches: 1`` without ``reweighting`` is what the authors' code does.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field

from blemish.methods.contract import Candidate
from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.memory_bank import MemoryBank
from blemish.methods.parts.nearest_neighbour import NearestNeighbour
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.registry import register


class PatchCoreSettings(FeatureSettings):
    """Hyper-parameters of `PatchCore`; the defaults are the ``quick`` profile."""

    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "auto",
        description="of the features: whiten (directions in which normal patches hardly vary count as much as others), "
        "random, none; auto whitens where the weights are pretrained",
    )
    fraction: float = Field(
        0.1, gt=0, le=1, description="fraction of all patches that is kept in memory (paper: .01 to .25)"
    )
    max_patches: int = Field(10_000, ge=1, description="patches in memory at most, however many images there are")
    reweighting: int = Field(
        0, ge=0, description="neighbours by which the image score is re-weighted (paper: 9); 0: plain maximum"
    )


@register(
    "patchcore",
    learns_from="normal",
    localises=True,
    candidates=[Candidate(cost_rank=40, few_rank=2), Candidate(cost_rank=50, settings={"size_px": 384})],
)
class PatchCore(FeatureMethod):
    """PatchCore: distance to the nearest of a memory of normal patches; for any surface or part, from 50 images."""

    Settings: ClassVar[type[PatchCoreSettings]] = PatchCoreSettings
    settings: PatchCoreSettings

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[NearestNeighbour, str]:
        """One pass, then the coreset."""
        bank = MemoryBank(self.settings.max_patches, seed=seed)
        with torch.inference_mode():
            for features in patches():
                bank.add(self.flat(features))
            coreset, radius = bank.finish(self.settings.fraction)
        slack = f", plus {bank.slack:.3g} for those discarded on the way" if bank.slack else ""
        summary = (
            f"memory of {len(coreset)} of {bank.seen} patches in {coreset.shape[1]} dimensions; "
            f"no patch is farther than {radius:.3g} from it{slack}"
        )
        return NearestNeighbour(coreset.clone(), self.settings.reweighting), summary
