"""Crack inpainting: learn to remove cracks, and take for a crack what was removed.

Kim, Sohn, Kim, "Crack detection by inpainting", J. Korea Soc. Computer & Information, 2020. Labelled cracks are
multiplied onto crack-free tiles; a U-Net (5×5 kernels, 16-32-64-128-64-32-16) learns to give the tile back from the
composite, by mean squared error. On a real image I it gives O, and the map is D = max(O - I, 0): cracks are darker than
concrete, so only brightening counts. A threshold (0.1 in the paper) and the removal of specks
(`blemish.measurement.small_components`) follow outside the network.

What the paper leaves open, and our reading: two convolutions with batch normalisation a level; AdamW; cracks are laid
at any place, flip, rotation, at scales 0.7 to 1.4 and with 0.4 to 1 of their strength. Colour images are seen as grey.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.contract import GradientMethod, GradientSettings, LoadWeights
from blemish.methods.data.composites import Composites
from blemish.methods.data.compositing import multiply
from blemish.methods.networks.pixels import top_mean
from blemish.methods.networks.plain_unet import PlainUNet
from blemish.methods.parts.segmentation import SCORE_PIXELS
from blemish.methods.registry import register

# Rec. 601 luma, as in nearly every grey conversion.
_LUMA = (0.299, 0.587, 0.114)


class CompositeSettings(GradientSettings):
    """What both forms of crack inpainting have."""

    batch_size: int = Field(4, ge=1, description="composites in one step")
    patience: int = Field(8, ge=1, description="epochs without a better validation loss before stopping")
    tile_px: int = Field(
        1024, ge=64, multiple_of=32, description="side of the tiles that larger images are inspected in"
    )
    weakest: float = Field(0.4, gt=0, le=1, description="least strength of a laid crack; 1 is as photographed")
    largest_zoom: float = Field(1.4, ge=1, description="cracks are laid at scales from 1 over this to this")


class CrackInpaintingSettings(CompositeSettings):
    """Hyper-parameters of `CrackInpainting`; the defaults are the ``quick`` profile."""

    epochs: int = Field(16, ge=1, description="passes over the training images, at most")
    learning_rate: float = Field(2e-3, gt=0, description="highest step size of the schedule")
    crop_px: int = Field(128, ge=32, multiple_of=8, description="side of the composites; the paper has 512")


@register("crack-inpainting", learns_from="masks", localises=True)
class CrackInpainting(GradientMethod):
    """Crack inpainting as published: learns to remove cracks; what it brightens is the crack."""

    Settings = CrackInpaintingSettings

    def __init__(self, settings: CrackInpaintingSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        self.settings = settings
        self.net = PlainUNet(in_channels=1)
        self.grey = Grey()

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> Composites:
        """One crack multiplied onto a crack-free tile of another image.

        Raises:
            DataError: labels that cannot be right, or no image with a crack-free square of half the composite's side.
        """
        settings = self.settings
        compose = partial(
            multiply, side_px=settings.crop_px, weakest=settings.weakest, largest_zoom=settings.largest_zoom
        )
        return Composites(
            samples,
            compose=compose,
            ground_px=settings.crop_px // 2,
            crack_counts=(0, 1),
            training=training,
            seed=seed,
        )

    def restore(self, image: Tensor) -> Tensor:
        """The image without its cracks: uint8 (N, H, W, 3) -> float (N, 1, H, W), 0 black to 1 white."""
        restored: Tensor = self.net(self.grey(image))
        return restored

    def compute_loss(self, batch: Any) -> Tensor:
        """Mean squared error between the restored composite and the tile that it was made of."""
        cracked, normal, _ = batch
        return F.mse_loss(self.restore(cracked).float(), self.grey(normal))

    def input_spec(self) -> InputSpec:
        """Images at their own resolution, in overlapping tiles where they are large."""
        return InputSpec.tiled(self.settings.tile_px, self.net.multiple_of)

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,) and brightening D (N, H, W) in [0, 1]."""
        return _Scoring(self).eval()


class Grey(nn.Module):
    """uint8 (N, H, W, 3) RGB -> float (N, 1, H, W), luma from 0 to 1."""

    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("luma", torch.tensor(_LUMA) / 255)

    def forward(self, image: Tensor) -> Tensor:
        """Weigh the three channels."""
        return (image.to(torch.float32) * self.luma).sum(dim=3).unsqueeze(1)


class _Scoring(nn.Module):
    def __init__(self, method: CrackInpainting) -> None:
        super().__init__()
        self.grey, self.net = method.grey, method.net

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.grey(image)
        # A restored pixel cannot be lighter than white.
        brightening = torch.relu(self.net(seen).clamp(max=1) - seen)[:, 0]
        return top_mean(brightening, SCORE_PIXELS), brightening
