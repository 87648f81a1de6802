"""What all feature methods share: images to patches in a stream, and the graph around what was learned."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from blemish.detectors.schema import InputSpec
from blemish.errors import DataError, SettingsError
from blemish.methods.contract import FittedMethod, LoadWeights
from blemish.methods.data.image_stream import NormalBatches
from blemish.methods.networks.feature_pyramid import AUTO, AUTO_FIRST, SCATTERING
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.patch_features import PatchFeatures, read_region
from blemish.methods.parts.patch_scoring import Head, Scoring

# Spread and directions are known well enough after this many images; the mean alone, which changes no distance, sooner.
_IMAGES_FOR_SCALE = 48
_IMAGES_FOR_MEAN = 8
# An image or tile of the least size has this many patches, squared: no score may ask for more.
_MIN_SIDE_PX = 64

PatchStream = Callable[[], Iterator[Tensor]]
"""Starts a pass over all training images: patch features, float (N, d, h, w) at a time."""


class FeatureMethod(FittedMethod):
    """A method on patch features. A subclass says what it learns of them, and gives its `Head`."""

    Settings: ClassVar[type[FeatureSettings]] = FeatureSettings
    by_place: ClassVar[bool] = False
    """Whether patches are compared by their place: then all images must have one size."""

    settings: FeatureSettings

    def __init__(self, settings: FeatureSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        if self.by_place and settings.size_px is None:
            raise SettingsError(
                f'Method "{self.info.name}" compares patches by their place in the image, so it needs a size: '
                "give --set size_px=256, or take patch-gaussian or patchcore."
            )
        features = PatchFeatures(settings, load_weights)
        self.settings = features.settings
        self._fell_back = settings.backbone == AUTO and self.settings.backbone == SCATTERING
        self.features = features.to(memory_format=torch.channels_last)
        self._spec = settings.input_spec([(1, 1)])
        self._region: Tensor | None = None

    def remarks(self) -> tuple[str, ...]:
        """The built-in features in place of pretrained ones that are not here."""
        if not self._fell_back:
            return ()
        return (
            f"The pretrained weights of {AUTO_FIRST} were not found, so the built-in features ({SCATTERING}) are used, "
            "which find fewer defects; give the weights (--weights FILE, or the folder BLEMISH_WEIGHTS) to do better.",
        )

    def fit(self, images: NormalBatches, *, seed: int) -> str:
        """Fix the features by some of the images, then learn from the patches of all of them."""
        if not len(images):
            raise DataError("There is no normal image to learn from.")
        self._spec = self.settings.input_spec(images.sizes_px())
        if self.settings.region is not None and self._spec.size_px is not None:
            with torch.inference_mode():
                grid = self.features(torch.zeros(1, *self._spec.size_px, 3, dtype=torch.uint8)).shape[-2:]
            self._region = read_region(self.settings.region, (int(grid[0]), int(grid[1])))
        mean_alone = self.settings.scaling == "none" and self.settings.projection != "whiten"
        step = -(-len(images) // (_IMAGES_FOR_MEAN if mean_alone else _IMAGES_FOR_SCALE))
        self.features.learn(self._pixels(NormalBatches(images.paths[::step])), seed=seed)
        learned = self.learn(lambda: self._patches(images), seed=seed)
        return f"{self.settings.backbone} at strides {', '.join(map(str, self.settings.strides))}; {learned}"

    @abstractmethod
    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """Learn from the patches of all training images, in as many passes as it takes; what was learned, in words."""

    @abstractmethod
    def head(self) -> Head:
        """What was learned, as a module."""

    def input_spec(self) -> InputSpec:
        """One size with the usual proportions of the training images, or tiles at their own resolution."""
        return self._spec

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,), map (N, H, W)."""
        scoring = Scoring(
            self.features,
            self.head(),
            score_patches=self.score_patches(),
            smoothing_px=self.settings.smoothing_px,
            region=self._region,
        )
        return scoring.eval()

    def score_patches(self) -> int:
        """How many patches an image scores by: as many as asked for, where the least image has them."""
        # Networks without padding give a row and a column less.
        least = max(1, _MIN_SIDE_PX // self.settings.strides[0] - 1) ** 2
        return min(self.settings.score_patches, int(least))

    def flat(self, features: Tensor) -> Tensor:
        """The vectors (n, d) of a batch of patch features that lie in the region of interest."""
        vectors = features.permute(0, 2, 3, 1)
        if self._region is not None:
            return vectors[:, self._region > 0].flatten(0, 1)
        return vectors.flatten(0, 2)

    def _pixels(self, images: NormalBatches) -> Iterator[Tensor]:
        for batch in images.batches(self._spec, self.settings.variants):
            yield torch.from_numpy(batch)

    def _patches(self, images: NormalBatches) -> Iterator[Tensor]:
        for batch in self._pixels(images):
            with torch.inference_mode():
                yield self.features(batch)
