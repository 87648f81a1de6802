"""The base of every method on the feature maps of a network at several strides."""

from __future__ import annotations

from typing import ClassVar

import torch

from blemish.errors import DataError, SettingsError
from blemish.methods.contract import LoadWeights
from blemish.methods.networks.feature_pyramid import AUTO, AUTO_FIRST, SCATTERING
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.moments import Moments
from blemish.methods.parts.patch_features import PatchFeatures
from blemish.methods.parts.patch_method import PatchMethod, PatchStream
from blemish.methods.parts.patch_settings import MIN_SIDE_PX


class FeatureMethod(PatchMethod):
    """A method on feature maps. A subclass fits a `Head` to the patches of the training images.

    Attributes:
        by_position: patches are compared with those at the same position, so all images must have one size.
    """

    Settings: ClassVar[type[FeatureSettings]] = FeatureSettings
    by_position: ClassVar[bool] = False

    settings: FeatureSettings
    features: PatchFeatures

    def __init__(self, settings: FeatureSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        if self.by_position and settings.size_px is None:
            raise SettingsError(
                f'Method "{self.info.name}" compares patches at the same position in the image, so it needs one size: '
                "give --set size_px=256, or take patch-gaussian or patchcore."
            )
        features = PatchFeatures(settings, load_weights)
        super().__init__(features.settings, features.to(memory_format=torch.channels_last))
        self._fell_back = settings.backbone == AUTO and self.settings.backbone == SCATTERING

    def remarks(self) -> tuple[str, ...]:
        """The built-in features in place of missing pretrained ones."""
        if not self._fell_back:
            return ()
        return (
            f"The pretrained weights of {AUTO_FIRST} were not found, so the built-in features ({SCATTERING}) are used, "
            "which find fewer defects; give the weights (--weights FILE, or the folder BLEMISH_WEIGHTS) to do better.",
        )

    def describe(self) -> str:
        """The network and its layers."""
        return f"{self.settings.backbone} at strides {', '.join(map(str, self.settings.strides))}"

    def scales(self) -> bool:
        """Unless the features are used as they are."""
        return self.settings.scaling != "none" or self.settings.projection == "whiten"

    def score_patches(self) -> int:
        """As set, but no more than the smallest image has."""
        # Networks without padding give a row and a column less.
        fewest = max(1, MIN_SIDE_PX // self.settings.strides[0] - 1) ** 2
        return min(self.settings.score_patches, int(fewest))

    def pooled_moments(self, patches: PatchStream) -> Moments:
        """Mean and covariance over the patches of all positions, in one pass.

        Raises:
            DataError: fewer than two patches.
        """
        moments = Moments(self.features.dimensions)
        for features in patches():
            moments.add(self.flat(features))
        if moments.count < 2:
            raise DataError(f"{self.info.name} needs at least 2 patches of normal images in the region of interest.")
        return moments
