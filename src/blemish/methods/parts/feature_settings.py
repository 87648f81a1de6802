"""What all feature methods are told in the same words: the network, the size, and what of an image is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Literal, Self

import cv2
import numpy as np
from pydantic import Field, model_validator

from blemish.detectors.schema import InputSpec, encode_reference
from blemish.images import read_image
from blemish.methods.contract import MethodSettings
from blemish.methods.data.image_stream import Pixels

_MIN_SIDE_PX = 64


class FeatureSettings(MethodSettings):
    """Settings of every method on the features of a network."""

    backbone: str = Field(
        "auto",
        description='network of timm or torchvision by name, "scattering" for the built-in one without weights; "auto" '
        "takes mobilenet_v2 where its weights can be had and scattering where not",
    )
    pretrained: bool = Field(True, description="false leaves the network's first random numbers: for comparisons")
    strides: tuple[int, ...] = Field(
        (8, 16), min_length=1, description="the last layers that are this many times smaller than the image are used"
    )
    size_px: int | None = Field(
        256,
        ge=_MIN_SIDE_PX,
        description="images are resized to about this many pixels squared; null looks at them at their own resolution, "
        "in tiles",
    )
    keep_aspect: bool = Field(
        True, description="keep the usual proportions of the training images; false makes squares"
    )
    tile_px: int = Field(512, ge=64, multiple_of=32, description="side of the tiles where size_px is null")
    local_contrast_px: int | None = Field(
        None, ge=9, description="even out light and contrast over windows of this side; null leaves images as they are"
    )
    turns: int = Field(1, ge=1, le=36, description="learn each image turned to this many angles: for round parts")
    region: Path | None = Field(
        None, description="picture that is white where images are looked at and black where anything goes"
    )
    align: Path | None = Field(
        None,
        description="image of a good part that every image is laid over, by shift and rotation, before it is looked "
        "at: for parts in a jig",
    )
    scaling: Literal["none", "channel"] = Field(
        "channel", description="give every channel of the features the same spread over the training images, or not"
    )
    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "none",
        description="random: distances survive in fewer dimensions (Johnson, Lindenstrauss); whiten: directions in "
        "which normal patches hardly vary count as much as the others; auto: whiten with pretrained weights, else none",
    )
    dimensions: int = Field(128, ge=1, description="of the features after the projection")
    place_weight: float = Field(
        0.0, ge=0, description="how much the place in the image counts beside the look: for parts that always lie alike"
    )
    score_patches: int = Field(
        20, ge=1, description="an image scores by the mean of this many most unusual patches (paper: 1)"
    )
    smoothing_px: float = Field(4.0, ge=0, description="standard deviation of the blur of the anomaly map (paper: 4)")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        strides = self.strides
        if any(stride < 2 or stride & (stride - 1) for stride in strides) or list(strides) != sorted(set(strides)):
            raise ValueError("strides must be ascending powers of two, such as [8, 16]")
        if self.size_px is None and (self.region is not None or self.align is not None or self.place_weight):
            raise ValueError("region, align and place_weight need images of one size: give size_px")
        if self.align is not None and self.turns > 1:
            raise ValueError("align would turn back what turns has turned: choose one")
        return self

    def input_spec(self, sizes_px: Sequence[tuple[int, int]]) -> InputSpec:
        """How images reach the graph, given the sizes (height, width) of those learned from."""
        unit = max(self.strides)
        if self.size_px is None:
            return InputSpec.tiled(self.tile_px, max(unit, 32))
        shape = median(math.log(height / width) for height, width in sizes_px) if self.keep_aspect else 0.0
        sides = (self.size_px * math.exp(shape / 2), self.size_px * math.exp(-shape / 2))
        height_px, width_px = (max(_MIN_SIDE_PX, unit, round(side / unit) * unit) for side in sides)
        reference = None if self.align is None else encode_reference(read_image(self.align))
        return InputSpec(size_px=(height_px, width_px), multiple_of=unit, reference=reference)

    def variants(self, image: Pixels) -> list[Pixels]:
        """The image, and turned copies of it where asked for."""
        return [_turned(image, 360.0 * number / self.turns) for number in range(self.turns)]


def _turned(image: Pixels, degrees: float) -> Pixels:
    height_px, width_px = image.shape[:2]
    if height_px == width_px and degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, round(degrees / 90)))
    around = cv2.getRotationMatrix2D(((width_px - 1) / 2, (height_px - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(image, around, (width_px, height_px), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(turned, np.uint8)
