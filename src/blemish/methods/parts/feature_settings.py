"""The settings that all methods on the feature maps of a network share."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from blemish.methods.parts.patch_settings import PatchSettings


class FeatureSettings(PatchSettings):
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
    local_contrast_px: int | None = Field(
        None, ge=9, description="normalise brightness and contrast over windows of this side; null: not at all"
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        strides = self.strides
        if any(stride < 2 or stride & (stride - 1) for stride in strides) or list(strides) != sorted(set(strides)):
            raise ValueError("strides must be ascending powers of two, such as [8, 16]")
        if self.size_px is None and self.position_weight:
            raise ValueError("position_weight needs images of one size: give size_px")
        return self

    @property
    def unit_px(self) -> int:
        """The largest stride."""
        return max(self.strides)
