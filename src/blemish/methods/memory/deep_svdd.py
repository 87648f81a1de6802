"""Deep SVDD: a small network that draws normal patches together around one point.

Ruff et al., "Deep one-class classification", ICML 2018, eq. 4: minimise the mean of |φ(x) - c|² with c the mean of
what the untrained network says. No layer has a bias and no activation is bounded: the network could otherwise send
everything to c whatever it sees (propositions 2 and 3).

What differs from the paper: φ works on the patch features of a fixed network in place of the image's pixels, so it
trains in seconds and says where; there is no autoencoder to start from.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from blemish.methods.contract import LoadWeights
from blemish.methods.parts.feature_method import FeatureMethod, PatchStream
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.patch_scoring import Head
from blemish.methods.parts.reservoir import draw
from blemish.methods.registry import register

_SLOPE = 0.1


class DeepSvddSettings(FeatureSettings):
    """Hyper-parameters of `DeepSvdd`; the defaults are the ``quick`` profile."""

    patches: int = Field(20_000, ge=2, description="patches drawn to learn from")
    hidden: int = Field(128, ge=1, description="width of the hidden layer")
    code: int = Field(32, ge=1, description="dimensions in which patches are drawn together")
    epochs: int = Field(30, ge=1, description="passes over the drawn patches")
    batch_size: int = Field(256, ge=1, description="patches in one step")
    learning_rate: float = Field(1e-3, gt=0, description="step size of Adam; a tenth of it in the last third")
    weight_decay: float = Field(1e-6, ge=0, description="pull of the weights to zero (paper: 1e-6)")


class ToCentre(Head):
    """|φ(x) - c| of each patch.

    Args:
        net: φ, vectors (n, d) to codes (n, m).
        centre: c, (m,).
    """

    centre: Tensor

    def __init__(self, net: nn.Module, centre: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("centre", centre)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        away = self.net(features.permute(0, 2, 3, 1)) - self.centre
        distance: Tensor = (away * away).sum(dim=3).sqrt()
        return distance


@register("deep-svdd", learns_from="normal", localises=True)
class DeepSvdd(FeatureMethod):
    """Trains a small network to draw normal patches together; groundwork to compare with."""

    Settings: ClassVar[type[DeepSvddSettings]] = DeepSvddSettings
    settings: DeepSvddSettings

    def __init__(self, settings: DeepSvddSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self._head: ToCentre | None = None

    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """One pass for the draw, then epochs over it."""
        chosen = self.settings
        drawn = draw((self.flat(features) for features in patches()), chosen.patches, seed=seed)
        random = torch.Generator().manual_seed(seed)
        net = nn.Sequential(
            nn.Linear(drawn.shape[1], chosen.hidden, bias=False),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(chosen.hidden, chosen.code, bias=False),
        )
        with torch.no_grad():
            centre = net(drawn).mean(dim=0)
            # A coordinate of c near zero could be met by zero weights (the authors' code keeps 0.1 away).
            centre = torch.where(centre.abs() < 0.1, torch.where(centre < 0, -0.1, 0.1), centre)
        optimizer = torch.optim.Adam(net.parameters(), lr=chosen.learning_rate, weight_decay=chosen.weight_decay)
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [max(1, chosen.epochs * 2 // 3)], gamma=0.1)
        loss = torch.zeros(())
        for _ in range(chosen.epochs):
            for rows in torch.split(torch.randperm(len(drawn), generator=random), chosen.batch_size):
                loss = (net(drawn[rows]) - centre).square().sum(dim=1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
        self._head = ToCentre(net.eval().requires_grad_(False), centre)
        reached = float(loss.detach())
        return f"{chosen.epochs} epochs over {len(drawn)} patches, to a mean squared distance of {reached:.3g}"

    def head(self) -> ToCentre:
        """Distance to the centre."""
        assert self._head is not None, "learn comes first"
        return self._head
