"""The base of every method that segments: crops with masks in, probabilities of each pixel out, in tiles."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.contract import MethodSettings
from blemish.methods.data.masked_images import MaskedImages
from blemish.methods.networks.pixels import top_mean
from blemish.methods.parts.labelled_method import LabelledMethod, LabelledSettings

Tta = Literal["none", "flips", "all"]
_SidePx = Annotated[int, Field(ge=64, multiple_of=32)]
CropPx = _SidePx | tuple[_SidePx, _SidePx]
"""Side of a square, or height and width."""

_VIEWS: dict[Tta, int] = {"none": 1, "flips": 4, "all": 8}
# The area of a hairline crack 64 px long.
_SCORE_PIXELS = 64


class SegmentationSettings(LabelledSettings):
    """What every segmentation method has."""

    batch_size: int = Field(4, ge=1, description="images in one step")
    crop_px: CropPx = Field(192, description="side of the training crops, or their height and width")
    crops_per_image: int = Field(
        1, ge=1, description="crops of each image in an epoch; those of a large image share one decoding"
    )
    tile_px: int = Field(
        1024, ge=64, multiple_of=32, description="side of the tiles that larger images are inspected in"
    )
    tta: Tta = Field(
        "none",
        description="test-time augmentation: average the maps of the image and its mirror images (flips, four times "
        "the time), or of all eight mirrored and rotated ones (all, eight times)",
    )


class EncoderSettings(MethodSettings):
    """What a U-Net with an encoder of segmentation-models-pytorch has."""

    pretrained: bool = Field(True, description="start the encoder from ImageNet weights")
    decoder_channels: tuple[int, ...] = Field(
        (64, 32, 16, 16),
        min_length=3,
        max_length=5,
        description="channels of the decoder, coarse to fine, one for each downsampling of the encoder",
    )


class SegmentationMethod(LabelledMethod):
    """A network that gives an anomaly map at full resolution. A subclass builds the network and computes its loss.

    Attributes:
        from_bytes: uint8 (N, H, W, 3) to network input.
        net: network input to network output. One with a method ``reparameterize`` is exported after it was called.
        multiple_of: what the sides of the network's input must be multiples of.
    """

    from_bytes: nn.Module
    net: nn.Module
    multiple_of: int = 32

    def __init__(self, settings: SegmentationSettings, classes: tuple[str, ...]) -> None:
        super().__init__(settings)
        self.crops_per_image = settings.crops_per_image
        # One map: with several classes it is of their union.
        self.classes = classes if len(classes) == 1 else ()

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> Dataset[Any]:
        """Crops of images and masks."""
        augment = training and self.settings.augment
        return MaskedImages(samples, crop_px=self.settings.crop_px, augment=augment, redraw=training, seed=seed)

    def forward(self, image: Tensor) -> Any:
        """uint8 (N, H, W, 3) -> the network's output."""
        return self.net(self.from_bytes(image))

    def predict(self, x: Tensor) -> Tensor:
        """Network input -> anomaly maps (N, K, H, W)."""
        maps: Tensor = self.net(x).sigmoid()
        return maps

    def image_score(self, maps: Tensor) -> Tensor:
        """Anomaly maps (N, K, H, W) -> score (N,): the mean of the 64 highest pixels."""
        any_class = maps.sum(dim=1) if maps.shape[1] == 1 or self.exclusive_classes else maps.amax(dim=1)
        return top_mean(any_class, _SCORE_PIXELS)

    def input_spec(self) -> InputSpec:
        """Images at their own resolution, in overlapping tiles where they are large."""
        return InputSpec.tiled(self.settings.tile_px, self.multiple_of)

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,) and maps (N, K, H, W), or (N, H, W) of one class."""
        # Imported here: it takes seconds, and a list of methods does not need it.
        from timm.utils import reparameterize_model

        graph: nn.Module = reparameterize_model(_Scoring(self))
        return graph.eval()


class _Scoring(nn.Module):
    def __init__(self, method: SegmentationMethod) -> None:
        super().__init__()
        self.method = method
        self.views = _VIEWS[method.settings.tta]

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.method.from_bytes(image)
        maps = self.method.predict(x)
        for view in range(1, self.views):
            maps = maps + _undo_view(self.method.predict(_view(x, view)), view)
        if self.views > 1:
            maps = maps / self.views
        return self.method.image_score(maps), maps[:, 0] if maps.shape[1] == 1 else maps


def _view(maps: Tensor, view: int) -> Tensor:
    """One of eight views, 0 to 7: mirrored top-bottom (1), left-right (2) and along the diagonal (4)."""
    maps = _mirrored(maps, view)
    return maps.transpose(-2, -1) if view & 4 else maps


def _undo_view(maps: Tensor, view: int) -> Tensor:
    return _mirrored(maps.transpose(-2, -1) if view & 4 else maps, view)


def _mirrored(maps: Tensor, view: int) -> Tensor:
    sides = [side for bit, side in ((1, -2), (2, -1)) if view & bit]
    return maps.flip(sides) if sides else maps
