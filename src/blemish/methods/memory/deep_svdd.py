"""Deep SVDD: a small network that maps normal patches close to one point.

Ruff et al., "Deep one-class classification", ICML 2018, eq. 4: minimise the mean of |φ(x) - c|² with c the mean output
of the untrained network. No layer has a bias and no activation is bounded: otherwise the network could map every input
to c (propositions 2 and 3).

What differs from the paper: φ takes the patch features of a fixed network instead of the image's pixels, so that it
trains in seconds and localises; there is no pretraining as an autoencoder.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.parts.patch_scoring import Head
from blemish.methods.parts.reservoir import sample_vectors
from blemish.methods.registry import register

_SLOPE = 0.1


class DeepSvddSettings(FeatureSettings):
    """Hyper-parameters of `DeepSvdd`; the defaults are the ``quick`` profile."""

    patches: int = Field(20_000, ge=2, description="patches in the random sample that is trained on")
    hidden: int = Field(128, ge=1, description="width of the hidden layer")
    latent: int = Field(32, ge=1, description="dimensions of φ's output (paper: 32)")
    epochs: int = Field(30, ge=1, description="passes over the sampled patches")
    batch_size: int = Field(256, ge=1, description="patches in one step")
    learning_rate: float = Field(1e-3, gt=0, description="step size of Adam; divided by ten for the last third")
    weight_decay: float = Field(1e-6, ge=0, description="L2 penalty of the weights (paper: 1e-6)")


class CentreDistance(Head):
    """|φ(x) - c| of each patch.

    Args:
        net: φ, vectors (n, d) -> (n, m).
        centre: c, (m,).
    """

    centre: Tensor

    def __init__(self, net: nn.Module, centre: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("centre", centre)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        offset = self.net(features.permute(0, 2, 3, 1)) - self.centre
        distance: Tensor = (offset * offset).sum(dim=3).sqrt()
        return distance


@register("deep-svdd", learns_from="normal", localises=True)
class DeepSvdd(FeatureMethod):
    """Deep SVDD: distance of a patch from one centre, after a network trained to map normal ones there; a baseline."""

    Settings: ClassVar[type[DeepSvddSettings]] = DeepSvddSettings
    settings: DeepSvddSettings

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[CentreDistance, str]:
        """One pass for the sample, then epochs over it."""
        chosen = self.settings
        sample = sample_vectors((self.flat(features) for features in patches()), chosen.patches, seed=seed)
        random = torch.Generator().manual_seed(seed)
        net = nn.Sequential(
            nn.Linear(sample.shape[1], chosen.hidden, bias=False),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(chosen.hidden, chosen.latent, bias=False),
        )
        with torch.no_grad():
            centre = net(sample).mean(dim=0)
            # Zero weights would reach a coordinate of c that is zero; the authors' code keeps all 0.1 away from it.
            centre = torch.where(centre.abs() < 0.1, torch.where(centre < 0, -0.1, 0.1), centre)
        optimizer = torch.optim.Adam(net.parameters(), lr=chosen.learning_rate, weight_decay=chosen.weight_decay)
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [max(1, chosen.epochs * 2 // 3)], gamma=0.1)
        loss = torch.zeros(())
        for _ in range(chosen.epochs):
            for rows in torch.split(torch.randperm(len(sample), generator=random), chosen.batch_size):
                loss = (net(sample[rows]) - centre).square().sum(dim=1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
        head = CentreDistance(net.eval().requires_grad_(False), centre)
        reached = float(loss.detach())
        return head, f"{chosen.epochs} epochs over {len(sample)} patches, to a mean squared distance of {reached:.3g}"
