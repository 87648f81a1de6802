"""The settings that all methods on patches share, whatever the network: image size, region, pose, scoring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Self

import cv2
import numpy as np
from pydantic import Field, model_validator

from blemish.detectors.schema import InputSpec, encode_reference
from blemish.images import read_image
from blemish.methods.contract import MethodSettings
from blemish.methods.data.image_stream import Pixels

MIN_SIDE_PX = 64
"""Least side of an image or tile."""


class PatchSettings(MethodSettings):
    """Settings of every method that compares patches; a subclass adds the network and tells its `unit_px`."""

    size_px: int | None = Field(
        256,
        ge=MIN_SIDE_PX,
        description="images are resized to about this many pixels squared; null keeps their own resolution, in tiles",
    )
    keep_aspect: bool = Field(
        True, description="keep the usual aspect ratio of the training images; false makes squares"
    )
    tile_px: int = Field(512, ge=64, multiple_of=32, description="side of the tiles where size_px is null")
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
    smoothing_px: float = Field(
        4.0, ge=0, description="standard deviation of the Gaussian blur of the anomaly map (paper: 4)"
    )

    @model_validator(mode="after")
    def _one_pose(self) -> Self:
        if self.size_px is None and (self.region is not None or self.align is not None):
            raise ValueError("region and align need images of one size: give size_px")
        if self.align is not None and self.rotations > 1:
            raise ValueError("align would undo what rotations does: choose one")
        return self

    @property
    def unit_px(self) -> int:
        """Sides of images and tiles are multiples of this."""
        raise NotImplementedError

    def input_spec(self, sizes_px: Sequence[tuple[int, int]]) -> InputSpec:
        """How images reach the graph, given the sizes (height, width) of the training images."""
        unit = self.unit_px
        if self.size_px is None:
            return InputSpec.tiled(self.tile_px, unit * math.ceil(32 / unit))
        shape = median(math.log(height / width) for height, width in sizes_px) if self.keep_aspect else 0.0
        sides = (self.size_px * math.exp(shape / 2), self.size_px * math.exp(-shape / 2))
        least = math.ceil(MIN_SIDE_PX / unit) * unit
        height_px, width_px = (max(least, round(side / unit) * unit) for side in sides)
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
