"""Crack inpainting: train a network to remove cracks; what it removed is the crack.

Kim, Sohn, Kim, "A method for concrete crack detection using U-Net based image inpainting technique",
J. Korea Soc. Computer & Information, 2020. Labelled cracks are
multiplied onto crack-free tiles; a U-Net (5×5 kernels, 16-32-64-128-64-32-16) is trained to restore the tile from the
composite, by mean squared error. For a real image I with output O the map is D = max(O - I, 0): cracks are darker than
concrete, so only brightening counts. A threshold (0.1 in the paper) and the removal of small components follow outside
the network.

What the paper leaves open, and our reading: two convolutions with batch normalisation a level; AdamW. Beyond it, cracks
are placed at any position, symmetry and rotation, at scales 0.7 to 1.4 and with 0.4 to 1 of their strength;
``augment=false`` composes as published, one tile times another. Colour images are converted to grey.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from blemish.methods.contract import LoadWeights
from blemish.methods.data.compositing import multiply
from blemish.methods.networks.pixels import Grey
from blemish.methods.networks.plain_unet import PlainUNet
from blemish.methods.parts.composite_method import CompositeMethod, CompositeSettings
from blemish.methods.registry import register


class CrackInpaintingSettings(CompositeSettings):
    """Hyper-parameters of `CrackInpainting`; the defaults are the ``quick`` profile."""

    epochs: int = Field(16, ge=1, description="passes over the training images, at most")
    learning_rate: float = Field(2e-3, gt=0, description="highest step size of the schedule")
    crop_px: int = Field(128, ge=32, multiple_of=8, description="side of the composites; the paper has 512")


@register("crack-inpainting", learns_from="masks", localises=True, finds_cracks=True)
class CrackInpainting(CompositeMethod):
    """Crack inpainting: a network trained to remove cracks; what it brightens is the crack."""

    Settings = CrackInpaintingSettings
    compose = staticmethod(multiply)
    crack_counts = (0, 1)
    min_background = 1 / 2

    def __init__(self, settings: CrackInpaintingSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes)
        self.from_bytes = Grey()
        self.net = PlainUNet(in_channels=1)
        self.multiple_of = self.net.multiple_of

    def restore(self, image: Tensor) -> Tensor:
        """The image without its cracks: uint8 (N, H, W, 3) -> float (N, 1, H, W), 0 black to 1 white."""
        restored: Tensor = self(image)
        return restored

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean squared error between the restored composite and the tile that it was made of."""
        cracked, normal, _ = batch
        return F.mse_loss(self.restore(cracked).float(), self.from_bytes(normal))

    def predict(self, x: Tensor) -> Tensor:
        """Brightening D (N, 1, H, W) in [0, 1]."""
        # A restored pixel cannot be brighter than white.
        return torch.relu(self.net(x).clamp(max=1) - x)
