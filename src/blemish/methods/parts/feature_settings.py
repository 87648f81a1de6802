"""The settings that all methods on patch features share: network, image size, region, projection, scoring."""

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

MIN_SIDE_PX = 64
"""Least side of an image or tile."""


class FeatureSettings(MethodSettings):
    """Settings of every method on the features of a network."""

    backbone: str = Field(
        "auto",
        description='network of timm or torchvision by name, "scattering" for the built-in one without weights; "auto" '
        "takes mobilenet_v2 where its weights are available and scattering where not",
    )
    pretrained: bool = Field(True, description="false keeps the network's random initial weights: for comparisons")
    strides: tuple[int, ...] = Field(
        (8, 16),
        min_length=1,
        description="features are those of the last layers at these strides (image size by map size)",
    )
    size_px: int | None = Field(
        256,
        ge=MIN_SIDE_PX,
        description="images are resized to about this many pixels squared; null keeps their own resolution, in tiles",
    )
    keep_aspect: bool = Field(
        True, description="keep the usual aspect ratio of the training images; false makes squares"
    )
    tile_px: int = Field(512, ge=64, multiple_of=32, description="side of the tiles where size_px is null")
    local_contrast_px: int | None = Field(
        None, ge=9, description="normalise brightness and contrast over windows of this side; null: not at all"
    )
    rotations: int = Field(
        1, ge=1, le=36, description="train on each image rotated to this many angles: for round parts"
    )
    region: Path | None = Field(
        None, description="mask image, white where the image is inspected and black where anomalies are ignored"
    )
    align: Path | None = Field(
        None,
        description="reference image of a normal part, with which every image is aligned by translation and rotation: "
        "for parts in a jig",
    )
    scaling: Literal["none", "channel"] = Field(
        "channel", description="scale every feature channel to unit variance over the training images, or not"
    )
    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "none",
        description="random: distances are kept in fewer dimensions (Johnson, Lindenstrauss); whiten: directions in "
        "which normal patches hardly vary count as much as the others; auto: whiten with pretrained weights, else none",
    )
    dimensions: int = Field(128, ge=1, description="of the features after the projection")
    position_weight: float = Field(
        0.0, ge=0, description="weight of the position in the image beside the appearance: for parts in a fixed pose"
    )
    score_patches: int = Field(
        20, ge=1, description="the image score is the mean of this many most anomalous patches (paper: 1)"
    )
    smoothing_px: float = Field(
        4.0, ge=0, description="standard deviation of the Gaussian blur of the anomaly map (paper: 4)"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        strides = self.strides
        if any(stride < 2 or stride & (stride - 1) for stride in strides) or list(strides) != sorted(set(strides)):
            raise ValueError("strides must be ascending powers of two, such as [8, 16]")
        if self.size_px is None and (self.region is not None or self.align is not None or self.position_weight):
            raise ValueError("region, align and position_weight need images of one size: give size_px")
        if self.align is not None and self.rotations > 1:
            raise ValueError("align would undo what rotations does: choose one")
        return self

    def input_spec(self, sizes_px: Sequence[tuple[int, int]]) -> InputSpec:
        """How images reach the graph, given the sizes (height, width) of the training images."""
        unit = max(self.strides)
        if self.size_px is None:
            return InputSpec.tiled(self.tile_px, max(unit, 32))
        shape = median(math.log(height / width) for height, width in sizes_px) if self.keep_aspect else 0.0
        sides = (self.size_px * math.exp(shape / 2), self.size_px * math.exp(-shape / 2))
        height_px, width_px = (max(MIN_SIDE_PX, unit, round(side / unit) * unit) for side in sides)
        reference = None if self.align is None else encode_reference(read_image(self.align))
        return InputSpec(size_px=(height_px, width_px), multiple_of=unit, reference=reference)

    def variants(self, image: Pixels) -> list[Pixels]:
        """The image, rotated to each of the ``rotations`` angles."""
        return [_rotated(image, 360.0 * number / self.rotations) for number in range(self.rotations)]


def _rotated(image: Pixels, degrees: float) -> Pixels:
    height_px, width_px = image.shape[:2]
    if height_px == width_px and degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, round(degrees / 90)))
    around = cv2.getRotationMatrix2D(((width_px - 1) / 2, (height_px - 1) / 2), degrees, 1.0)
    rotated = cv2.warpAffine(image, around, (width_px, height_px), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(rotated, np.uint8)
